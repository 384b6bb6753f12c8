import type { Json } from '../canonical.ts';
import type { Code } from '../codes.ts';
import type { DecisionState } from '../decision/reads.ts';
import type { Manifest } from '../manifest.ts';

/**
 * The 24 bad inputs (readiness.md), each with the code that it must give, the routes that it takes, and the same request
 * made good. One table: nothing else says which cases there are.
 */
export type Route = 'executor' | 'dispatcher' | 'explain';

/** One request. `text` goes over the wire as it stands; `grant` and `facts` are supposed in place of the live ones. */
export interface Half {
  readonly asked: Readonly<Record<string, Json>>;
  readonly text?: string;
  readonly grant?: Readonly<Record<string, Json>> | null;
  readonly facts?: Readonly<Record<string, Json>>;
}

export interface BadInput {
  readonly number: number;
  readonly name: string;
  readonly code: Code;
  readonly routes: readonly Route[];
  readonly good: (of: Scene) => Half;
  /** Each of them must be refused on each of the routes. */
  readonly bad: (of: Scene) => readonly Half[];
}

/** What the halves are made from: the runtime as it is, and a grant that is good where the runtime's was used. */
export interface Scene {
  readonly manifest: Manifest;
  readonly hash: string;
  readonly since: string;
  readonly now: string;
  readonly grant: Readonly<Record<string, Json>> | null;
  /** Whether `grant` is only supposed: then nothing is verified against the runtime's own. */
  readonly isSupposed: boolean;
}

/** How many there are. Said apart from the table, so that a table that lost one is not taken for whole. */
export const BAD_INPUT_COUNT = 24;

export const BAD_INPUTS: readonly BadInput[] = [
  verified(1, 'manifest missing', 'REJECT_MANIFEST_MISSING', ({ manifest: _, ...rest }) => rest),
  presented(2, 'wrong hash', 'REJECT_MANIFEST_HASH_MISMATCH', () => ({ hash: '0'.repeat(64) })),
  presented(3, 'extra value', 'REJECT_ACTION_SET_MISMATCH', ({ operations }) => ({
    operations: [...operations, { ...operations[0], operation_code: 'c1_harness_extra' }] as Json,
  })),
  presented(4, 'missing value', 'REJECT_ACTION_SET_MISMATCH', ({ operations }) => ({
    operations: operations.slice(1) as unknown as Json,
  })),
  presented(5, 'duplicate operation', 'REJECT_DUPLICATE_OPERATION', ({ operations }) => ({
    operations: [...operations, ...operations.slice(0, 1)] as unknown as Json,
  })),
  presented(6, 'wrong protocol_version', 'REJECT_PROTOCOL_VERSION', () => ({ protocol_version: '2' })),
  rewrite(7, 'semantic rewrite of an existing row', 'REJECT_SEMANTIC_REWRITE'),
  presented(8, 'wrong carrier', 'REJECT_WRONG_CARRIER', () => ({ carrier: 'C2' })),
  presented(9, 'wrong lane', 'REJECT_WRONG_LANE', () => ({ lane: 'real_run' })),
  presented(10, 'wrong plan', 'REJECT_WRONG_PLAN', () => ({ plan: 'LEGO2-C2-PLAN' })),
  { ...explained(11, 'no grant', 'REJECT_NO_GRANT'), bad: (of) => [{ ...verification(of), grant: null }] },
  granted(12, 'generic grant', 'REJECT_GENERIC_GRANT', () => [{ action_set: ['*'] }, { single_use: false }]),
  granted(13, 'grant expired', 'REJECT_AUTH_EXPIRED', ({ now }) => [{ expires_at: now }]),
  granted(14, 'grant revoked', 'REJECT_AUTH_REVOKED', ({ now }) => [{ status: 'revoked', revoked_at: now }]),
  granted(15, 'grant used before', 'REJECT_AUTH_ALREADY_CONSUMED', ({ now }) => [
    { status: 'consumed', consumed_at: now },
  ]),
  planned(16, 'REAL_RUN attempt', 'C1_PROD_REAL_RUN_BLOCKED', { mode: 'REAL_RUN' }),
  planned(17, 'production target', 'REJECT_PRODUCTION_TARGET', { target: 'production' }),
  planned(18, 'C2 target', 'REJECT_SCOPE_NOT_C1', { target: 'DRYRUN-NS:dot:c2:vocab' }),
  planned(19, 'rollback by delete', 'REJECT_ROLLBACK_DELETE', { rollback: 'delete' }),
  granted(20, 'stale grant (older than the manifest)', 'REJECT_AUTH_STALE', ({ since }) => [
    { granted_at: shifted(since, -1_000) },
  ]),
  supposed(21, 'APR without quorum', 'REJECT_NO_QUORUM', { quorum: false }),
  supposed(22, 'ownership missing', 'REJECT_OWNERSHIP_MISSING', { ownership: null }),
  granted(23, 'grant without hash', 'REJECT_GRANT_UNBOUND', () => [{ manifest_hash: null }]),
  {
    ...{ number: 24, name: 'malformed or duplicate-key JSON', code: 'REJECT_MALFORMED_REQUEST', routes: ['executor'] },
    good: () => plan(),
    bad: () => MALFORMED.map((text) => ({ ...plan(), text })),
  },
];

const BUILD = 'DOT_C1_VOCAB_BUILD';
const MALFORMED = [
  `{"dot_code":"${BUILD}","mode":"PLAN_ONLY"`,
  `{"dot_code":"${BUILD}","mode":"PLAN_ONLY","mode":"PLAN_ONLY"}`,
];
const HOUR_MS = 3_600_000;

/** The scene of a runtime; a grant that was used up is supposed unused, so that good halves have one to be good with. */
export function sceneOf({ manifest: { manifest, hash, since }, grant, gates: { now } }: DecisionState): Scene {
  const scene = { manifest, hash, since, now };
  const row = (grant ?? null) as Scene['grant'];
  if (row?.status !== 'consumed') return { ...scene, grant: row, isSupposed: false };
  const unused = { ...row, status: 'active', consumed_at: null, expires_at: shifted(now, HOUR_MS) };
  return { ...scene, grant: unused, isSupposed: true };
}

/** The routes of a good half: where the live grant was used, its verification is explained on the supposed one. */
export function goodRoutes({ routes }: BadInput, half: Half, { isSupposed }: Scene): readonly Route[] {
  return isSupposed && half.asked.mode === 'VERIFY_ONLY' ? ['explain'] : routes;
}

function plan(changes: Half['asked'] = {}): Half {
  return { asked: { dot_code: BUILD, mode: 'PLAN_ONLY', ...changes } };
}

function verification({ manifest, hash, grant }: Scene, changes: Half['asked'] = {}): Half {
  const presentedManifest = { ...manifest, hash, ...changes } as unknown as Json;
  return { asked: { dot_code: 'DOT_C1_VOCAB_VERIFY', mode: 'VERIFY_ONLY', manifest: presentedManifest }, grant };
}

/** Through the executor, against the real grant. */
function verified(number: number, name: string, code: Code, spoil: (asked: Half['asked']) => Half['asked']): BadInput {
  const bad = (of: Scene) => [{ ...verification(of), asked: spoil(verification(of).asked) }];
  return { number, name, code, routes: ['executor'], good: (of) => verification(of), bad };
}

function presented(number: number, name: string, code: Code, spoil: (manifest: Manifest) => Half['asked']): BadInput {
  const good = (of: Scene) => verification(of);
  return { number, name, code, routes: ['executor'], good, bad: (of) => [verification(of, spoil(of.manifest))] };
}

/** Through the executor and the gate of the database, which both decide what is asked for. */
function planned(number: number, name: string, code: Code, changes: Half['asked']): BadInput {
  const routes = ['executor', 'dispatcher', 'explain'] as const;
  return { number, name, code, routes, good: () => plan(), bad: () => [plan(changes)] };
}

function explained(number: number, name: string, code: Code): Omit<BadInput, 'bad'> {
  return { number, name, code, routes: ['explain'], good: (of) => verification(of) };
}

function granted(number: number, name: string, code: Code, changes: (of: Scene) => readonly Half['asked'][]): BadInput {
  const bad = (of: Scene) =>
    changes(of).map((change) => ({
      ...verification(of),
      grant: of.grant === null ? null : { ...of.grant, ...change },
    }));
  return { ...explained(number, name, code), bad };
}

function supposed(number: number, name: string, code: Code, facts: Half['asked']): BadInput {
  return { ...explained(number, name, code), bad: (of) => [{ ...verification(of), facts }] };
}

/** The table has no row, and never has one before a real run: the row that is rewritten is supposed. */
function rewrite(number: number, name: string, code: Code): BadInput {
  const half = (of: Scene, meaning: string): Half => {
    const row = { ...of.manifest.operations[0], semantic_definition: 'as it was' };
    const { asked, grant } = verification(of);
    const rows = [{ ...row, semantic_definition: meaning }] as Json;
    return { asked: { ...asked, rows }, grant: grant ?? null, facts: { vocabulary: [row] as Json } };
  };
  return {
    ...explained(number, name, code),
    good: (of) => half(of, 'as it was'),
    bad: (of) => [half(of, 'rewritten')],
  };
}

function shifted(time: string, ms: number): string {
  return new Date(Date.parse(time) + ms).toISOString();
}
