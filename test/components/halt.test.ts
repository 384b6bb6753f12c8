import type * as pulumi from '@pulumi/pulumi';
import { output } from '@pulumi/pulumi';
import { describe, expect, test } from 'vitest';
import type { GovernedStep } from '../../components/governed-step.ts';
import { haltOf } from '../../components/halt.ts';
import type { LiveState } from '../../components/snapshot.ts';
import { GRANT_SCOPE } from '../../domain/plans/grant-request.ts';
import type { StepPlan } from '../../domain/program.ts';
import { snapshotOf } from '../../domain/snapshot.ts';

const HEAD = 'a'.repeat(64);
const VERDICT = 'REHEARSAL GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION';

/** Steps as the program declared them, the last with what its gate said. */
function declared(last: string, said: object = {}): readonly GovernedStep[] {
  return [{ step: { id: last }, outcome: output(JSON.stringify(said)) } as unknown as GovernedStep];
}

/** Which steps have rows still to come. */
const plans = (...toCome: readonly string[]) =>
  ['W4', 'W7', 'W9'].map((id) => ({
    step: { id },
    rows: [{ deltas: toCome.includes(id) ? [{}] : [] }],
  })) as never as readonly StepPlan[];

function grants(...rows: readonly { status: string; past?: true }[]) {
  const found = rows.map(({ status, past }, at) => ({
    ...{ surface: 'governance_build_authorization' as const, key: `GBA-C1-APR-${at}` },
    ...{ image: { status }, live: status === 'active', ...(past === undefined ? {} : { past }) },
  }));
  const snapshot = snapshotOf(GRANT_SCOPE, { rows: found, claims: [], runs: [], counts: [] });
  return { snapshot, state: { ledger: { head: HEAD } } } as unknown as LiveState;
}

const said = (halt: pulumi.Output<string>) => new Promise<string>((resolve) => void halt.apply(resolve));
const w9 = declared('W9', { code: 'x', verdict: VERDICT, ledgerHead: HEAD });

describe('at its end a stack says', () => {
  test('the verdict that W9 read back, with a grant that is there or still to come', async () => {
    expect(await said(haltOf(w9, plans(), grants({ status: 'active' })))).toBe(VERDICT);
    expect(await said(haltOf(w9, plans('W7', 'W9'), grants()))).toBe(VERDICT);
  });

  test('HOLD_NOT_AT_HALT through an earlier step', async () => {
    expect(await said(haltOf(declared('W8'), plans(), grants({ status: 'active' })))).toMatch(
      /^HOLD_NOT_AT_HALT: seen a stack through W8, /,
    );
  });

  test.each([
    ['used', { status: 'consumed' }],
    ['revoked', { status: 'revoked' }],
    ['past its expiry', { status: 'active', past: true as const }],
  ])('no READY any more once the grant is %s', async (_, row) => {
    expect(await said(haltOf(w9, plans(), grants(row)))).toMatch(/^HOLD_PREFLIGHT_NOT_READY: /);
  });

  test('no READY where something was written after W9 looked, or is to come without W9', async () => {
    const grant = grants({ status: 'active' });
    const later = declared('W9', { verdict: VERDICT, ledgerHead: 'b'.repeat(64) });
    expect(await said(haltOf(later, plans(), grant))).toMatch(/^HOLD_EVIDENCE_STALE: .*c1:evidenceGeneration/);
    expect(await said(haltOf(w9, plans('W4'), grant))).toMatch(/^HOLD_EVIDENCE_STALE: seen rows of W4 to come/);
    // Whatever it saw before: with rows of its own to come it is asked again.
    expect(await said(haltOf(later, plans('W4', 'W9'), grant))).toBe(VERDICT);
    expect(await said(haltOf(w9, plans(), grant))).toBe(VERDICT);
  });

  test('HOLD_EVIDENCE_MISSING where the gate gave no verdict', async () => {
    const halt = haltOf(declared('W9', { code: 'OK_READ' }), plans(), grants({ status: 'active' }));
    expect(await said(halt)).toMatch(/^HOLD_EVIDENCE_MISSING: /);
  });
});
