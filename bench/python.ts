import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stateFolder } from '../engine/root.mjs';
import { run } from './process.ts';

/**
 * A virtual environment of Python in the state folder, made once for each list of requirements.
 *
 * @param requirements file for pip, with pinned versions
 * @returns its folder
 * @throws Error that says what is missing: python3, its venv module, or PyPI
 */
export async function pythonEnvironment(name: string, requirements: string): Promise<string> {
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  const folder = join(stateFolder(), 'bench', `${name}-${digest}`);
  if (existsSync(join(folder, 'complete'))) return folder;
  await rm(folder, { recursive: true, force: true });
  await step('python3 with venv is missing', 'python3', ['-m', 'venv', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements];
  await step(`PyPI did not give what ${name} needs`, join(folder, 'bin', 'python3'), pip);
  await step('a folder that can be written is missing', 'touch', [join(folder, 'complete')]);
  return folder;
}

async function step(what: string, file: string, args: readonly string[]): Promise<void> {
  const ended = await run(file, args).catch((cause: unknown) => ({ exitCode: 127, all: String(cause) }));
  if (ended.exitCode === 0) return;
  const last = ended.all.trim().split('\n').at(-1) ?? '';
  throw new Error(`${what}: ${last}`);
}
