import { readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import { EXECUTOR_C1, EXECUTOR_V1, type ExecutorRelease, executorBuild } from '../../domain/executor.ts';
import { failureOf } from '../../domain/failure.ts';
import { LABEL_LINE } from '../../domain/label.ts';
import { deploy, verify } from './deploy.ts';
import { executorFolder } from './folder.ts';

const VERSION = '1.0.0';
const LIMIT_MS = 20_000;

const configuration = z.object({ listen: z.object({ host: z.string(), port: z.int() }) });

interface Flags {
  readonly release?: ExecutorRelease['name'];
  readonly digest?: string;
  readonly verify?: true;
  readonly limit: number;
}

function main(): void {
  const command = new Command('executor-deploy')
    .description(`Brings a release of the executor into use, and takes it back when it fails. Embedded: ${LABEL_LINE}.`)
    .version(VERSION)
    .option('--cloud', 'act on the configured runtime; there is no other')
    .addOption(new Option('--release <name>', 'which release').choices([EXECUTOR_V1, EXECUTOR_C1]))
    .option('--digest <sha256>', 'SHA-256 of its bundle; that of the last build without it', digest)
    .addOption(
      new Option('--verify', 'look at the release in use, and change nothing').conflicts(['release', 'digest']),
    )
    .option('--step <step>', 'the step that asks')
    .option('--for <stack/resource>', 'who asks; part of the command line of every resource')
    .option('--limit <ms>', 'how long the release may take until it answers', milliseconds, LIMIT_MS)
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .action((flags: Flags) => perform(flags));
  try {
    command.parse();
  } catch (error) {
    fail(error);
  }
}

const EXAMPLES = `
Examples:
  $ ./executor-deploy --cloud --release ${EXECUTOR_C1} --digest <sha256>
  $ ./executor-deploy --cloud --release ${EXECUTOR_V1}
  $ ./executor-deploy --verify`;

function perform(flags: Flags): void {
  answer(flags).then((done) => process.stdout.write(`${JSON.stringify({ ...done, label: LABEL_LINE })}\n`), fail);
}

async function answer({ release, digest, verify: isVerify, limit }: Flags): Promise<object> {
  const folder = executorFolder(dirname(dirname(realpathSync(process.argv[1] ?? ''))));
  const address = read(folder.config, 'executor.json', configuration).listen;
  if (isVerify) return { code: 'OK_READ', ...(await verify(folder, address)) };
  if (release === undefined) throw usage('no --release', 'one of them, or --verify');
  const built = read(folder.build, 'build.json', executorBuild);
  const wanted = [built.v1, built.c1].find(({ name }) => name === release);
  const request = { name: release, digest: digest ?? wanted?.digest ?? '' };
  const done = await deploy({ folder, release: request, address, limitMs: limit });
  return { code: done.outcome, ...done };
}

function read<T>(file: string, name: string, schema: z.ZodMiniType<T>): T {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    const seen = `no usable ${name} in the executor's folder`;
    throw new C1Error('ERROR_RUNTIME_UNREACHABLE', { seen, expected: 'the one that the last start wrote' }, { cause });
  }
}

function digest(value: string): string {
  if (/^[0-9a-f]{64}$/.test(value)) return value;
  throw usage(`--digest ${value.slice(0, 80)}`, '64 lower-case hex digits');
}

function milliseconds(value: string): number {
  if (/^[1-9][0-9]{0,5}$/.test(value)) return Number(value);
  throw usage(`--limit ${value.slice(0, 20)}`, '1 to 999999');
}

function fail(error: unknown): void {
  if (error instanceof CommanderError && error.exitCode === 0) return;
  const known =
    error instanceof CommanderError ? usage(error.message.replace(/^error: /, ''), 'the options of --help') : error;
  const failure = failureOf(known);
  process.stderr.write(`${failure.message}\n`);
  process.exitCode = failure.exitCode;
}

function usage(seen: string, expected: string): C1Error {
  return new C1Error('ERROR_USAGE', { seen, expected });
}

main();
