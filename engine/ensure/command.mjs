import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program that answers quickly; `undefined` when it is not there, fails, or takes too long. */
export async function answerOf(file, args, { timeoutMs = 10_000, ...options } = {}) {
  try {
    const { stdout } = await execute(file, args, { timeout: timeoutMs, ...options });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/** Runs a program to its end, quietly; hands each line of output on. Rejects with the last lines when it fails. */
export function runQuietly(file, args, options, onLine = () => {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const last = [];
    const keep = (chunk) => {
      for (const line of String(chunk).split('\n').filter(Boolean)) {
        onLine(line);
        last.push(line);
        if (last.length > 20) last.shift();
      }
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${file} ended with ${signal ?? code}:\n${last.join('\n')}`)),
    );
  });
}
