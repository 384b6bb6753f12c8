import { C1Error, type Code } from './codes.ts';
import type { RowRef, ScopeRef } from './deltas.ts';
import { refOf } from './deltas.ts';
import { C1_DOT_CODES } from './dots.ts';
import { AUTHORIZE_ACTION, AUTHORIZE_HANDLER, HANDLER_UNBOUND } from './handler.ts';
import { C1_SCHEMA, C1_TABLE } from './objects.ts';
import { CATALOGUE_OF_DOTS } from './payloads.ts';
import type { RuntimeState } from './runtime-state.ts';
import { familyOf, liveClaimOf, rowOf, type Snapshot } from './snapshot.ts';
import type { SurfaceName } from './surfaces.ts';

/**
 * The state that the first write expects, as seed 004 §1 verified it on the live host: asked again, not assumed. What
 * steps of this program applied since is folded in, so that the same gate holds on a fresh runtime, after a destroy and
 * in the middle of a program.
 */
const STARTING: Partial<Readonly<Record<SurfaceName, number>>> = {
  dot_tools: 309,
  dot_agent_api_contract: 2,
  directus_collections: 164,
  table_registry: 21,
  governance_build_authorization: 0,
  governance_object_ownership: 0,
};
/** A drift of the live host: W4 reconciles it, and a destroy does not put it back. */
const CATALOGUE_SAID = 163;

/** Counts alone would let one row pass for another. */
const MOVED = 'surfaces changed by no DOT since install';

/** The root blocker of the source documents, which H4 removed by now. */
const HANDLER = 'handler of authorize_build_step';
/** Those that have rows: H2, H3 and H6 only read, and come in between. */
const HANDLER_STEPS = ['H1', 'H4'];

const BUILD_STEP: RowRef = { surface: 'apr_action_types', key: AUTHORIZE_ACTION };
const CATALOGUE: RowRef = { surface: 'meta_catalog', key: CATALOGUE_OF_DOTS };
const KG_PAIR: readonly (RowRef & { readonly role: string })[] = [
  { surface: 'dot_agent_api_contract', key: 'DOT_KG_EXPLAIN', role: 'producer' },
  { surface: 'dot_agent_api_contract', key: 'DOT_KG_EXPLAIN_VERIFY', role: 'verifier' },
];
const SCHEMA: RowRef = { surface: 'schema_object', key: C1_SCHEMA };
const TABLE: RowRef = { surface: 'schema_object', key: C1_TABLE };
const TOOLS = { surface: 'dot_tools', prefix: 'DOT_C1_' } as const;

export const PREWRITE_REFS: readonly ScopeRef[] = [
  ...[BUILD_STEP, CATALOGUE, SCHEMA, TABLE],
  ...KG_PAIR.map(({ surface, key }) => ({ surface, key })),
  TOOLS,
];

/** `fresh`: nothing of ours was ever there; `reapply`: all of it is retired; `applied`: steps of ours have live rows. */
export type PrewriteProfile = 'fresh' | 'reapply' | 'applied';

export interface PrewriteFact {
  readonly what: string;
  readonly seen: string;
  readonly expected: string;
}

export interface Prewrite {
  readonly profile: PrewriteProfile;
  readonly facts: readonly PrewriteFact[];
}

/**
 * Everything that must be so before W1, with what it is.
 *
 * @param moved surfaces whose rows are not what the install and the journalled runs make of them
 * @throws C1Error HOLD_SURFACE_EXISTS for a schema or table that nobody of ours made; HOLD_HANDLER_UNBOUND before H4; HOLD_COUNTER_DRIFT for any other
 * fact that is not as expected
 */
export function assertPrewrite(state: RuntimeState, snapshot: Snapshot, moved: readonly string[]): Prewrite {
  const facts = [...factsOf(state, snapshot), fact(MOVED, moved.join(', ') || 'none', 'none')];
  const wrong = facts.find(({ seen, expected }) => seen !== expected);
  if (wrong === undefined) return { profile: profileOf(state, snapshot), facts };
  throw new C1Error(codeOf(wrong), {
    seen: `${wrong.what} ${wrong.seen}`,
    expected: `${wrong.expected} before the first write`,
  });
}

/** Without the handler no write of W1 to W9 can end in a grant: that is the way to it, and no drift. */
function codeOf({ what, seen, expected }: PrewriteFact): Code {
  if (what === HANDLER && seen === HANDLER_UNBOUND) return 'HOLD_HANDLER_UNBOUND';
  return expected === 'absent' ? 'HOLD_SURFACE_EXISTS' : 'HOLD_COUNTER_DRIFT';
}

function factsOf(state: RuntimeState, snapshot: Snapshot): readonly PrewriteFact[] {
  const tools = familyOf(snapshot, TOOLS.surface, TOOLS.prefix).filter(({ live }) => live);
  return [
    ...(Object.keys(STARTING) as SurfaceName[]).map((surface) => counter(state, surface)),
    fact('live C1 tools', tools.length, applied(state, 'dot_tools')),
    presence(`schema ${C1_SCHEMA}`, snapshot, SCHEMA),
    presence(`table ${C1_TABLE}`, snapshot, TABLE),
    fact(`${CATALOGUE_OF_DOTS} record_count`, state.catalogueCount ?? 'absent', catalogueExpected(state, snapshot)),
    fact(HANDLER, column(snapshot, BUILD_STEP, 'handler_ref'), AUTHORIZE_HANDLER),
    fact(
      'live steps of the handler',
      HANDLER_STEPS.filter((step) => state.steps.includes(step)).join(', '),
      HANDLER_STEPS.join(', '),
    ),
    ...KG_PAIR.map((ref) => fact(`role of ${ref.key}`, column(snapshot, ref, 'role'), ref.role)),
  ];
}

function counter(state: RuntimeState, surface: SurfaceName): PrewriteFact {
  const seen = state.counters[surface]?.live ?? 'unread';
  return fact(`live rows of ${surface}`, seen, (STARTING[surface] ?? 0) + applied(state, surface));
}

/** Net live rows that the steps of this program brought and did not take back. */
function applied({ stepDeltas }: RuntimeState, surface: SurfaceName): number {
  return Object.values(stepDeltas).reduce((sum, net) => sum + (net[surface] ?? 0), 0);
}

function catalogueExpected(state: RuntimeState, snapshot: Snapshot): number | string {
  const wasReconciled = snapshot.claims.has(refOf(CATALOGUE));
  return wasReconciled ? (state.counters.dot_tools?.live ?? 'unread') : CATALOGUE_SAID;
}

/** The handler comes before this gate, in every profile. */
function profileOf(state: RuntimeState, snapshot: Snapshot): PrewriteProfile {
  if (state.steps.some((step) => step.startsWith('W'))) return 'applied';
  const wasThere = C1_DOT_CODES.some((code) => snapshot.claims.has(refOf({ surface: TOOLS.surface, key: code })));
  return wasThere || snapshot.claims.has(refOf(SCHEMA)) ? 'reapply' : 'fresh';
}

/** There exactly when a resource of ours made it. */
function presence(what: string, snapshot: Snapshot, ref: RowRef): PrewriteFact {
  const isOurs = liveClaimOf(snapshot, ref) !== null;
  return fact(what, rowOf(snapshot, ref) === null ? 'absent' : 'there', isOurs ? 'there' : 'absent');
}

function column(snapshot: Snapshot, ref: RowRef, name: string): string {
  return String(rowOf(snapshot, { surface: ref.surface, key: ref.key })?.image[name] ?? 'absent');
}

function fact(what: string, seen: number | string, expected: number | string): PrewriteFact {
  return { what, seen: String(seen), expected: String(expected) };
}
