import type { Client } from 'pg';
import { patchImage } from '../../domain/apr.ts';
import { C1Error } from '../../domain/codes.ts';
import type { Image, ScopeRef } from '../../domain/deltas.ts';
import { refOf, scopeName } from '../../domain/deltas.ts';
import { type ClaimedRow, pathOf, planRollback, type RetiredRow } from '../../domain/readiness/rollback.ts';
import { databaseError } from '../kernel/database-errors.ts';
import { foldersOf, readBackup } from '../kernel/dot-files.ts';
import { callGateway } from '../kernel/gateway.ts';
import { readSnapshot } from '../kernel/run.ts';
import { assertBins } from '../reader/bins.ts';
import { assertBaselineOpen, checkRetire } from '../reader/checks.ts';
import { assertPrevious } from '../reader/executor.ts';
import { parseState } from '../reader/read-state.ts';
import { runInGroup } from '../reader/subprocess.ts';
import { passGate } from '../vocab/state.ts';
import type { Places } from './places.ts';

const CLAIMS_READ = `select coalesce(jsonb_agg(jsonb_build_object('surface', c.surface, 'key', c.key, 'stack', c.stack,
    'resource', c.resource, 'image', c.image, 'step', r.step, 'position', r.applied_seq)), '[]') as answer
  from iu_core.claim c join iu_core.dot_run r on r.request_id = c.request_id where c.status = 'live'`;

export interface RollbackAnswer {
  /** Live rows that a resource owns. */
  readonly rows: number;
  /** How they would be taken back, last step first, each with what it takes along. */
  readonly retires: readonly {
    readonly row: string;
    readonly bin: string;
    readonly flag: string;
    readonly changes: number;
  }[];
  readonly checks: readonly { readonly name: string; readonly checked: number }[];
}

/**
 * Every live row has its way back: a plan that takes it back on the state as it is, a bin with the flag for it, the file
 * that a patch replaced, the release that the executor had. Looks, and takes nothing back.
 *
 * @param client in a transaction that only reads, of one snapshot
 * @throws C1Error HOLD_BASELINE_MISSING, HOLD_ROLLBACK_PATH, REJECT_ROLLBACK_DELETE; whatever stops a retire
 */
export async function checkRollback(client: Client, places: Places, limitMs: number): Promise<RollbackAnswer> {
  const state = parseState(await callGateway(client, { sql: 'select iu_core.read_state() as answer', args: [] }));
  assertBaselineOpen(state);
  const { checked } = checkRetire(state);
  const rows = await readClaims(client);
  const retired = planRollback(rows, await readSnapshot(client, refsFor(rows)));
  assertBins(places.bins, binsOf(retired), state.bins ?? {});
  const checks = [
    { name: 'integrity', checked },
    { name: 'rows', checked: rows.length },
    { name: 'retires', checked: retired.length },
    { name: 'bins and their flags', checked: await assertFlags(places.bins, retired, limitMs) },
    { name: 'replaced files', checked: assertBackups(places.bins, rows) },
    { name: 'replaced release', checked: assertPrevious(places.executor) },
    { name: 'deletes refused', checked: await assertNoDelete(client, rows) },
  ];
  return {
    rows: rows.length,
    retires: retired.map(({ ref, bin, flag, deltas }) => ({ row: ref, bin, flag, changes: deltas.length })),
    // What there is none of yet is not said to be checked.
    checks: checks.filter((one) => one.checked > 0),
  };
}

/** Every live row that a resource owns. */
export function readClaims(client: Client): Promise<readonly ClaimedRow[]> {
  return callGateway(client, { sql: CLAIMS_READ, args: [] });
}

/** What the plans read, the rows, and the entries that a retire supersedes. */
export function refsFor(rows: readonly ClaimedRow[]): readonly ScopeRef[] {
  const refs = rows.flatMap((row) => [
    ...(pathOf(row)?.scope ?? []),
    { surface: row.surface, key: row.key },
    { surface: 'dot_ledger' as const, key: refOf(row) },
  ]);
  return [...new Map(refs.map((ref) => [scopeName(ref), ref])).values()];
}

function binsOf(retired: readonly RetiredRow[]): readonly string[] {
  return [...new Set(retired.map(({ bin }) => bin))];
}

/** Each bin says of itself that it has the flag: it is asked, not believed. */
async function assertFlags(folder: string, retired: readonly RetiredRow[], limitMs: number): Promise<number> {
  const flags = new Set(retired.map(({ bin, flag }) => `${bin} ${flag}`));
  for (const bin of binsOf(retired)) {
    const help = await helpOf(folder, bin, limitMs);
    const missing = [...flags].find((one) => one.startsWith(`${bin} `) && !help.includes(one.slice(bin.length + 1)));
    if (missing !== undefined) throw lost(`${bin} without its flag`, missing);
  }
  return flags.size;
}

async function helpOf(folder: string, bin: string, limitMs: number): Promise<string> {
  try {
    const { status, stdout } = await runInGroup(`./${bin}`, ['--help'], folder, limitMs);
    if (status === 0) return stdout;
  } catch (cause) {
    throw lost(`${bin}, which does not run`, `${bin} --help`, cause);
  }
  throw lost(`${bin} --help with a failure`, 'its flags');
}

/** A patch is taken back from the backup of the file that it replaced. */
function assertBackups(bin: string, rows: readonly ClaimedRow[]): number {
  const patches = rows.flatMap(({ surface, image }) => (surface === 'apr_requests' ? [replacedBy(image)] : []));
  const replaced = patches.filter((sha256) => sha256 !== null);
  for (const sha256 of replaced) readBackup(foldersOf(bin), sha256);
  return replaced.length;
}

function replacedBy(image: Image | null): string | null {
  const patch = patchImage.safeParse(image?.proposed_action);
  return patch.success && image?.status === 'applied' ? patch.data.replaces.sha256 : null;
}

/** The gate of the database takes the same request with a retire, and refuses it with a delete. */
async function assertNoDelete(client: Client, rows: readonly ClaimedRow[]): Promise<number> {
  const isBound = rows.some(({ surface, key }) => surface === 'dot_agent_api_contract' && key === BUILD);
  if (!isBound) return 0;
  for (const [rollback, expected] of [
    ['delete', 'REJECT_ROLLBACK_DELETE'],
    ['retire', 'accepted'],
  ] as const) {
    const seen = await answerOf(client, rollback);
    if (seen !== expected) throw lost(`a request that would be taken back by ${rollback}: ${seen}`, expected);
  }
  return 2;
}

const BUILD = 'DOT_C1_VOCAB_BUILD';

async function answerOf(client: Client, rollback: string): Promise<string> {
  await client.query('savepoint rollback_check');
  try {
    await passGate(client, BUILD, 'PLAN_ONLY', { rollback });
    return 'accepted';
  } catch (cause) {
    const refusal = databaseError(cause);
    if (refusal instanceof C1Error) return refusal.code;
    throw cause;
  } finally {
    await client.query('rollback to savepoint rollback_check');
  }
}

function lost(seen: string, expected: string, cause?: unknown): C1Error {
  return new C1Error('HOLD_ROLLBACK_PATH', { seen, expected }, { cause });
}
