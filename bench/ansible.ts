import { join } from 'node:path';
import type { Lab } from './lab.ts';
import { runOrThrow } from './process.ts';
import { pythonEnvironment } from './python.ts';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');

/** Runs a playbook to its end, and fails where Ansible does. */
export type PlaybookRun = (playbook: string) => Promise<void>;

/**
 * Ansible from PyPI, in a virtual environment in the state folder that is made once for each requirements.txt.
 *
 * @throws Error that says what is missing: python3, its venv module, or PyPI
 */
export async function ansible(lab: Lab): Promise<PlaybookRun> {
  const folder = await pythonEnvironment('ansible', REQUIREMENTS);
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
