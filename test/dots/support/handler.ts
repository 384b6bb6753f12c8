import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRelease } from '../../../components/input-files.ts';
import type { PatchOrder } from '../../../domain/apr.ts';
import { BIND_MIGRATION } from '../../../domain/migration.ts';
import { handlerOrder } from '../../../domain/release.ts';
import type { BinResult, TestRuntime } from '../../support/runtime.ts';
import { rewrite } from './patch-trial.ts';
import { approve, must, sha256Of } from './registrar.ts';

/** H1 and H4 as the program runs them, in a runtime of its own. */
export const EXECUTE = 'dot-apr-execute';
const DOT = 'DOT-310';

/** H1's order as the program of this runtime would send it. */
export function handlerOrderOf({ paths }: TestRuntime): PatchOrder {
  return handlerOrder(readRelease(paths.release).release);
}

/** The same with another file, which is put into the release. */
export async function orderWith(runtime: TestRuntime, content: string): Promise<PatchOrder> {
  await rewrite(join(runtime.paths.release, 'dot-small'), content);
  return { ...handlerOrderOf(runtime), content_file: 'dot-small', new_content_sha256: sha256Of(content) };
}

export function askHandler(
  runtime: TestRuntime,
  order: PatchOrder = handlerOrderOf(runtime),
  ...flags: readonly string[]
): Promise<BinResult> {
  const line = `--cloud --step H1 --action patch_ops_code --for trial/handler-request --dot-code ${DOT}`;
  return runtime.bin('dot-apr-propose', [...line.split(' '), ...flags], { stdin: order });
}

export function patchHandler(runtime: TestRuntime, ...flags: readonly string[]): Promise<BinResult> {
  return runtime.bin(EXECUTE, [...`--cloud --step H1 --for trial/handler-patch --patch ${DOT}`.split(' '), ...flags]);
}

export function restoreHandler(runtime: TestRuntime): Promise<BinResult> {
  return runtime.bin(EXECUTE, `--cloud --step H1 --for trial/handler-patch --restore ${DOT}`.split(' '));
}

export function approveHandler(runtime: TestRuntime): Promise<void> {
  return approve(runtime, DOT);
}

/** H1: asked for, approved and applied. */
export async function deployHandler(runtime: TestRuntime, order?: PatchOrder): Promise<void> {
  must(await askHandler(runtime, order));
  await approveHandler(runtime);
  must(await patchHandler(runtime));
}

export interface BindOptions {
  readonly owner?: string;
  readonly file?: string;
  readonly flags?: readonly string[];
}

export function bind(
  runtime: TestRuntime,
  { owner = 'trial/handler-binding', file = BIND_MIGRATION, flags = [] }: BindOptions = {},
): Promise<BinResult> {
  const words = ['--cloud', '--step', 'H4', '--for', owner, '--file', file, ...flags];
  return runtime.bin('dot-migration-apply', words);
}

export function unbind(runtime: TestRuntime, options: BindOptions = {}): Promise<BinResult> {
  return bind(runtime, { ...options, flags: ['--retire', ...(options.flags ?? [])] });
}

/** Puts a text in the place of the migration, and its digest into release.json, as a build that brings it would. */
export async function bringMigration({ paths }: TestRuntime, text: string | Buffer): Promise<void> {
  await rewrite(join(paths.release, BIND_MIGRATION), text);
  const { release } = readRelease(paths.release);
  const migrations = [{ file: BIND_MIGRATION, sha256: sha256Of(text) }];
  await writeFile(join(paths.release, 'release.json'), JSON.stringify({ ...release, migrations }));
}
