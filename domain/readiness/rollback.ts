import { PATCH_ACTION } from '../apr.ts';
import type { Json } from '../canonical.ts';
import { C1Error } from '../codes.ts';
import { type Delta, type Image, type RowRef, refOf, type ScopeRef } from '../deltas.ts';
import { type DotCode, dotOf } from '../dots.ts';
import { ADMISSION_PREFIX } from '../ledger.ts';
import { aprExecute } from '../plans/apr-execute.ts';
import { aprPropose } from '../plans/apr-propose.ts';
import { baselineRecord } from '../plans/baseline-record.ts';
import { catalogueSync } from '../plans/catalogue-reconcile.ts';
import { collectionCreate } from '../plans/collection-create.ts';
import { collectionRegister } from '../plans/collection-register.ts';
import { contractRegister } from '../plans/contract-register.ts';
import { dotRegister } from '../plans/dot-register.ts';
import { entityRetire } from '../plans/entity-retire.ts';
import { grantIssue } from '../plans/grant-issue.ts';
import { handlerBind } from '../plans/handler-bind.ts';
import { kbWrite } from '../plans/kb-write.ts';
import { ledgerAppend } from '../plans/ledger-append.ts';
import { ownershipAssign } from '../plans/ownership-assign.ts';
import type { Claimant, DotPlan, Plan } from '../plans/plan.ts';
import { schemaEnsure } from '../plans/schema-ensure.ts';
import { tableRegistryEnsure } from '../plans/table-registry-ensure.ts';
import { foldDeltas, liveClaimOf, rowOf, type Snapshot } from '../snapshot.ts';
import { STEP_IDS } from '../steps/step.ts';
import { SURFACES, type SurfaceName } from '../surfaces.ts';

/** A row that one of our resources owns now, as the journal has it. */
export interface ClaimedRow extends RowRef {
  readonly stack: string;
  readonly resource: string;
  readonly image: Image | null;
  /** Step and place in the journal of the run that last wrote it. */
  readonly step: string;
  readonly position: number;
}

/** How a row is taken back: the DOT, and the flag that its bin has for it. */
export interface RetirePath {
  readonly dot: DotCode;
  readonly flag: string;
  readonly scope: readonly ScopeRef[];
  readonly retire: (snapshot: Snapshot, claimant: Claimant) => Plan;
}

export type Finder = (row: ClaimedRow) => RetirePath | null;

/** No path of its own: it is taken back in the same run as the row that is named here, or it is history. */
const WITH_ANOTHER: Finder = () => null;

/** Every surface; one that is new to the product does not compile before its way back is said here. */
const PATHS: Readonly<Record<SurfaceName, Finder>> = {
  admission_record: entity,
  apr_action_types: ({ key, image }) =>
    by(handlerBind, '--retire', { action_code: key, handler_ref: image?.handler_ref ?? null }),
  // With their request.
  apr_approvals: WITH_ANOTHER,
  apr_requests: request,
  baseline: ({ key }) => by(baselineRecord, '--retire', { runtime: key }),
  birth_registry: entity,
  collection_registry: ({ key }) => by(collectionRegister, '--retire', { collection: key }),
  directus_collections: ({ key }) => by(collectionCreate, '--retire', { collection: key }),
  // With the collection, or with the contract of the table.
  directus_fields: WITH_ANOTHER,
  dot_agent_api_contract: ({ key }) => by(contractRegister, '--retire', { dot_code: key }),
  // Every retire appends its own entry; those of admissions are appended by a run of their own.
  dot_ledger: ({ key }) =>
    key.startsWith(ADMISSION_PREFIX)
      ? by(ledgerAppend, '--retire', { dot_code: key.slice(ADMISSION_PREFIX.length) })
      : null,
  // Nobody of ours writes it.
  dot_runtime_gate: WITH_ANOTHER,
  dot_tools: ({ key }) => by(dotRegister, '--retire', { code: key }),
  // By its deploy, which is no DOT; looked at where it is.
  executor_image: WITH_ANOTHER,
  // With the request that it was minted from.
  governance_build_authorization: WITH_ANOTHER,
  governance_object_ownership: ({ key }) => by(ownershipAssign, '--retire', { object: key }),
  kb_document: ({ image }) => by(kbWrite, '--retire', { doc_id: image?.doc_id ?? null, text: null }),
  meta_catalog: ({ key }) => by(catalogueSync, '--retire', { code: key }),
  schema_object: ({ key, image }) => by(schemaEnsure, '--retire', { name: key, kind: image?.kind ?? null }),
  species: entity,
  table_registry: ({ key }) => {
    const [schema = '', table_name = ''] = key.split('/');
    return by(tableRegistryEnsure, '--retire', { schema, table_name });
  },
  // With the patch that it logs.
  vps_deploy_log: WITH_ANOTHER,
};

export function pathOf(row: ClaimedRow): RetirePath | null {
  return PATHS[row.surface](row);
}

/** A retire looks at no more of its payload than what names the row, and that is what the claim has. */
function by<P>(plan: DotPlan<P>, flag: string, named: Readonly<Record<string, Json>> | null): RetirePath {
  const payload = named as P;
  return {
    dot: plan.dot,
    flag,
    scope: plan.scope(payload),
    retire: (snapshot, claimant) => plan.retire(snapshot, payload, claimant),
  };
}

function entity({ surface, key }: ClaimedRow): RetirePath {
  return by(entityRetire, '--surface', { surface, key });
}

function request({ image }: ClaimedRow): RetirePath {
  if (image?.action_code !== PATCH_ACTION) return by(grantIssue, '--retire', null);
  const dot_code = (image.proposed_action as { readonly dot_code?: Json } | null)?.dot_code ?? null;
  const isPending = image.status === 'pending';
  return isPending ? by(aprPropose, '--retire', { dot_code }) : by(aprExecute, '--restore', { dot_code });
}

/** Last step first, within a step what came last first; the catalogue is released once its tools are gone. */
export function inRetireOrder(rows: readonly ClaimedRow[]): readonly ClaimedRow[] {
  const stepOf = ({ step }: ClaimedRow) => STEP_IDS.indexOf(step as (typeof STEP_IDS)[number]);
  const isCount = ({ surface }: ClaimedRow) => (surface === 'meta_catalog' ? 1 : 0);
  return rows.toSorted(
    (left, right) => stepOf(right) - stepOf(left) || isCount(left) - isCount(right) || right.position - left.position,
  );
}

export interface RetiredRow {
  readonly ref: string;
  readonly bin: string;
  readonly flag: string;
  readonly deltas: readonly Delta[];
}

/**
 * Plans taking everything back, each row on the state as those before it leave it: the same plans that the bins run.
 *
 * @param snapshot what the paths of `rows` and the rows themselves cover
 * @param find how a row is taken back
 * @throws C1Error HOLD_ROLLBACK_PATH when a row would stay, be deleted or be left live; REJECT_ROLLBACK_DELETE when a plan
 * would delete a row that has a retired state; whatever stops one of the plans
 */
export function planRollback(
  rows: readonly ClaimedRow[],
  snapshot: Snapshot,
  find: Finder = pathOf,
): readonly RetiredRow[] {
  let folded = snapshot;
  const retired: RetiredRow[] = [];
  for (const row of inRetireOrder(rows)) {
    const path = find(row);
    // What was taken back with another row has no claim any more.
    if (path === null || liveClaimOf(folded, row) === null) continue;
    const taken = takeBack(row, path, folded);
    if (taken === null) throw stays(row, `${dotOf(path.dot).bin} ${path.flag} plans nothing`);
    folded = taken.folded;
    retired.push({ ref: refOf(row), bin: dotOf(path.dot).bin, flag: path.flag, deltas: taken.deltas });
  }
  for (const row of rows) assertLeft(folded, row);
  return retired;
}

export interface Taken {
  readonly deltas: readonly Delta[];
  /** The runtime as this retire leaves it. */
  readonly folded: Snapshot;
}

/**
 * Plans taking one claimed row back, with the plan of its own bin; null where that plan has nothing to do.
 *
 * @throws C1Error REJECT_ROLLBACK_DELETE; whatever stops the plan
 */
export function takeBack({ stack, resource }: ClaimedRow, path: RetirePath, snapshot: Snapshot): Taken | null {
  const plan = path.retire(snapshot, { stack, resource });
  if (plan.kind !== 'change') return null;
  for (const delta of plan.deltas) assertNoDelete(delta);
  const folded = foldDeltas(snapshot, plan.deltas, { stack, resource, status: 'released', requestId: 'planned' });
  return { deltas: plan.deltas, folded };
}

/** A row that has a retired state is never deleted; what has none (schema objects, Directus' own rows) is made anew. */
function assertNoDelete(delta: Delta): void {
  if (delta.after !== null || SURFACES[delta.surface].status === null) return;
  throw new C1Error('REJECT_ROLLBACK_DELETE', { seen: `a delete of ${refOf(delta)}`, expected: 'its retired state' });
}

/** History stays as it is; everything else has no owner any more. @throws C1Error HOLD_ROLLBACK_PATH */
export function assertLeft(folded: Snapshot, row: ClaimedRow): void {
  const { kind, status } = SURFACES[row.surface];
  if (kind === 'history' && (status === null || row.surface === 'dot_ledger')) return;
  if (liveClaimOf(folded, row) !== null) throw stays(row, 'still claimed after every retire');
  const isThere = rowOf(folded, row)?.live === true;
  if (isThere && !CHANGED_IN_PLACE.includes(row.surface)) throw stays(row, 'still live after every retire');
}

/** Rows that were there before us, and are there afterwards. */
const CHANGED_IN_PLACE: readonly SurfaceName[] = ['apr_action_types', 'meta_catalog'];

function stays(row: ClaimedRow, seen: string): C1Error {
  return new C1Error('HOLD_ROLLBACK_PATH', { seen: `${refOf(row)}: ${seen}`, expected: 'a way back for each row' });
}
