import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** Becomes the program: same streams, its signals and its exit status. `onFailure` may add a word before we end. */
export function runAs(file, args, env, onFailure = () => {}) {
  const child = spawn(file, args, { env, stdio: 'inherit' });
  for (const signal of SIGNALS) process.on(signal, () => forward(child, signal));
  child.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(127);
  });
  child.on('close', (code, signal) => {
    const status = code ?? 128 + (constants.signals[signal] ?? 0);
    if (status !== 0) onFailure();
    process.exitCode = status;
  });
}

// A terminal sends Ctrl-C to us and to the child alike; a second one would make pulumi give up at once.
function forward(child, signal) {
  const isFromTerminal = process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT');
  if (!isFromTerminal) child.kill(signal);
}
