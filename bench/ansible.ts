import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stateFolder } from '../engine/root.mjs';
import type { Lab } from './lab.ts';
import { run, runOrThrow } from './process.ts';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');

/** Runs a playbook to its end, and fails where Ansible does. */
export type PlaybookRun = (playbook: string) => Promise<void>;

/**
 * Ansible from PyPI, in a virtual environment in the state folder that is made once for each requirements.txt.
 *
 * @throws Error that says what is missing: python3, its venv module, or PyPI
 */
export async function ansible(lab: Lab): Promise<PlaybookRun> {
  const folder = await environmentFolder();
  const python = join(folder, 'bin', 'python3');
  const program = join(folder, 'bin', 'ansible-playbook');
  const extra = JSON.stringify({ ansible_python_interpreter: python });
  const env = { ...process.env, ...settings(lab) };
  return async (playbook) => {
    await runOrThrow(program, ['--inventory', 'localhost,', '--extra-vars', extra, playbook], { env });
  };
}

/** Its files go to the lab; else it is as it comes. */
function settings({ folder }: Lab): NodeJS.ProcessEnv {
  const home = join(folder, 'ansible');
  return {
    LC_ALL: 'C.UTF-8',
    ANSIBLE_HOME: home,
    ANSIBLE_LOCAL_TEMP: join(home, 'local'),
    ANSIBLE_REMOTE_TEMP: join(home, 'remote'),
    ANSIBLE_NOCOLOR: 'True',
  };
}

async function environmentFolder(): Promise<string> {
  const digest = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex')
    .slice(0, 12);
  const folder = join(stateFolder(), 'bench', `ansible-${digest}`);
  if (existsSync(join(folder, 'complete'))) return folder;
  await rm(folder, { recursive: true, force: true });
  await step('python3 with venv is missing', 'python3', ['-m', 'venv', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', REQUIREMENTS];
  await step('PyPI did not give ansible-core', join(folder, 'bin', 'python3'), pip);
  await step('a folder that can be written is missing', 'touch', [join(folder, 'complete')]);
  return folder;
}

async function step(what: string, file: string, args: readonly string[]): Promise<void> {
  const ended = await run(file, args).catch((cause: unknown) => ({ exitCode: 127, all: String(cause) }));
  if (ended.exitCode === 0) return;
  const last = ended.all.trim().split('\n').at(-1) ?? '';
  throw new Error(`${what}: ${last}`);
}
