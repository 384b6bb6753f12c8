import * as z from 'zod/mini';
import { C1Error, type Finding } from './codes.ts';
import {
  type Case,
  type Check,
  firstRefusal,
  MODES,
  type Mode,
  type Refusal,
  refusal,
  shown,
} from './decision/check.ts';
import { GRANT_CHECKS } from './decision/grant-checks.ts';
import { MANIFEST_CHECKS } from './decision/manifest-checks.ts';
import { isAuthorizedDryRun, isRealRun, REQUEST_CHECKS, rewritesNothing } from './decision/request-checks.ts';
import { asked, type Facts, facts, type Gates, gates, grantRow, type RuntimeManifest } from './decision/shapes.ts';

/**
 * The one decision about C1's dry run (executor.md, "Modes"; readiness.md, "Verifier reject codes"): used by executor,
 * verifier and bad-input harness alike. Pure: whoever calls reads the rows and hands them in.
 */
export interface DecisionRequest {
  /** What the caller asks for, as it came; see `decision/shapes.ts`. */
  readonly asked: unknown;
  /** What the runtime says around the grant. */
  readonly facts: Facts;
}

export interface Acceptance {
  readonly accepted: true;
  readonly dot_code: string;
  readonly mode: Mode;
  readonly manifest_hash: string;
  readonly operations: number;
  /** The grant that was looked at; null where the mode needs none. */
  readonly auth_code: string | null;
  /** How many checks found no fault. */
  readonly checks: number;
}

export type Decision = Acceptance | Refusal;

/**
 * Whether the request may go on. Checks run in this order, and the first fault is the answer:
 *
 * 1. a mode that is REAL_RUN in any dress, before anything else is read;
 * 2. shapes of request, facts, gates and grant;
 * 3. the DOT, its mode, the gates, the target, the rollback; for DRY_RUN both authorizations;
 * 4. the manifest: there, then what it says, then its hash; then the rows to be written;
 * 5. for DRY_RUN and VERIFY_ONLY the grant: what it says, what became of it, whether it fits; quorum; ownership.
 *
 * An unknown state is a refusal. PLAN_ONLY needs no grant.
 *
 * @param grant the row of governance_build_authorization, or null
 * @param manifest the manifest as the runtime makes it now, or null when it has none
 * @param gateRow the row of dot_runtime_gate and the time of the decision
 */
export function decide(
  request: DecisionRequest,
  grant: unknown,
  manifest: RuntimeManifest | null,
  gateRow: Gates,
): Decision {
  const shape = caseOf(request, grant, manifest, gateRow);
  if ('accepted' in shape) return shape;
  const checks = CHECKS[shape.mode];
  return firstRefusal(checks, shape) ?? acceptance(shape, checks.length);
}

const ALWAYS: readonly Check[] = [...REQUEST_CHECKS, isAuthorizedDryRun, ...MANIFEST_CHECKS, rewritesNothing];
const CHECKS: Readonly<Record<Mode, readonly Check[]>> = {
  PLAN_ONLY: ALWAYS,
  DRY_RUN: [...ALWAYS, ...GRANT_CHECKS],
  VERIFY_ONLY: [...ALWAYS, ...GRANT_CHECKS],
};

const shapes = z.strictObject({ asked, facts, gates, grant: z.nullable(grantRow) });

function caseOf(
  request: DecisionRequest,
  grant: unknown,
  manifest: RuntimeManifest | null,
  gateRow: Gates,
): Case | Refusal {
  const named = z.looseObject({ mode: z.unknown() }).safeParse(request.asked);
  if (named.success && isRealRun(named.data.mode)) return realRunBlocked(named.data.mode);
  const parsed = shapes.safeParse({ ...request, gates: gateRow, grant });
  if (!parsed.success) return malformed(problemsOf(parsed.error.issues), 'a request as the documentation shows it');
  const mode = MODES.find((known) => known === parsed.data.asked.mode);
  if (mode === undefined) return malformed(`mode ${shown(parsed.data.asked.mode)}`, MODES.join(', '));
  return { ...parsed.data, mode, manifest };
}

const MOST_PROBLEMS = 5;

function problemsOf(issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): string {
  return issues
    .slice(0, MOST_PROBLEMS)
    .map(({ path, message }) => `${path.map(String).join('.')}: ${message}`.slice(0, 200))
    .join('; ');
}

function malformed(seen: string, expected: string): Refusal {
  return refusal('REJECT_MALFORMED_REQUEST', seen, expected);
}

export function realRunBlocked(mode: unknown): Refusal {
  return refusal('C1_PROD_REAL_RUN_BLOCKED', `mode ${shown(mode)}`, MODES.join(', '));
}

function acceptance({ asked: { dot_code }, mode, manifest, grant }: Case, checks: number): Acceptance {
  const auth_code = mode === 'PLAN_ONLY' ? null : (grant?.auth_code ?? null);
  const operations = manifest?.manifest.operations.length ?? 0;
  return { accepted: true, dot_code, mode, manifest_hash: manifest?.hash ?? '', operations, auth_code, checks };
}

/** The acceptance. @throws C1Error with the code of a refusal */
export function accept(decision: Decision, next?: string): Acceptance {
  if (decision.accepted) return decision;
  const { code, seen, expected } = decision;
  const finding: Finding = next === undefined ? { seen, expected } : { seen, expected, next };
  throw new C1Error(code, finding);
}
