import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ProgramInfo } from '@pulumi/pulumi/proto/language_pb.js';
import { Refusal } from './serve.ts';

/** `runtime.options` of Pulumi.yaml or PulumiPolicy.yaml, as far as the stand-in knows them. */
export interface RuntimeOptions {
  readonly typescript: boolean;
  readonly tsconfig: string | undefined;
  readonly nodeArguments: readonly string[];
}

const KNOWN = new Set(['typescript', 'tsconfig', 'nodeargs', 'packagemanager']);

/** Reads the options; one that would change how the program runs and that we do not know is refused by name. */
export function runtimeOptions(info: ProgramInfo | undefined): RuntimeOptions {
  const options = info?.getOptions()?.toJavaScript() ?? {};
  const unknown = Object.keys(options).filter((name) => !KNOWN.has(name));
  if (unknown.length > 0) {
    throw new Refusal(`runtime options: seen ${unknown.join(', ')}, expected only ${[...KNOWN].join(', ')} (stand-in)`);
  }
  return {
    typescript: options.typescript !== false,
    tsconfig: typeof options.tsconfig === 'string' ? options.tsconfig : undefined,
    nodeArguments: typeof options.nodeargs === 'string' ? words(options.nodeargs) : [],
  };
}

/** Finds a module of the SDK from where the program stands, as Node itself would. */
export function locate(module: string, directory: string): string {
  try {
    return createRequire(join(directory, 'package.json')).resolve(module);
  } catch (cause) {
    throw new Error(`seen no ${module} from ${directory}, expected the Pulumi SDK. Next: npm ci`, { cause });
  }
}

export function typescriptEnvironment({ typescript, tsconfig }: RuntimeOptions): NodeJS.ProcessEnv {
  return {
    ...(typescript && { PULUMI_NODEJS_TYPESCRIPT: 'true' }),
    ...(tsconfig !== undefined && { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
  };
}

// Words as a shell splits them: white space parts, quotes hold together.
const words = (text: string): readonly string[] =>
  [...text.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
