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

const FIRST = 12;
const LAST = 12;

/** Runs a program to its end, quietly; hands each line of output on. Rejects with its first and last lines. */
export function runQuietly(file, args, options, onLine = () => {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines = [];
    const keep = (chunk) => {
      for (const line of String(chunk).split('\n').filter(Boolean)) {
        onLine(line);
        lines.push(line);
        if (lines.length > FIRST + LAST) lines.splice(FIRST, 1);
      }
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${file} ended with ${signal ?? code}:\n${lines.join('\n')}`)),
    );
  });
}
