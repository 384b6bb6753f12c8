import { afterAll, beforeAll, expect, test } from 'vitest';
import { enterDecision } from '../../../cli/approve/enter.ts';
import type { ApprovalStatement, SignedApproval } from '../../../domain/approval/statement.ts';
import { createTestRuntime, type TestRuntime } from '../../support/runtime.ts';
import { as, SUPERUSER } from './support/attempt.ts';
import { count } from './support/runs.ts';

/** A decision and its votes, entered one after the other: what the runtime took is never said to have been refused. */
let runtime: TestRuntime;
let target: { system: string; database: string };
beforeAll(async () => {
  runtime = await createTestRuntime();
  target = await as(runtime, SUPERUSER, async (client) => {
    const sql = `select (select system_identifier::text from pg_control_system()) as system,
                        (select oid::text from pg_database where datname = current_database()) as database`;
    const [row] = (await client.query<{ system: string; database: string }>(sql)).rows;
    return row ?? { system: '', database: '' };
  });
});
afterAll(() => runtime?.dispose());

const SIGNATURE = '-----BEGIN SSH SIGNATURE-----\nof a test\n-----END SSH SIGNATURE-----\n';
const digest = 'a'.repeat(64);

function signed(hours: number, ...codes: readonly string[]): SignedApproval {
  const statement: ApprovalStatement = {
    ...{ schema: 'c1.approval/v1', stack: 'trial', target: { ...target, ssh_host_key: null }, direction: 'apply' },
    ...{ plan_digest: digest, ledger: { entries: 1, head: null }, approver: 'voter_owner_1', decision: 'approve' },
    bins: { digest, brought: {} },
    steps: [{ id: 'W2', definition_digest: digest, step_digest: digest, deltas: [{ resource: 'row', digest }] }],
    expires_at: new Date(Date.now() + hours * 3_600_000).toISOString(),
  };
  return { statement, signature: SIGNATURE, votes: codes.map((apr_code) => ({ apr_code, signature: SIGNATURE })) };
}

async function entered(one: SignedApproval): Promise<readonly [code: string, isDecided: boolean, votes: number]> {
  let isDecided = false;
  const decided = () => {
    isDecided = true;
  };
  const code = await enterDecision(runtime.stateDir, one, decided).then(
    (said) => said.code,
    (cause: unknown) => /^[A-Z_]+/.exec(String(cause instanceof Error ? cause.message : cause))?.[0] ?? '',
  );
  return [code, isDecided, await as(runtime, SUPERUSER, (client) => count(client, 'public.apr_approvals'))];
}

test('a decision that was refused casts no vote; one whose vote was refused is entered, and says so', async () => {
  const good = `APR-C1-DOT_X-${'0'.repeat(16)}`;
  const before = await as(runtime, SUPERUSER, (client) => count(client, 'public.apr_approvals'));
  expect(await entered(signed(-1, good))).toEqual(['REJECT_PLAN_EXPIRED', false, before]);
  const half = signed(1, 'garbage');
  expect(await entered(half)).toEqual(['REJECT_APR_CLOSED', true, before]);
  // The same decision again enters the vote that was missing.
  expect(await entered({ ...half, votes: [{ apr_code: good, signature: SIGNATURE }] })).toEqual([
    'NOOP_ALREADY_THERE',
    true,
    before + 1,
  ]);
});
