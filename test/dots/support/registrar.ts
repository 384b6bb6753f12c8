import { createHash } from 'node:crypto';
import { cp, lstat, readdir, readFile, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { castVote } from '../../../cli/apr/cast.ts';
import { readRelease } from '../../../components/input-files.ts';
import { aprPrefix, type Decision, type PatchOrder } from '../../../domain/apr.ts';
import { registrarOrder } from '../../../domain/release.ts';
import type { BinResult, TestRuntime } from '../../support/runtime.ts';
import { STACK } from './rows.ts';

export const OWNERS = ['voter_owner_1', 'voter_owner_2'] as const;
const DOT = 'DOT-REGISTER';

/** W1's order as the program of this runtime would send it. */
export function orderOf({ paths }: TestRuntime): PatchOrder {
  return registrarOrder(readRelease(paths.release).release);
}

export const SHELL = `#!/bin/sh\n# DOT-CODE: ${DOT}\nexit 0\n`;

/** A small patch of the registrar: its content, and files that come along, are put into the release. */
export async function smallOrder(
  { paths, ...runtime }: TestRuntime,
  { content = SHELL, staged = {}, ...changes }: SmallPatch = {},
): Promise<PatchOrder> {
  const files = Object.entries(staged).map(([file, [dot_code, text]]) => ({ file, dot_code, text }));
  for (const { file, text } of [{ file: 'dot-small', text: content }, ...files]) {
    await rm(join(paths.release, file), { force: true });
    await writeFile(join(paths.release, file), text, { mode: 0o444 });
  }
  return {
    ...orderOf({ paths, ...runtime }),
    ...{ version: '2.0.0', alias: null, content_file: 'dot-small', new_content_sha256: sha256Of(content) },
    staged_files: files.map(({ file, dot_code, text }) => ({ file, dot_code, sha256: sha256Of(text) })),
    ...changes,
  };
}

export interface SmallPatch extends Partial<Omit<PatchOrder, 'staged_files'>> {
  readonly content?: string;
  /** Name → the DOT that it is said to be, and its text. */
  readonly staged?: Readonly<Record<string, readonly [dot: string, text: string]>>;
  readonly staged_files?: PatchOrder['staged_files'];
}

export function sha256Of(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

export interface ProposeOptions {
  readonly order?: unknown;
  readonly flags?: readonly string[];
  readonly owner?: string;
  readonly dotCode?: string;
}

export function proposeArgs({ flags = [], owner = `${STACK}/registrar-request`, dotCode = DOT }: ProposeOptions = {}) {
  return `--cloud --step W1 --action patch_ops_code --for ${owner} --dot-code ${dotCode}`.split(' ').concat(flags);
}

export function propose(runtime: TestRuntime, options: ProposeOptions = {}): Promise<BinResult> {
  return runtime.bin('dot-apr-propose', proposeArgs(options), { stdin: options.order ?? orderOf(runtime) });
}

export function withdraw(runtime: TestRuntime, order: unknown = orderOf(runtime)): Promise<BinResult> {
  return propose(runtime, { order, flags: ['--retire'] });
}

export function executeArgs(...flags: readonly string[]): readonly string[] {
  const what = flags.includes('--restore') || flags.includes('--patch') ? [] : ['--patch', DOT];
  return ['--cloud', '--step', 'W1', '--for', `${STACK}/registrar`, ...what, ...flags];
}

export function execute(runtime: TestRuntime, ...flags: readonly string[]): Promise<BinResult> {
  return runtime.bin('dot-apr-execute', executeArgs(...flags));
}

export function restore(runtime: TestRuntime): Promise<BinResult> {
  return execute(runtime, '--restore', DOT);
}

/** Code of the one live request on the DOT. @throws Error when there is none */
export async function liveCode(runtime: TestRuntime, dot = DOT): Promise<string> {
  const pool = await runtime.pool('auditor_ro');
  const { rows } = await pool.query<{ apr_code: string }>(
    `select apr_code from public.apr_requests where starts_with(apr_code, $1) and status in ('pending', 'applied')`,
    [aprPrefix(dot)],
  );
  const [found] = rows;
  if (found === undefined) throw new Error('no live request');
  return found.apr_code;
}

export interface VoteOptions {
  readonly code?: string;
  readonly keyFile?: string;
}

export async function vote(
  runtime: TestRuntime,
  voter: string,
  decision: Decision = 'approve',
  options: VoteOptions = {},
) {
  const code = options.code ?? (await liveCode(runtime));
  return castVote(runtime.stateDir, { code, voter, decision, keyFile: options.keyFile ?? null });
}

export async function approve(runtime: TestRuntime, dot = DOT): Promise<void> {
  const code = await liveCode(runtime, dot);
  for (const owner of OWNERS) await vote(runtime, owner, 'approve', { code });
}

/** Proposed, and approved by both stand-ins. @throws Error with what the bin said when one of them fails */
export async function proposeApproved(runtime: TestRuntime, order: unknown = orderOf(runtime)): Promise<void> {
  must(await propose(runtime, { order }));
  await approve(runtime);
}

/** The same, and applied. */
export async function deployRegistrar(runtime: TestRuntime): Promise<void> {
  await proposeApproved(runtime);
  must(await execute(runtime));
}

export function must(result: BinResult): BinResult {
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return result;
}

export function binFile({ paths }: TestRuntime, name: string): string {
  return join(paths.bin, name);
}

/** Every name of the DOT folder with what stands there: equal answers mean that no file was touched. */
export async function binFolder({ paths }: TestRuntime): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(paths.bin)).toSorted();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await stateOf(join(paths.bin, name))])));
}

async function stateOf(place: string): Promise<string> {
  const stat = await lstat(place);
  if (stat.isSymbolicLink()) return `link to ${await readlink(place)}`;
  return `${(stat.mode & 0o777).toString(8)} ${sha256Of(await readFile(place))}`;
}

/** Secrets are the server's, and shared by all its runtimes: whoever changes keys or signers takes a copy first. */
export async function ownSecrets({ paths }: TestRuntime): Promise<string> {
  const shared = await realpath(paths.secrets);
  await rm(paths.secrets);
  await cp(shared, paths.secrets, { recursive: true });
  return join(paths.secrets, 'ssh');
}
