import * as z from 'zod/mini';
import type { Json } from '../canonical.ts';
import { digestOf } from '../canonical.ts';
import { C1Error } from '../codes.ts';
import '../english.ts';
import type { PlanDocument, PlannedStep } from '../planning/document.ts';
import { STEP_IDS, type StepId } from '../steps/step.ts';
import { approvedBins, approvedBinsOf } from './bins.ts';

/**
 * An owner's decision about steps of one plan (review.md, "Approval"): what is signed, kept under `approvals/<stack>/`, and
 * entered in the runtime by the owner's own login.
 */
export const APPROVAL_NAMESPACE = 'c1-plan';
export const APPROVAL_SCHEMA = 'c1.approval/v1';
/** How many owners have to agree where the runtime was installed with no other number. */
export const PLAN_QUORUM = 2;
/** As long as the votes count that go with it. Twin of `iu_core.assert_plan_statement`. */
export const LONGEST_APPROVAL_HOURS = 72;

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const name = z.string().check(z.minLength(1), z.maxLength(100));

const decidedStep = z.strictObject({
  id: z.enum(STEP_IDS),
  definition_digest: sha256,
  step_digest: sha256,
  /** Each run that the step will make, by the resource that makes it. */
  deltas: z.array(z.strictObject({ resource: name, digest: sha256 })).check(z.maxLength(200)),
});
export type DecidedStep = z.infer<typeof decidedStep>;

export const approvalStatement = z.strictObject({
  schema: z.literal(APPROVAL_SCHEMA),
  stack: name,
  target: z.strictObject({ system: name, database: name, ssh_host_key: z.nullable(name) }),
  direction: z.enum(['apply', 'retire']),
  plan_digest: sha256,
  /** Head of the ledger that the plan was made on. */
  ledger: z.strictObject({ entries: z.int(), head: z.nullable(z.string()) }),
  bins: approvedBins,
  steps: z.array(decidedStep).check(z.minLength(1), z.maxLength(STEP_IDS.length)),
  /** Principal of the allowed signers, and login of the runtime. */
  approver: z.string().check(z.regex(/^[a-z][a-z0-9_]{0,62}$/, 'a voter login')),
  decision: z.enum(['approve', 'deny']),
  expires_at: z.iso.datetime({ offset: true }),
});
export type ApprovalStatement = z.infer<typeof approvalStatement>;
export type PlanDecision = ApprovalStatement['decision'];

const signature = z.string().check(z.startsWith('-----BEGIN SSH SIGNATURE-----'), z.maxLength(10_000));

/** A file under `approvals/<stack>/`. */
export const signedApproval = z.strictObject({
  statement: approvalStatement,
  signature,
  /** His votes on the requests that the approved steps will propose: one ceremony, not two. */
  votes: z._default(z.array(z.strictObject({ apr_code: z.string().check(z.maxLength(200)), signature })), []),
});
export type SignedApproval = z.infer<typeof signedApproval>;

export interface DecisionOrder {
  readonly approver: string;
  readonly decision: PlanDecision;
  /** ISO 8601. */
  readonly expires_at: string;
  /** Null for all of the plan. */
  readonly steps: readonly StepId[] | null;
}

/**
 * What an owner says of a plan, before it is signed.
 *
 * @throws C1Error ERROR_USAGE for a step that the plan does not have
 */
export function statementFor(plan: PlanDocument, order: DecisionOrder): ApprovalStatement {
  const { approver, decision, expires_at, steps } = order;
  const { system, database, ssh_host_key } = plan.target;
  return {
    schema: APPROVAL_SCHEMA,
    stack: plan.stack,
    target: { system, database, ssh_host_key },
    direction: plan.direction,
    plan_digest: plan.plan_digest,
    ledger: plan.ledger,
    bins: approvedBinsOf(plan),
    steps: chosen(plan, steps).map(decidedOf),
    ...{ approver, decision, expires_at },
  };
}

function chosen(plan: PlanDocument, wanted: readonly StepId[] | null): readonly PlannedStep[] {
  if (wanted === null) return plan.steps;
  const missing = wanted.find((id) => !plan.steps.some((step) => step.id === id));
  if (missing === undefined) return plan.steps.filter(({ id }) => wanted.includes(id));
  const expected = `one of ${plan.steps.map(({ id }) => id).join(', ')}`;
  throw new C1Error('ERROR_USAGE', { seen: `step ${missing}, which the plan does not have`, expected });
}

function decidedOf({ id, definition_digest, step_digest, rows }: PlannedStep): DecidedStep {
  const deltas = rows
    .filter(({ deltas: changes }) => changes.length > 0)
    .map(({ owner, delta_digest }) => ({ resource: owner, digest: delta_digest }));
  return { id, definition_digest, step_digest, deltas };
}

/** SHA-256 of what is signed; the runtime computes the same. */
export function statementDigest(statement: ApprovalStatement): string {
  return digestOf(statement as unknown as Json);
}
