import type * as pulumi from '@pulumi/pulumi';
import { output } from '@pulumi/pulumi';
import { describe, expect, test } from 'vitest';
import type { GovernedStep } from '../../components/governed-step.ts';
import { haltOf } from '../../components/halt.ts';
import { GRANT_SCOPE } from '../../domain/plans/grant-request.ts';
import type { StepPlan } from '../../domain/program.ts';
import { snapshotOf } from '../../domain/snapshot.ts';

const VERDICT = 'REHEARSAL GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION';

/** Steps as the program declared them, the last with what its gate said. */
function declared(last: string, said: object = {}): readonly GovernedStep[] {
  return [{ step: { id: last }, outcome: output(JSON.stringify(said)) } as unknown as GovernedStep];
}

/** W7's rows still to come, or there. */
const plans = (toCome: boolean) =>
  [{ step: { id: 'W7' }, rows: [{ deltas: toCome ? [{}] : [] }] }] as unknown as readonly StepPlan[];

function grants(...rows: readonly { status: string; past?: true }[]) {
  const found = rows.map(({ status, past }, at) => ({
    ...{ surface: 'governance_build_authorization' as const, key: `GBA-C1-APR-${at}` },
    ...{ image: { status }, live: status === 'active', ...(past === undefined ? {} : { past }) },
  }));
  return snapshotOf(GRANT_SCOPE, { rows: found, claims: [], runs: [], counts: [] });
}

const said = (halt: pulumi.Output<string>) => new Promise<string>((resolve) => void halt.apply(resolve));
const w9 = declared('W9', { code: 'x', verdict: VERDICT });

describe('at its end a stack says', () => {
  test('the verdict that W9 read back, with a grant that is there or still to come', async () => {
    expect(await said(haltOf(w9, plans(false), grants({ status: 'active' })))).toBe(VERDICT);
    expect(await said(haltOf(w9, plans(true), grants()))).toBe(VERDICT);
  });

  test('HOLD_NOT_AT_HALT through an earlier step', async () => {
    expect(await said(haltOf(declared('W8'), plans(false), grants({ status: 'active' })))).toMatch(
      /^HOLD_NOT_AT_HALT: seen a stack through W8, /,
    );
  });

  test.each([
    ['used', { status: 'consumed' }],
    ['revoked', { status: 'revoked' }],
    ['past its expiry', { status: 'active', past: true as const }],
  ])('no READY any more once the grant is %s', async (_, row) => {
    expect(await said(haltOf(w9, plans(false), grants(row)))).toMatch(/^HOLD_PREFLIGHT_NOT_READY: /);
  });

  test('HOLD_EVIDENCE_MISSING where the gate gave no verdict', async () => {
    const halt = haltOf(declared('W9', { code: 'OK_READ' }), plans(false), grants({ status: 'active' }));
    expect(await said(halt)).toMatch(/^HOLD_EVIDENCE_MISSING: /);
  });
});
