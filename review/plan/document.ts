import * as z from 'zod/mini';
import { canonicalJson, digestOf, type Json } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import {
  PLAN_SCHEMA,
  type PlanDocument,
  type PlannedResource,
  type ProgramPlan,
  planDocument,
  programPlan,
} from '../../domain/planning/document.ts';
import { parseJsonStrictly } from '../../domain/strict-json.ts';
import type { SourceDigest } from './source.ts';

export interface PlanParts {
  readonly program: ProgramPlan;
  readonly source: SourceDigest;
  readonly versions: Readonly<Record<string, string>>;
  readonly resources: readonly PlannedResource[];
}

/** Puts the plan document together; its digest is of everything else in it. */
export function planDocumentOf({ program, source, versions, resources }: PlanParts): PlanDocument {
  const body = {
    ...({ schema: PLAN_SCHEMA } as const),
    ...program,
    ...{ source: { ...source }, versions: { ...versions } },
    resources: resources.map(({ type, name, op }) => ({ type, name, op })),
  };
  return { ...body, plan_digest: digestOf(body as unknown as Json) };
}

/** The document as its file has it: canonical JSON and one line end. */
export function planText(document: PlanDocument): string {
  return `${canonicalJson(document as unknown as Json)}\n`;
}

/** What the program handed on. @throws C1Error ERROR_READ_FAILED when it is not whole */
export function programPlanIn(bytes: Uint8Array): ProgramPlan {
  const found = parse(programPlan, bytes);
  if (!(found instanceof Error)) return found;
  const expected = 'the whole plan of the program';
  throw new C1Error('ERROR_READ_FAILED', { seen: found.message, expected }, { cause: found });
}

/** The same of a plan that was made here, as a document will have it. @throws C1Error ERROR_READ_FAILED */
export function wholeProgramPlan(plan: ProgramPlan): ProgramPlan {
  return programPlanIn(Buffer.from(JSON.stringify(plan)));
}

/** An earlier plan document; whether somebody altered it is for `digestOfPlan` to say. @throws C1Error ERROR_PAYLOAD_INVALID */
export function planDocumentIn(bytes: Uint8Array): PlanDocument {
  const found = parse(planDocument, bytes);
  if (!(found instanceof Error)) return found;
  const next = 'npx c1 plan --out plan.json, which writes one';
  const expected = `a document ${PLAN_SCHEMA}`;
  throw new C1Error('ERROR_PAYLOAD_INVALID', { seen: found.message, expected, next }, { cause: found });
}

/**
 * A plan document as it was written, for somebody who decides on it.
 *
 * @throws C1Error ERROR_PAYLOAD_INVALID; REJECT_PLAN_ALTERED when it was altered since; ERROR_USAGE when it is another stack's
 */
export function unalteredPlanIn(bytes: Uint8Array, stack: string): PlanDocument {
  const plan = planDocumentIn(bytes);
  const real = digestOfPlan(plan);
  if (real !== plan.plan_digest) {
    throw new C1Error('REJECT_PLAN_ALTERED', {
      seen: `a plan with digest ${real}`,
      expected: `${plan.plan_digest}, as it says itself`,
    });
  }
  if (plan.stack === stack) return plan;
  throw new C1Error('ERROR_USAGE', {
    seen: `a plan of the stack ${plan.stack}`,
    expected: `one of the stack ${stack}`,
    next: `the same with --stack ${plan.stack}`,
  });
}

/** The digest that a document must have; where it says another one, somebody changed it. */
export function digestOfPlan({ plan_digest: _, ...body }: PlanDocument): string {
  return digestOf(body as unknown as Json);
}

function parse<T>(schema: z.ZodMiniType<T>, bytes: Uint8Array): T | Error {
  try {
    const result = schema.safeParse(parseJsonStrictly(bytes));
    return result.success ? result.data : new Error(z.prettifyError(result.error).replaceAll('\n', ' '));
  } catch (cause) {
    return new Error(cause instanceof C1Error ? cause.seen : 'a file that is no JSON', { cause });
  }
}
