import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import { EXECUTOR_C1, EXECUTOR_V1 } from '../../domain/executor.ts';
import { failureOf } from '../../domain/failure.ts';
import { LABEL_LINE } from '../../domain/label.ts';
import { deploy } from './deploy.ts';
import { executorFolder } from './folder.ts';

const VERSION = '1.0.0';
const LIMIT_MS = 20_000;

const configuration = z.object({ listen: z.object({ host: z.string(), port: z.int() }) });

interface Flags {
  readonly release: string;
  readonly digest: string;
  readonly limit: number;
}

function main(): void {
  const command = new Command('executor-deploy')
    .description(`Brings a release of the executor into use, and takes it back when it fails. Embedded: ${LABEL_LINE}.`)
    .version(VERSION)
    .addOption(
      new Option('--release <name>', 'which release').choices([EXECUTOR_V1, EXECUTOR_C1]).makeOptionMandatory(),
    )
    .requiredOption('--digest <sha256>', 'SHA-256 of its bundle', digest)
    .option('--cloud', 'act on the configured runtime, which there is no other way to')
    .option('--for <stack/resource>', 'who asks; part of the command line of every resource')
    .option('--limit <ms>', 'how long the release may take until it answers', milliseconds, LIMIT_MS)
    .addHelpText('after', `\nExamples:\n  $ ./executor-deploy --cloud --release ${EXECUTOR_V1} --digest <sha256>`)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .action((flags: Flags) => perform(flags));
  try {
    command.parse();
  } catch (error) {
    fail(error);
  }
}

function perform({ release, digest, limit }: Flags): void {
  const folder = executorFolder(dirname(dirname(process.argv[1] ?? '')));
  const request = { name: release, digest };
  Promise.resolve()
    .then(() => ({
      folder,
      release: request,
      address: addressOf(folder.config),
      servesC1: release === EXECUTOR_C1,
      limitMs: limit,
    }))
    .then(deploy)
    .then((done) => process.stdout.write(`${JSON.stringify({ code: done.outcome, ...done })}\n`), fail);
}

function addressOf(file: string) {
  try {
    return configuration.parse(JSON.parse(readFileSync(file, 'utf8'))).listen;
  } catch (cause) {
    const seen = `no usable ${join('config', 'executor.json')}`;
    throw new C1Error('ERROR_RUNTIME_UNREACHABLE', { seen, expected: 'the one that the last start wrote' }, { cause });
  }
}

function digest(value: string): string {
  if (/^[0-9a-f]{64}$/.test(value)) return value;
  throw new C1Error('ERROR_USAGE', { seen: `--digest ${value.slice(0, 80)}`, expected: '64 lower-case hex digits' });
}

function milliseconds(value: string): number {
  const number = Number(value);
  if (/^[0-9]{1,6}$/.test(value) && number > 0) return number;
  throw new C1Error('ERROR_USAGE', { seen: `--limit ${value.slice(0, 20)}`, expected: '1 to 999999' });
}

function fail(error: unknown): void {
  if (error instanceof CommanderError && error.exitCode === 0) return;
  const failure = failureOf(error instanceof CommanderError ? usage(error) : error);
  process.stderr.write(`${failure.message}\n`);
  process.exitCode = failure.exitCode;
}

function usage({ message }: CommanderError): C1Error {
  return new C1Error('ERROR_USAGE', { seen: message.replace(/^error: /, ''), expected: 'the options of --help' });
}

main();
