import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import { C1Error } from '../../domain/codes.ts';
import { CATALOGUE_OF_DOTS } from '../../domain/payloads.ts';
import { parsePlannedDeltas, plannedCounts } from '../../domain/planned-deltas.ts';
import type { PlanDocument } from '../../domain/planning/document.ts';
import { STEP_IDS } from '../../domain/steps/step.ts';
import { DATABASE_SURFACES, isSurfaceName, type Surface, type SurfaceName } from '../../domain/surfaces.ts';
import { CHECKOUT } from '../../runtime/paths.ts';
import { VOTER_LOGINS } from '../../runtime/roles.ts';
import type { Observation } from './observe.ts';

/** Live rows of a surface before and after `up`; `planned` is 0 where nothing was to change. */
export interface SurfaceCount {
  readonly surface: SurfaceName;
  readonly before: number;
  readonly after: number;
  readonly planned: number;
}

export type PlannedCounts = Partial<Readonly<Record<SurfaceName, number>>>;

/**
 * After `up`: every surface has exactly its planned rows more, and what the planned deltas do not name is as it was.
 *
 * @throws C1Error HOLD_COUNTER_DRIFT
 */
export function proveApplied(before: Observation, after: Observation, planned: PlannedCounts): readonly SurfaceCount[] {
  const counts = governed().map(({ name }) => countOf(name, before, after, planned[name] ?? 0));
  const wrong = counts.find((count) => count.after - count.before !== count.planned);
  if (wrong !== undefined) {
    throw new C1Error('HOLD_COUNTER_DRIFT', {
      seen: `${wrong.surface} ${wrong.before} → ${wrong.after}`,
      expected: `${wrong.before} → ${wrong.before + wrong.planned}, as planned-deltas.yaml says`,
    });
  }
  const unnamed = governed().filter(({ name }) => planned[name] === undefined);
  assertSameLines(linesOf(before, unnamed), linesOf(after, unnamed), 'HOLD_COUNTER_DRIFT');
  return counts;
}

/** A preview, or an `up` with nothing to do, leaves every row as the same transaction wrote it. @throws C1Error HOLD_COUNTER_DRIFT */
export function proveNothingWritten(before: Observation, after: Observation, what: string): void {
  if (before.writes === after.writes) return;
  throw new C1Error('HOLD_COUNTER_DRIFT', { seen: `rows that ${what} wrote`, expected: 'not one' });
}

/**
 * After `destroy`: the live rows are those from before, rows that are not ours are byte for byte the same, and history
 * only grew. The catalogue of DOTs counts the live tools now, whatever it said before; votes stay in the handbook.
 *
 * @returns how many rows were compared byte for byte
 * @throws C1Error HOLD_DRIFT
 */
export function proveRetired(before: Observation, after: Observation): number {
  const counted = governed().filter(({ kind, status }) => kind !== 'history' || status !== null);
  const was = linesOf(before, counted).map((line) => reconciled(line, before));
  const now = linesOf(after, counted).map((line) => reconciled(line, after));
  assertSameLines(was.filter(isNoVote), now.filter(isNoVote), 'HOLD_DRIFT');
  return governed().reduce((sum, surface) => sum + proveForeign(surface, before, after), 0);
}

/**
 * The second `up` came to the same rows as the first, but for those of its approval request, which is a new one, and for the
 * revision of what was entered in the knowledge base.
 *
 * @throws C1Error HOLD_DRIFT
 */
export function proveSame(first: Observation, again: Observation): void {
  const linesOfBoth = [first, again].map(({ live }) => live.filter(isOfNoRequest).map(withoutRevision));
  const [was = [], now = []] = linesOfBoth;
  assertSameLines(was, now, 'HOLD_DRIFT');
}

interface Line {
  readonly surface: SurfaceName;
  readonly key: string;
  readonly row: Readonly<Record<string, unknown>>;
}

/** Requests, and what is named after one. */
const REQUEST_SURFACES: readonly SurfaceName[] = [
  'apr_approvals',
  'apr_requests',
  'governance_build_authorization',
  'vps_deploy_log',
];

function isOfNoRequest(text: string): boolean {
  const { surface, key } = JSON.parse(text) as Line;
  return !REQUEST_SURFACES.includes(surface) && !(surface === 'dot_ledger' && key.startsWith('apr_'));
}

/** A document that was retired comes back as a later revision; its handbook entry is named after it, and digests it. */
function withoutRevision(text: string): string {
  const line = JSON.parse(text) as Line;
  const { surface, key, row } = line;
  if (surface === 'kb_document') return JSON.stringify({ ...line, key: '', row: { ...row, revision: null } });
  if (surface !== 'dot_ledger' || !key.startsWith('kb_document/')) return text;
  return JSON.stringify({ ...line, key: '', row: { ...row, subject: null, image_hash: null } });
}

function isNoVote(text: string): boolean {
  const { surface, key } = JSON.parse(text) as Line;
  return !(surface === 'dot_ledger' && key.startsWith('apr_approvals/'));
}

/** CAT-006 with the count that it ought to have: the live host's drift is reconciled once and for all (steps.md). */
function reconciled(text: string, observation: Observation): string {
  const line = JSON.parse(text) as Line;
  if (line.surface !== 'meta_catalog' || line.key !== CATALOGUE_OF_DOTS) return text;
  return JSON.stringify({ ...line, row: { ...line.row, record_count: liveOf(observation, 'dot_tools') } });
}

/** A row that was changed and changed back is as it was; what is new is ours or history. */
function proveForeign({ name, kind }: Surface, before: Observation, after: Observation): number {
  const was = (before.rows.get(name) ?? []).filter(({ foreign }) => foreign).map(({ line }) => line);
  const now = after.rows.get(name) ?? [];
  const [known, left] = [new Set(was), new Set(now.map(({ line }) => line))];
  const lost = was.find((line) => !left.has(line));
  const come = kind === 'history' ? undefined : now.find(({ line, foreign }) => foreign && !known.has(line))?.line;
  if (lost === undefined && come === undefined) return was.length;
  throw new C1Error('HOLD_DRIFT', {
    seen: lost === undefined ? `${name} with ${short(come ?? '')}` : `${name} without ${short(lost)}`,
    expected: `the ${was.length} rows that were there before, byte for byte, and no other that is not ours`,
  });
}

function assertSameLines(
  was: readonly string[],
  now: readonly string[],
  code: 'HOLD_COUNTER_DRIFT' | 'HOLD_DRIFT',
): void {
  const [left, right] = [new Set(was), new Set(now)];
  const lost = was.find((line) => !right.has(line));
  const added = now.find((line) => !left.has(line));
  if (lost === undefined && added === undefined) return;
  throw new C1Error(code, {
    seen: added === undefined ? 'no such row' : short(added),
    expected: lost === undefined ? 'no such row' : short(lost),
  });
}

function countOf(surface: SurfaceName, before: Observation, after: Observation, planned: number): SurfaceCount {
  return { surface, before: liveOf(before, surface), after: liveOf(after, surface), planned };
}

/** A surface that was not counted is no surface with no rows. */
function liveOf({ state }: Observation, surface: SurfaceName): number {
  const counter = state.counters[surface];
  if (counter !== undefined) return counter.live;
  throw new C1Error('ERROR_READ_FAILED', { seen: `no counter of ${surface}`, expected: 'one' });
}

function linesOf({ live }: Observation, surfaces: readonly Surface[]): readonly string[] {
  const names = new Set<string>(surfaces.map(({ name }) => name));
  return live.filter((line) => names.has((JSON.parse(line) as { surface: string }).surface));
}

function governed(): readonly Surface[] {
  return DATABASE_SURFACES.filter(({ kind }) => kind !== 'bookkeeping');
}

function short(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** What `planned-deltas.yaml` says of the steps that the stack declares. */
export function plannedCountsOf({ config }: PlanDocument): PlannedCounts {
  const deltas = parsePlannedDeltas(parseYaml(readFileSync(path.join(CHECKOUT, 'planned-deltas.yaml'), 'utf8')));
  const total: Record<string, number> = {};
  for (const step of STEP_IDS.slice(0, STEP_IDS.indexOf(config.through) + 1)) {
    for (const [surface, rows] of Object.entries(plannedCounts(deltas, step))) {
      if (isSurfaceName(surface)) total[surface] = (total[surface] ?? 0) + rows;
    }
  }
  // Votes are counted by their request; each writes its entry in the handbook.
  const votes = (total.apr_requests ?? 0) * VOTER_LOGINS.length;
  return { ...total, apr_approvals: votes, dot_ledger: (total.dot_ledger ?? 0) + votes };
}
