import { describe, expect, test } from 'vitest';
import type { Delta, ScopeRef } from '../../domain/deltas.ts';
import { scopeName } from '../../domain/deltas.ts';
import { type PlannedDeltas, parsePlannedDeltas, plannedBySteps } from '../../domain/planned-deltas.ts';
import { retirePlanOf } from '../../domain/planning/retire-plan.ts';
import { planRetire } from '../../domain/planning/retire-walk.ts';
import { digestOfStep, rowDigest } from '../../domain/planning/step-digest.ts';
import type { StoredRow } from '../../domain/planning/stored.ts';
import { foldPlans, planSteps } from '../../domain/program.ts';
import { type ClaimedRow, pathOf } from '../../domain/readiness/rollback.ts';
import { blankBuild } from '../../domain/release.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { commandFor, STEP_IDS, type StepId } from '../../domain/steps/step.ts';
import { isSurfaceName } from '../../domain/surfaces.ts';
import { STEPS } from '../dots/support/rows.ts';
import { EMPTY, PLANNED, STATE } from './support/empty-runtime.ts';

const STACK = 'trial';
const PLANS = planSteps(STEPS, EMPTY, STACK);
const SETTLED = foldPlans(PLANS, EMPTY, STACK);

/** What the journal says of the rows that the plans brought. */
const CLAIMS: readonly ClaimedRow[] = [...SETTLED.claims].flatMap(([ref, { stack, resource, image, status }]) => {
  const [, surface = '', key = ''] = /^([^/]+)\/(.*)$/s.exec(ref) ?? [];
  const step = PLANS.find(({ rows }) => rows.some(({ row }) => row.owner === resource))?.step.id ?? 'none';
  if (status !== 'live' || !isSurfaceName(surface)) return [];
  return [{ surface, key, stack, resource, image, step, position: 1 }];
});

/** Covers what the retires read as well; a row that is not there is absent. */
const APPLIED: Snapshot = {
  ...SETTLED,
  asked: new Set([...SETTLED.asked, ...CLAIMS.flatMap((row) => [...scopeOf(row), row]).map(scopeName)]),
  counts: new Map([['dot_tools', 317]]),
};

function scopeOf(row: ClaimedRow): readonly ScopeRef[] {
  return [...(pathOf(row)?.scope ?? []), { surface: 'dot_ledger', key: `${row.surface}/${row.key}` }];
}

/** The state of a stack that was applied to its end, in the order of a destroy. */
const STORED: readonly StoredRow[] = STEPS.toReversed().flatMap(({ id, rows }) =>
  rows.toReversed().map(({ type, name, owner, create, retire, payload }) => {
    const claimant = { stack: STACK, resource: owner };
    return {
      ...{ type, name, stack: STACK, owner, step: id, payload, after: [] },
      create: commandFor(create, claimant),
      retire: commandFor(retire, claimant),
    };
  }),
);

const STATE_APPLIED = {
  ...STATE,
  stepDeltas: {
    ...(plannedBySteps(
      PLANNED,
      STEPS.map(({ id }) => id),
    ) as Record<string, Record<string, number>>),
  },
};

function walk(stored = STORED, claims = CLAIMS) {
  return planRetire(STACK, stored, claims, APPLIED);
}

function plan(planned: PlannedDeltas = PLANNED, stepDeltas: typeof STATE.stepDeltas = STATE_APPLIED.stepDeltas) {
  const config = { approvals: 'none', through: 'W9', grant_generation: 1, expected_manifest_hash: null } as const;
  return retirePlanOf({
    ...{ stack: STACK, kind: 'embedded', config, planned, payloads: blankBuild(), words: STEPS, snapshot: APPLIED },
    state: { ...STATE_APPLIED, stepDeltas },
    stored: { resources: [], rows: STORED, steps: STEP_IDS.toReversed() },
    retired: walk(),
  });
}

const digests = (retired: ReturnType<typeof walk>) =>
  retired
    .filter(({ deltas }) => deltas.length > 0)
    .map(({ stored: { step, owner }, deltas }) => `${step} ${owner} ${rowDigest(step, { deltas }, 'retire')}`)
    .toSorted();

/** The runtime once the grant was used: its row is history, and nobody claims it any more. */
function usedGrant(snapshot: Snapshot): Snapshot {
  const [rows, claims] = [new Map(snapshot.rows), new Map(snapshot.claims)];
  for (const [ref, row] of snapshot.rows) {
    const claim = claims.get(ref);
    if (!ref.startsWith('governance_build_authorization/') || claim === undefined) continue;
    const image = { ...row.image, status: 'consumed' };
    rows.set(ref, { image, live: false });
    claims.set(ref, { ...claim, image, status: 'released' });
  }
  return { ...snapshot, rows, claims };
}

describe('the walk', () => {
  test('takes back every row that the plans brought, the last step first', () => {
    const { steps, differences, totals, direction } = plan();
    expect([direction, differences]).toEqual(['retire', []]);
    expect(steps.map(({ id }) => id)).toEqual(STEP_IDS.toReversed());
    expect(totals.map(({ applied, remaining }) => applied + remaining)).toEqual(totals.map(() => 0));
    expect(totals.map(({ applied }) => applied)).toEqual(totals.map(({ planned }) => planned));
    const [first] = steps;
    expect(first?.rows.map(({ deltas }) => deltas.map(({ op, surface }) => `${op} ${surface}`))).toEqual([
      ['insert kb_document', 'retire kb_document', 'insert dot_ledger'],
    ]);
  });

  test('comes to the same whatever the engine deletes first of what may go at the same time', () => {
    const w2 = STORED.filter(({ name }) => /^(birth|admission|ledger)-/.test(name));
    const swapped = STORED.map((row) => (w2.includes(row) ? (other(w2, row) ?? row) : row));
    expect(swapped.map(({ name }) => name)).not.toEqual(STORED.map(({ name }) => name));
    expect(digests(walk(swapped))).toEqual(digests(walk()));
  });

  /** The same kind of row, of the DOT at the other end of the list. */
  function other(rows: readonly StoredRow[], { name }: StoredRow): StoredRow | undefined {
    const same = rows.filter((one) => one.name.split('-')[0] === name.split('-')[0]);
    return same.at(-1 - same.findIndex((one) => one.name === name));
  }

  test('leaves a dry run and a resource without a row alone', () => {
    const idle = walk().filter(({ deltas }) => deltas.length === 0);
    const names = ['grant-request', 'catalogue-sync', 'registrar-request', 'handler-request'];
    expect(idle.map(({ stored }) => stored.name)).toEqual(names);
  });

  test('stops at a row whose resource the state does not have, and goes on once it has', () => {
    const without = STORED.filter(({ name }) => name !== 'ownership');
    expect(() => walk(without)).toThrow(
      expect.objectContaining({
        code: 'HOLD_ROLLBACK_PATH',
        seen: expect.stringContaining('of resource ownership, which is not in the state of stack trial'),
      }),
    );
    expect(walk()).toHaveLength(STORED.length);
  });

  test('stops at a command that is of the right DOT and takes nothing back', () => {
    const applied = STORED.map((row) =>
      row.name === 'ownership' ? { ...row, retire: row.retire.replace(' --retire', '') } : row,
    );
    expect(() => walk(applied)).toThrow(
      expect.objectContaining({
        code: 'HOLD_ROLLBACK_PATH',
        seen: expect.stringMatching(/^governance_object_ownership/),
      }),
    );
  });

  test('closes the request of a grant that was used, which from then on counts for no step', () => {
    const retired = planRetire(STACK, STORED, CLAIMS, usedGrant(APPLIED));
    const grant = retired.find(({ stored }) => stored.name === 'grant');
    expect(grant?.deltas.map(({ surface, after }) => `${surface} ${after?.status}`)).toEqual([
      'apr_requests closed',
      'dot_ledger undefined',
    ]);
    // One was minted, in W7; its use was no step's.
    expect(grant?.net.get('governance_build_authorization')).toBe(-1);
    expect(walk().find(({ stored }) => stored.name === 'grant')?.net).toEqual(grant?.net);
  });

  test("leaves another stack's rows alone", () => {
    const claims = CLAIMS.map((row) => ({ ...row, stack: row.resource === 'ownership' ? 'other' : row.stack }));
    const owned = walk(STORED, claims).find(({ stored }) => stored.name === 'ownership');
    expect(owned?.deltas).toEqual([]);
  });

  test('stops where a row would go before what stands on it', () => {
    expect(() => walk(STORED.toReversed())).toThrow(expect.objectContaining({ code: 'HOLD_PRESTATE_MOVED' }));
  });
});

describe('the plan', () => {
  test('digests a retire as the runtime does, and never like the apply of the same rows', () => {
    const [delta] = walk()[0]?.deltas ?? [];
    const deltas = [delta] as readonly Delta[];
    expect(rowDigest('W9', { deltas }, 'retire')).not.toBe(rowDigest('W9', { deltas }));
    const step = { id: 'W9', definition: 'a', rows: [] } as const;
    expect(digestOfStep({ ...step, direction: 'retire' })).not.toBe(digestOfStep({ ...step, direction: 'apply' }));
  });

  test('has another step digest as soon as the state would run another command, or a row is another', () => {
    const digestOf = (id: StepId, found = plan()) => found.steps.find((one) => one.id === id)?.step_digest;
    expect(digestOf('W5')).toBe(digestOf('W5'));
    const stored = { resources: [], rows: STORED, steps: STEP_IDS.toReversed() };
    const changed = retirePlanOf({
      ...{ stack: STACK, kind: 'embedded', planned: PLANNED, payloads: blankBuild(), words: STEPS, snapshot: APPLIED },
      config: { approvals: 'none', through: 'W9', grant_generation: 1, expected_manifest_hash: null },
      ...{ state: STATE_APPLIED, stored },
      retired: walk().map((one) => ({
        ...one,
        stored: one.stored.step === 'W5' ? { ...one.stored, retire: `${one.stored.retire} --other` } : one.stored,
        deltas: one.stored.step === 'W3' ? one.deltas.slice(1) : one.deltas,
      })),
    });
    for (const id of ['W5', 'W3'] as const) expect(digestOf(id, changed)).not.toBe(digestOf(id));
    expect(digestOf('W4', changed)).toBe(digestOf('W4'));
  });

  test('names each row that planned-deltas.yaml does not name', () => {
    const copy = structuredClone(PLANNED) as unknown as { steps: Record<string, { rows: Record<string, object> }> };
    delete copy.steps.W2?.rows.species;
    delete copy.steps.W5?.rows.dot_agent_api_contract;
    const { differences } = plan(parsePlannedDeltas(copy));
    expect(differences.map(({ where }) => where).toSorted()).toEqual([
      'W2 species/gov-canonical-op-vocab',
      'W5 dot_agent_api_contract/DOT_C1_VOCAB_BUILD',
      'W5 dot_agent_api_contract/DOT_C1_VOCAB_VERIFY',
    ]);
  });

  test('names a surface of which more is live than is taken back', () => {
    const more = { ...STATE_APPLIED.stepDeltas, W4: { ...STATE_APPLIED.stepDeltas.W4, dot_tools: 9 } };
    expect(plan(PLANNED, more).differences).toEqual([
      { where: 'W4 dot_tools', seen: '9 live and 8 to be retired', expected: 'all of them' },
    ]);
  });
});
