import { join } from 'node:path';
import { castVote } from '../../../cli/apr/cast.ts';
import { readRelease } from '../../../components/input-files.ts';
import type { Decision, PatchOrder } from '../../../domain/apr.ts';
import { registrarOrder } from '../../../domain/release.ts';
import type { BinResult, TestRuntime } from '../../support/runtime.ts';
import { STACK } from './rows.ts';

export const OWNERS = ['voter_owner_1', 'voter_owner_2'] as const;

/** W1's order as the program of this runtime would send it. */
export function orderOf({ paths }: TestRuntime): PatchOrder {
  return registrarOrder(readRelease(paths.release).release);
}

export interface ProposeOptions {
  readonly order?: unknown;
  readonly flags?: readonly string[];
  readonly owner?: string;
  readonly dotCode?: string;
}

export function propose(runtime: TestRuntime, options: ProposeOptions = {}): Promise<BinResult> {
  const {
    order = orderOf(runtime),
    flags = [],
    owner = `${STACK}/registrar-request`,
    dotCode = 'DOT-REGISTER',
  } = options;
  const args = [
    '--cloud',
    '--step',
    'W1',
    '--for',
    owner,
    '--action',
    'patch_ops_code',
    '--dot-code',
    dotCode,
    ...flags,
  ];
  return runtime.bin('dot-apr-propose', args, { stdin: order });
}

export function execute(runtime: TestRuntime, ...flags: readonly string[]): Promise<BinResult> {
  const what = flags.includes('--restore') ? [] : ['--patch', 'DOT-REGISTER'];
  return runtime.bin('dot-apr-execute', ['--cloud', '--step', 'W1', '--for', `${STACK}/registrar`, ...what, ...flags]);
}

export function restore(runtime: TestRuntime): Promise<BinResult> {
  return execute(runtime, '--restore', 'DOT-REGISTER');
}

/** Code of the one live request on the registrar. @throws Error when there is none */
export async function liveCode(runtime: TestRuntime): Promise<string> {
  const pool = await runtime.pool('auditor_ro');
  const { rows } = await pool.query<{ apr_code: string }>(
    `select apr_code from public.apr_requests where apr_code like 'APR-C1-%' and status in ('pending', 'applied')`,
  );
  const [found] = rows;
  if (found === undefined) throw new Error('no live request');
  return found.apr_code;
}

export async function vote(
  runtime: TestRuntime,
  voter: string,
  decision: Decision = 'approve',
  options: { readonly code?: string; readonly keyFile?: string } = {},
) {
  const code = options.code ?? (await liveCode(runtime));
  return castVote(runtime.stateDir, { code, voter, decision, keyFile: options.keyFile ?? null });
}

export async function approve(runtime: TestRuntime): Promise<void> {
  for (const owner of OWNERS) await vote(runtime, owner);
}

/** Proposed, approved by both stand-ins, applied. @throws Error with what the bin said when one of them fails */
export async function deployRegistrar(runtime: TestRuntime): Promise<void> {
  must(await propose(runtime));
  await approve(runtime);
  must(await execute(runtime));
}

export function must(result: BinResult): BinResult {
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return result;
}

export function binFile({ paths }: TestRuntime, name: string): string {
  return join(paths.bin, name);
}
