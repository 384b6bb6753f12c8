import type { Client } from 'pg';
import type { Json } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { type Consumption, grantConsume } from '../../domain/plans/grant-consume.ts';
import type { Claimant } from '../../domain/plans/plan.ts';
import { type OnRequest, type RunResult, runDot } from '../kernel/run.ts';

/** Of a run that belongs to no step: the grant is used after W9, by whoever holds the authorizations. */
const STEP = 'CONSUME';

/**
 * Uses the grant, once. A run in the name of the resource that the grant belongs to, which lets go of it.
 *
 * @param verified what the verification of the manifest said
 * @throws C1Error REJECT_AUTH_ALREADY_CONSUMED and the other refusals of a grant
 */
export async function consume(client: Client, verified: Json, onRequest: OnRequest): Promise<RunResult> {
  const { auth_code, manifest_hash } = verified as unknown as Consumption;
  const payload: Consumption = { auth_code, manifest_hash };
  const claimant = await claimantOf(client, verified);
  const input = { dot: 'DOT_C1_VOCAB_VERIFY' as const, step: STEP, direction: 'retire' as const, claimant, payload };
  return runDot(client, { plan: grantConsume, kind: 'consume' }, input, { dryRun: false, onRequest });
}

/** Whose grant it is that was verified. @throws C1Error HOLD_DRIFT */
export async function claimantOf(client: Client, verified: Json): Promise<Claimant> {
  const { auth_code } = verified as unknown as Consumption;
  const { rows } = await client.query<Claimant>(
    `select c.stack, c.resource from iu_core.claim c where c.surface = 'governance_build_authorization' and c.key = $1`,
    [auth_code],
  );
  const [found] = rows;
  if (found !== undefined) return found;
  throw new C1Error('HOLD_DRIFT', {
    seen: `grant ${auth_code}, which no run of a DOT made`,
    expected: 'a grant that was minted',
  });
}
