import { once } from 'node:events';
import type { RunRequest } from '@pulumi/pulumi/proto/language_pb.js';
import language from '@pulumi/pulumi/proto/language_pb.js';
import { endGroup, spawnGroup } from './groups.ts';
import { locate, runtimeOptions, typescriptEnvironment } from './options.ts';

// The SDK's word for "the user has been told": the engine then stops without a message of its own.
const ALREADY_TOLD = 32;

/** Runs the Pulumi program to its end. Output goes straight to the engine, which reads our own streams. */
export async function runProgram(request: RunRequest, engine: string, signal: AbortSignal) {
  const options = runtimeOptions(request.getInfo());
  const directory = request.getInfo()?.getProgramDirectory() || request.getPwd();
  const runner = locate('@pulumi/pulumi/cmd/run', directory);
  const child = spawnGroup(process.execPath, [...options.nodeArguments, runner, ...programArguments(request, engine)], {
    cwd: request.getPwd(),
    env: { ...process.env, ...configuration(request), ...typescriptEnvironment(options) },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  signal.addEventListener('abort', () => endGroup(child.pid));
  const [code]: [number | null] = (await once(child, 'close')) as [number | null];
  return outcome(code ?? -1);
}

function outcome(code: number) {
  const response = new language.RunResponse();
  if (code === ALREADY_TOLD) return response.setBail(true);
  return code === 0 ? response : response.setError(`Program exited with non-zero exit code: ${code}`);
}

function programArguments(request: RunRequest, engine: string): readonly string[] {
  const flags: Readonly<Record<string, string>> = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    'root-directory': request.getInfo()?.getRootDirectory() ?? '',
    stack: request.getStack(),
    pwd: request.getPwd(),
    parallel: String(request.getParallel()),
  };
  return [
    ...Object.entries(flags).flatMap(([flag, value]) => (value === '' ? [] : [`--${flag}`, value])),
    ...(request.getDryrun() ? ['--dry-run'] : []),
    request.getInfo()?.getEntryPoint() || request.getProgram() || '.',
    ...request.getArgsList(),
  ];
}

// The SDK reads the long form of a key, `project:config:name`, as older SDKs did.
function configuration(request: RunRequest): NodeJS.ProcessEnv {
  const entries = request
    .getConfigMap()
    .toArray()
    .map(([key, value]): [string, string] => [longKey(key), value]);
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(entries)),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
  };
}

const longKey = (key: string): string => key.replace(/^([^:]+):(?!config:)/, '$1:config:');
