import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineFailure } from './failure.mjs';

const EXIT_USAGE = 64;
const NEEDS_STACK = new Set(
  'preview pre up update destroy down dn refresh config cancel import watch logs state'.split(' '),
);
const LOCKING = new Set('up update destroy down dn refresh import'.split(' '));
const STACK_NEEDS_STACK = new Set('output export history graph tag rename'.split(' '));
const FLAGS_WITH_VALUE = new Set([
  '-s',
  '--stack',
  '-C',
  '--cwd',
  '--color',
  '--profiling',
  '--tracing',
  '-v',
  '--verbose',
]);

/** What the arguments say about the project and the stack, as far as it shows before the engine runs. */
export function stackRequest(argv, env, cwd = process.cwd()) {
  const folder = resolve(cwd, flagValue(argv, '-C', '--cwd') ?? '.');
  const projectFile = upwards(folder);
  return {
    ...commandOf(argv),
    stack: flagValue(argv, '-s', '--stack') ?? env.PULUMI_STACK,
    project: projectFile && readFileSync(projectFile, 'utf8').match(/^name:\s*["']?([^\s"'#]+)/m)?.[1],
    projectFile,
  };
}

/** A stack of another project is refused before anything runs: the engine would take it for this program's. */
export function refuseOtherProject({ stack, project }) {
  const [, other, name] = stack?.match(/^[^/]+\/([^/]+)\/([^/]+)$/) ?? [];
  if (other === undefined || project === undefined || other === project) return;
  throw new EngineFailure('ERROR_STACK_OTHER_PROJECT', {
    seen: `--stack ${stack}, a stack of the project ${other},`,
    expected: `a stack of ${project}`,
    next: `npx pulumi --stack ${name}, or run it in the folder of ${other}`,
    exitCode: EXIT_USAGE,
  });
}

/** Where a command that needs a stack has none: the failure to name, else undefined. Only a file back end shows it. */
export function unknownStack({ command, needsStack, stack, project, projectFile }, env) {
  if (!needsStack || project === undefined || !env.PULUMI_BACKEND_URL?.startsWith('file:')) return undefined;
  const known = knownStacks(env.PULUMI_BACKEND_URL, project);
  const named = (stack ?? selected(env, project, projectFile))?.split('/').at(-1);
  if (named !== undefined && known.includes(named)) return undefined;
  return new EngineFailure('ERROR_STACK_UNKNOWN', {
    seen: named === undefined ? 'no stack' : `the stack ${named}`,
    expected: known.length > 0 ? `one of ${known.join(', ')}` : 'a stack',
    next: known.length > 0 ? `npx pulumi ${command} --stack ${known[0]}` : 'npx pulumi stack init dryrun',
  });
}

/** A lock of an engine that is gone: the failure to name before the CLI says the same in its own words, else undefined. */
export function staleLock({ command, stack, project, projectFile }, env) {
  if (!LOCKING.has(command) || project === undefined || !env.PULUMI_BACKEND_URL?.startsWith('file:')) return undefined;
  const name = (stack ?? selected(env, project, projectFile))?.split('/').at(-1);
  if (name === undefined) return undefined;
  const folder = join(fileURLToPath(env.PULUMI_BACKEND_URL), '.pulumi', 'locks', 'organization', project, name);
  const owner = lockOwners(folder).find(({ pid, hostname: host }) => host === hostname() && !isAlive(pid));
  return (
    owner &&
    new EngineFailure('HOLD_STACK_LOCKED', {
      seen: `the lock of engine process ${owner.pid}, which is gone`,
      expected: 'no lock',
      next: `npx c1 recover --stack ${name}`,
    })
  );
}

function lockOwners(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      try {
        return [JSON.parse(readFileSync(join(folder, name), 'utf8'))];
      } catch {
        // Half-written or just removed: the CLI itself will say what it makes of it.
        return [];
      }
    });
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function knownStacks(backend, project) {
  const folder = join(fileURLToPath(backend), '.pulumi', 'stacks', project);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).flatMap((name) => name.match(/^(.+)\.json(?:\.gz)?$/)?.[1] ?? []);
  return [...new Set(names)].sort();
}

// The CLI keeps the selected stack of each back end in its home, in a file named for the project file's path.
function selected(env, project, projectFile) {
  const digest = createHash('sha1').update(projectFile).digest('hex');
  const file = join(env.PULUMI_HOME, 'workspaces', `${project}-${digest}-workspace.json`);
  if (!existsSync(file)) return undefined;
  const { stacks = {}, stack } = JSON.parse(readFileSync(file, 'utf8'));
  return stacks[env.PULUMI_BACKEND_URL] ?? stack;
}

function commandOf(argv) {
  const [command, below] = argv.filter(
    (argument, index) => !argument.startsWith('-') && !FLAGS_WITH_VALUE.has(argv[index - 1]),
  );
  return { command, needsStack: command === 'stack' ? STACK_NEEDS_STACK.has(below) : NEEDS_STACK.has(command) };
}

function flagValue(argv, short, long) {
  for (const [index, argument] of argv.entries()) {
    if (argument === '--') return undefined;
    if (argument === short || argument === long) return argv[index + 1];
    if (argument.startsWith(`${long}=`)) return argument.slice(long.length + 1);
    if (argument.startsWith(short) && !argument.startsWith('--') && argument.length > 2) {
      return argument.slice(2).replace(/^=/, '');
    }
  }
  return undefined;
}

function upwards(folder) {
  const file = ['Pulumi.yaml', 'Pulumi.yml'].map((name) => join(folder, name)).find(existsSync);
  if (file !== undefined) return file;
  return dirname(folder) === folder ? undefined : upwards(dirname(folder));
}
