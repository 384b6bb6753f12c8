import { digestOf, type Json, sha256Hex } from '../canonical.ts';
import { C1Error } from '../codes.ts';
import { type Delta, deltaDigest, refOf } from '../deltas.ts';
import { STEP_IDS, type StepId } from '../steps/step.ts';
import { assertAllLives } from './lifecycle.ts';
import type { EvidenceReadback, JournalRun, LedgerEntry, SurfaceCount } from './readback.ts';

/**
 * What an evidence readback has to say of itself. Pure, over the answer alone: the bin asks it before it answers, and
 * whoever has the answer can ask it again without the runtime.
 */
type Counted = Pick<EvidenceReadback, 'surfaces' | 'steps' | 'runs' | 'rows' | 'ledger' | 'baseline'>;
export type Answer = Counted & Pick<EvidenceReadback, 'gates' | 'manifest' | 'lifecycle'>;
type Checked = EvidenceReadback['checks'][number];

/**
 * @returns each check with how much it looked at
 * @throws C1Error HOLD_COUNTER_DRIFT naming surface, expected and observed; HOLD_LEDGER_CHAIN_BROKEN; HOLD_DRIFT;
 * C1_PROD_REAL_RUN_BLOCKED; HOLD_MANIFEST_NOT_REPRODUCED; C1_GRANT_ISSUER_HOLD_DOT_LIFECYCLE_INCOMPLETE
 */
export function checkAnswer(answer: Answer): readonly Checked[] {
  return [
    { name: 'surfaces', checked: checkSurfaces(answer.surfaces) },
    // A person who asks without a plan is told nothing about one.
    ...(answer.steps.some(({ planned }) => planned !== null) ? [{ name: 'plan', checked: checkPlan(answer) }] : []),
    { name: 'ledger chain', checked: checkChain(answer.ledger) },
    { name: 'runs', checked: checkRuns(answer) },
    { name: 'rows', checked: checkRows(answer.rows) },
    { name: 'gates', checked: checkGates(answer.gates) },
    { name: 'manifest', checked: checkManifest(answer.manifest) },
    { name: 'lifecycle', checked: assertAllLives(answer.lifecycle) },
  ];
}

/** Baseline and runs make what is there, and nothing else changed a row. */
function checkSurfaces(surfaces: readonly SurfaceCount[]): number {
  for (const { surface, before, applied, expected, observed, digest_before, digest_undone } of surfaces) {
    if (expected !== before + applied || observed !== expected) throw off(surface, observed, before + applied);
    if (digest_before === digest_undone) continue;
    throw off(
      surface,
      'rows that something else than a DOT changed',
      'the rows of the baseline and what its runs made',
    );
  }
  return surfaces.length;
}

/** Each step that was planned is applied as planned; beside them only what comes after, and what people do. */
function checkPlan({ steps }: Counted): number {
  const named = steps.filter(({ planned }) => planned !== null).map(({ step }) => STEP_IDS.indexOf(step as StepId));
  let checked = 0;
  for (const { step, planned, applied } of steps) {
    const surfaces = new Set([...Object.keys(planned ?? {}), ...Object.keys(applied)]) as Set<keyof typeof applied>;
    for (const surface of surfaces) {
      const seen = applied[surface] ?? 0;
      const isFree =
        planned === null && (BESIDE.includes(step) || STEP_IDS.indexOf(step as StepId) > Math.max(...named));
      if (!isFree && seen !== (planned?.[surface] ?? 0))
        throw off(`${surface} in ${step}`, seen, planned?.[surface] ?? 0);
      checked += 1;
    }
  }
  return checked;
}

/** What people do beside the steps: they vote, and whoever holds the authorizations uses the grant. */
const BESIDE = ['VOTE', 'CONSUME'];

/** Every applied run is whole by its own digest, and they follow each other after the baseline. */
function checkRuns({ runs, baseline, ledger }: Counted): number {
  let position = baseline.journal_position;
  const entries = new Set(ledger.chain.map(({ request_id }) => request_id));
  for (const run of runs.filter(({ code }) => code !== null)) {
    if (run.position === null || run.position <= position)
      throw broken(run, `position ${run.position}`, `one after ${position}`);
    ({ position } = run as { position: number });
    const digest = deltaDigest({ ...run, deltas: run.deltas as readonly Delta[] });
    if (digest !== run.delta_digest) throw broken(run, 'rows of another digest', 'the rows that were approved');
    if (run.ledger_seq !== null && !entries.has(run.request_id))
      throw broken(run, 'no entry', 'its entry in the handbook');
  }
  return runs.length;
}

function checkRows(rows: EvidenceReadback['rows']): number {
  const drifted = rows.find(({ live, written_sha256, seen_sha256 }) => !live || written_sha256 !== seen_sha256);
  if (drifted === undefined) return rows.length;
  throw new C1Error('HOLD_DRIFT', {
    seen: `${refOf(drifted)} ${drifted.live ? 'with other columns' : 'not live'}`,
    expected: `the row as ${drifted.resource} last wrote it`,
  });
}

/** Every entry hashes to what it says, each on the one before it, without a gap. */
function checkChain({ chain, head, entries, at_baseline, runs }: EvidenceReadback['ledger']): number {
  let last = '0'.repeat(64);
  for (const [at, entry] of chain.entries()) {
    if (entry.seq !== at + 1 || entry.prev_hash !== last || entryHash(entry) !== entry.entry_hash) throw cut(entry.seq);
    last = entry.entry_hash;
  }
  if (last !== head || chain.length !== entries) throw cut(chain.length + 1);
  if (entries !== at_baseline + runs) throw off('dot_ledger', entries, at_baseline + runs);
  return chain.length;
}

/** An open gate is no state that evidence is made of. */
function checkGates({ dry_run_only, execute_enabled, real_run_enabled }: EvidenceReadback['gates']): number {
  if (dry_run_only && !execute_enabled && !real_run_enabled) return 3;
  throw new C1Error('C1_PROD_REAL_RUN_BLOCKED', {
    seen: `gates dry_run_only=${dry_run_only}, execute_enabled=${execute_enabled}, real_run_enabled=${real_run_enabled}`,
    expected: 'dry_run_only=true, execute_enabled=false, real_run_enabled=false',
  });
}

/** The bytes have the hash that three computations came to. */
function checkManifest({ bytes, hashes }: EvidenceReadback['manifest']): number {
  const own = sha256Hex(bytes);
  const other = Object.entries(hashes).find(([, hash]) => hash !== own);
  if (other === undefined) return 1 + Object.keys(hashes).length;
  throw new C1Error('HOLD_MANIFEST_NOT_REPRODUCED', {
    seen: `another hash by ${other[0]}`,
    expected: 'three computations that agree on these bytes',
  });
}

/** As `iu_core.ledger_entry_hash` computes it. */
function entryHash({ entry_hash: _, ...entry }: LedgerEntry): string {
  return digestOf(entry satisfies Json);
}

function cut(seq: number): C1Error {
  const seen = `a break at entry ${seq}`;
  return new C1Error('HOLD_LEDGER_CHAIN_BROKEN', { seen, expected: 'a chain of hashes without a break' });
}

function broken({ request_id }: JournalRun, seen: string, expected: string): C1Error {
  return new C1Error('HOLD_DRIFT', { seen: `run ${request_id} with ${seen}`, expected });
}

function off(surface: string, observed: number | string, expected: number | string): C1Error {
  const said = (value: number | string) => (typeof value === 'number' ? `${value} rows` : value);
  return new C1Error('HOLD_COUNTER_DRIFT', { seen: `${surface}: ${said(observed)}`, expected: said(expected) });
}
