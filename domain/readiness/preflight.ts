import * as z from 'zod/mini';
import { C1Error } from '../codes.ts';
import type { StepId } from '../steps/step.ts';

/** The eight checks, in order, each with the step that brings what it asks for; nobody of ours opens or closes a gate. */
export const PREFLIGHT_CHECKS = [
  { number: 1, name: 'surface', step: 'W3' },
  { number: 2, name: 'table_registry', step: 'W3' },
  { number: 3, name: 'tools', step: 'W4' },
  { number: 4, name: 'contracts', step: 'W5' },
  { number: 5, name: 'grant', step: 'W7' },
  { number: 6, name: 'ownership', step: 'W7' },
  { number: 7, name: 'gates', step: null },
  { number: 8, name: 'executor', step: 'W6' },
] as const satisfies readonly { readonly number: number; readonly name: string; readonly step: StepId | null }[];

/** One check with its evidence: what was expected and what was seen. */
export const preflightCheck = z.strictObject({
  number: z.int(),
  name: z.string(),
  ok: z.boolean(),
  expected: z.string(),
  seen: z.string(),
});
export type PreflightCheck = z.infer<typeof preflightCheck>;

export const EXECUTOR_EXPECTED = 'healthy, writes_db:false, C1 PLAN_ONLY validated, KG unchanged';

/** Before W3 there is no view to ask: the surface is missing, and nothing is known of the others. */
export function surfaceMissing(seen: string): C1Error {
  return notReady({ number: 1, name: 'surface', ok: false, expected: 'the view that W3 brings', seen }, 0);
}

/**
 * Eight checks, each named as it must be, and every one of them holds: a list that lost one is not ready.
 *
 * @throws C1Error HOLD_PREFLIGHT_NOT_READY naming the first check that fails, what is missing, and the step that brings it
 */
export function assertReady(found: readonly PreflightCheck[]): void {
  for (const { number, name } of PREFLIGHT_CHECKS) {
    const those = found.filter((one) => one.number === number && one.name === name);
    const [check] = those;
    const holding = found.filter(({ ok }) => ok).length;
    if (check === undefined || those.length > 1) {
      const seen = `${those.length} answers to it`;
      throw notReady({ number, name, ok: false, expected: 'one answer', seen }, holding);
    }
    if (!check.ok) throw notReady(check, holding);
  }
  if (found.length === PREFLIGHT_CHECKS.length) return;
  const expected = `${PREFLIGHT_CHECKS.length}`;
  throw new C1Error('HOLD_PREFLIGHT_NOT_READY', { seen: `${found.length} checks`, expected });
}

function notReady({ number, name, expected, seen }: PreflightCheck, holding: number): C1Error {
  const step = PREFLIGHT_CHECKS.find((one) => one.number === number)?.step ?? null;
  return new C1Error('HOLD_PREFLIGHT_NOT_READY', {
    seen: `check ${number} (${name}): ${seen}; ${holding} of ${PREFLIGHT_CHECKS.length} hold`,
    expected,
    next:
      step === null
        ? 'find who opened a gate, which no step of ours does, and have it closed; then run the preflight again'
        : `npx pulumi up, whose step ${step} brings it; a row that somebody changed is put back by its DOT first`,
  });
}
