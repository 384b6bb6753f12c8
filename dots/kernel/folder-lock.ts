import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { C1Error } from '../../domain/codes.ts';

const BUSY = 75;
/** A holder that was killed lets go within this, as soon as its child sees the pipe close. */
const WAIT_SECONDS = '1';

/**
 * Takes an exclusive lock that ends with this process, however it ends: flock(1) holds it, and a child that reads our pipe
 * keeps it until the pipe closes.
 *
 * @throws C1Error HOLD_EXECUTE_BUSY when another process holds it; ERROR_STATE_FOLDER when it cannot be had at all
 */
export async function lockUntilExit(file: string): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  const words = [
    '--exclusive',
    '--timeout',
    WAIT_SECONDS,
    '--conflict-exit-code',
    String(BUSY),
    file,
    'sh',
    '-c',
    'echo; exec cat',
  ];
  const holder = spawn('flock', words, { stdio: ['pipe', 'pipe', 'ignore'] });
  await new Promise<void>((resolve, reject) => {
    holder.once('error', (cause) => reject(noLock(`flock: ${cause.message}`, cause)));
    holder.once('exit', (code) => reject(code === BUSY ? busy() : noLock(`flock ending with ${code}`)));
    holder.stdout.once('data', () => resolve());
  });
  // Nothing here waits for the holder, and the holder waits for nothing but our end.
  holder.removeAllListeners('exit');
  holder.unref();
  for (const pipe of [holder.stdin, holder.stdout]) if ('unref' in pipe) (pipe as unknown as { unref(): void }).unref();
}

function busy(): C1Error {
  return new C1Error('HOLD_EXECUTE_BUSY', {
    seen: 'another dot-apr-execute at work in the DOT folder',
    expected: 'one at a time',
  });
}

function noLock(seen: string, cause?: unknown): C1Error {
  return new C1Error('ERROR_STATE_FOLDER', { seen, expected: 'an exclusive lock by flock (util-linux)' }, { cause });
}
