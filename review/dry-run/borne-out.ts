import { CODES, isCode } from '../../domain/codes.ts';
import { checkAnswer } from '../../domain/readiness/readback-checks.ts';
import { altered } from '../../dots/evidence/folder.ts';
import { assertCases, borne, same } from '../evidence/borne-out.ts';
import { ACT_NAMES, type ActName, type DryRunDocument, sayingOf } from './document.ts';

/**
 * The evidence of a dry run holds what it says of itself: its parts are all there, nothing passed after one that did not, and
 * what passed left what it has to leave.
 *
 * @throws C1Error REJECT_EVIDENCE_ALTERED
 */
export function assertBorneOut(document: DryRunDocument): void {
  const { checks, verdict, result } = document;
  same(
    'parts',
    [...ACT_NAMES],
    checks.map(({ name }) => name),
  );
  const stopped = checks.findIndex(({ outcome }) => outcome !== 'passed');
  const after = stopped < 0 ? [] : checks.slice(stopped + 1);
  if (after.some(({ outcome }) => outcome !== 'not executed')) throw altered('a part after one that failed', 'none');
  same('verdict and result', sayingOf(document, refusing(verdict)), { verdict, result });
  for (const [at, name] of ACT_NAMES.entries())
    if (checks[at]?.outcome === 'passed') borne(`its part '${name}'`, () => LEFT[name]?.(document));
}

/** What stopped a run is a code that stops. */
function refusing(verdict: string): string {
  return isCode(verdict) && !['OK', 'NOOP'].includes(CODES[verdict].kind) ? verdict : 'a code';
}

/** What a part leaves that passed. */
const LEFT: Readonly<Partial<Record<ActName, (document: DryRunDocument) => void>>> = {
  'dry run': ({ build, auth_code }) => {
    const { manifest_hash, computations } = build ?? {};
    const hashes = new Set([manifest_hash, ...Object.values(computations ?? {})]);
    same('the dry run', [build?.auth_code, hashes.size], [auth_code, 1]);
  },
  'bad inputs': ({ bad_inputs }) => assertCases(bad_inputs),
  readback: ({ readback, auth_code, stack, label }) => {
    if (readback === null) throw altered('a readback that is not there', 'what it read');
    checkAnswer(readback);
    const grant = readback.grants.find((row) => row.auth_code === auth_code);
    same(
      'stack, label and the use of the grant',
      [readback.baseline.stack, readback.runtime.label, grant?.status],
      [stack, label, 'consumed'],
    );
  },
};
