import { C1Error } from '../codes.ts';
import { type Delta, refOf } from '../deltas.ts';
import { dotOf } from '../dots.ts';
import { EXECUTOR_ROW } from '../executor.ts';
import { grantRef } from '../plans/grant-request.ts';
import { assertLeft, type ClaimedRow, pathOf, type RetirePath, type Taken, takeBack } from '../readiness/rollback.ts';
import { HARDENED_NAME } from '../registrar.ts';
import { foldDeltas, liveClaimOf, rowOf, type Snapshot } from '../snapshot.ts';
import { planImageRetire } from '../steps/w6-executor.ts';
import { SURFACES, type SurfaceName } from '../surfaces.ts';
import type { StoredRow } from './stored.ts';

/** A resource with what its delete will do, on the state as those before it leave it. */
export interface RetiredResource {
  readonly stored: StoredRow;
  readonly deltas: readonly Delta[];
  /** Net live rows per surface, as `iu_core.step_deltas` will count them. */
  readonly net: ReadonlyMap<SurfaceName, number>;
}

/**
 * Plans a destroy: which rows each delete takes back. The claims say what a resource owns now; the stack's state says which
 * command takes it back, for which step, and when (review.md, "Destroy").
 *
 * @param stored resources in the order in which a destroy walks them
 * @param claims every live row that a resource owns
 * @param snapshot what the paths of the claims and the rows themselves cover, and the executor's row
 * @throws C1Error HOLD_ROLLBACK_PATH when a row of the stack would stay; REJECT_ROLLBACK_DELETE; whatever stops a retire
 */
export function planRetire(
  stack: string,
  stored: readonly StoredRow[],
  claims: readonly ClaimedRow[],
  snapshot: Snapshot,
): readonly RetiredResource[] {
  const own = claims.filter((row) => row.stack === stack);
  let folded = snapshot;
  const walked = stored.map((one) => {
    const taken = isDeploy(one) ? undeploy(one, folded) : (retire(one, own, folded) ?? { deltas: [], folded });
    const net = netOf(taken.deltas, folded);
    folded = taken.folded;
    return { stored: one, deltas: taken.deltas, net };
  });
  for (const row of own) assertTaken(row, stored, folded);
  return walked;
}

/** The deploy is no DOT: its row has no claim, and the runtime journals no run of it. */
function isDeploy({ retire: command }: StoredRow): boolean {
  return command.startsWith('executor-deploy ');
}

function undeploy({ stack, owner }: StoredRow, folded: Snapshot): Taken {
  const deltas = planImageRetire(folded);
  const claim = { stack, resource: owner, status: 'released', requestId: 'planned' } as const;
  return { deltas, folded: foldDeltas(folded, deltas, claim) };
}

/** Null where the command finds nothing of its own: a row that went with another one, or a dry run. */
function retire(one: StoredRow, claims: readonly ClaimedRow[], folded: Snapshot): Taken | null {
  if (one.retire.split(' ').includes('--dry-run')) return null;
  for (const row of claims) {
    const path = pathOf(row);
    if (row.resource !== one.owner || path === null || !isBy(path, one)) continue;
    const taken = liveClaimOf(folded, row) === null ? null : takeBack(row, path, folded);
    if (taken !== null) return taken;
  }
  return null;
}

/** The hardened registrar runs as the registrar that it stands for. */
function isBy({ dot, flag }: RetirePath, { retire: command }: StoredRow): boolean {
  const [bin, ...words] = command.split(' ');
  return (bin === HARDENED_NAME ? dotOf('DOT-REGISTER').bin : bin) === dotOf(dot).bin && words.includes(flag);
}

function assertTaken(row: ClaimedRow, stored: readonly StoredRow[], folded: Snapshot): void {
  const isWithout = stored.every(({ owner }) => owner !== row.resource) && pathOf(row) !== null;
  if (!isWithout || liveClaimOf(folded, row) === null) {
    assertLeft(folded, row);
    return;
  }
  throw new C1Error('HOLD_ROLLBACK_PATH', {
    seen: `${refOf(row)} of resource ${row.resource}, which is not in the state of stack ${row.stack}`,
    expected: 'a resource whose delete takes the row back',
    next: "npx pulumi up, which takes rows over that are not in Pulumi's state, then npx c1 retire --plan",
  });
}

function netOf(deltas: readonly Delta[], before: Snapshot): ReadonlyMap<SurfaceName, number> {
  const net = new Map<SurfaceName, number>();
  const add = (surface: SurfaceName, rows: number) => net.set(surface, (net.get(surface) ?? 0) + rows);
  for (const delta of deltas) add(delta.surface, netOfOne(delta, before));
  // A request that is closed takes the grant that was used along, which from then on counts for no step.
  for (const delta of deltas.filter(isClosed)) {
    if (rowOf(before, grantRef(delta))?.live === false) add('governance_build_authorization', -1);
  }
  return net;
}

function isClosed({ surface, op, after }: Delta): boolean {
  return surface === 'apr_requests' && op === 'retire' && after?.status === 'closed';
}

/** What a retire appends to a history without a state of its own takes back what the apply counted. */
function netOfOne(delta: Delta, before: Snapshot): number {
  if (delta.surface === 'dot_ledger') return rowOf(before, delta)?.live === true ? -1 : 0;
  if (delta.op === 'retire') return -1;
  return delta.op === 'insert' && SURFACES[delta.surface].status === null ? -1 : 0;
}

/** Whether the runtime journals a run of it. */
export function isJournalled(deltas: readonly Pick<Delta, 'surface'>[]): boolean {
  return deltas.length > 0 && deltas.every(({ surface }) => surface !== EXECUTOR_ROW.surface);
}
