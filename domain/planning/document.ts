import * as z from 'zod/mini';
import type { Json } from '../canonical.ts';
import '../english.ts';
import { STEP_IDS } from '../steps/step.ts';
import { SURFACE_NAMES } from '../surfaces.ts';

export const PLAN_SCHEMA = 'c1.plan/v1';

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const count = z.int();
const surface = z.enum(SURFACE_NAMES);
const json = z.json() as unknown as z.ZodMiniType<Json>;
const image = z.nullable(z.record(z.string(), json));
const texts = z.array(z.string());

const delta = z.strictObject({
  surface,
  key: z.string(),
  op: z.enum(['insert', 'update', 'reinstate', 'retire']),
  before: image,
  after: image,
});
export type PlannedDelta = z.infer<typeof delta>;

/** A governed row: its commands, what they take, and what they come to on the folded state. */
const row = z.strictObject({
  type: z.string(),
  name: z.string(),
  owner: z.string(),
  create: z.string(),
  retire: z.string(),
  payload: json,
  after: texts,
  deltas: z.array(delta),
  /** The digest that the runtime itself computes of the run that the command makes (`iu_core.delta_digest`). */
  delta_digest: sha256,
});
export type PlannedRow = z.infer<typeof row>;

const step = z.strictObject({
  id: z.enum(STEP_IDS),
  title: z.string(),
  goal: z.string(),
  /** What the step says and sends, whatever the state is. */
  definition_digest: sha256,
  /** Definition and delta digests: what an owner approves. */
  step_digest: sha256,
  rows: z.array(row),
  /** What is run between open and gate and governs no row. */
  commands: z.array(z.strictObject({ name: z.string(), create: z.string(), request: json })),
  /** Net live rows per surface that the gate expects. */
  expected: z.partialRecord(surface, count),
  readback: z.string(),
  retire: z.string(),
  blast_radius: z.string(),
  stops: texts,
  attack: z.string(),
});
export type PlannedStep = z.infer<typeof step>;

/** One row that the plan and planned-deltas.yaml, an engine's preview or an earlier plan do not agree on. */
const difference = z.strictObject({
  /** The row, or whatever else differs: `W3 table_registry/c1/x`, `bins/dot-x`. */
  where: z.string(),
  seen: z.string(),
  expected: z.string(),
});
export type Difference = z.infer<typeof difference>;

/** What the program knows: its own plans on the one snapshot that its resources were declared on. */
const program = {
  label: texts,
  stack: z.string(),
  /** What an `up` brings, or what a destroy takes back. */
  direction: z.enum(['apply', 'retire']),
  config: z.strictObject({
    approvals: z.string(),
    through: z.enum(STEP_IDS),
    grant_generation: count,
    expected_manifest_hash: z.nullable(z.string()),
  }),
  target: z.strictObject({
    kind: z.string(),
    system: z.string(),
    database: z.string(),
    /** Of a governed host; the embedded runtime is reached without SSH. */
    ssh_host_key: z.nullable(z.string()),
  }),
  /** Every file of the DOT folder, and what the release brings: names with SHA-256. */
  bins: z.record(z.string(), sha256),
  release: z.record(z.string(), sha256),
  prestate: z.record(z.string(), z.strictObject({ live: count, total: count, rows: sha256 })),
  ledger: z.strictObject({ entries: count, head: z.nullable(z.string()) }),
  steps: z.array(step),
  /** Per step and surface, against planned-deltas.yaml. */
  totals: z.array(
    z.strictObject({ step: z.enum(STEP_IDS), surface, applied: count, remaining: count, planned: count }),
  ),
  /** Rows that planned-deltas.yaml and the plans do not agree on. */
  differences: z.array(difference),
};
export const programPlan = z.strictObject(program);
export type ProgramPlan = z.infer<typeof programPlan>;

const resource = z.strictObject({ type: z.string(), name: z.string(), op: z.string() });
export type PlannedResource = z.infer<typeof resource>;

/** The plan document (review.md): nothing of a time, a machine or a run is in it. */
export const planDocument = z.strictObject({
  schema: z.literal(PLAN_SCHEMA),
  ...program,
  source: z.strictObject({ digest: sha256, files: count }),
  versions: z.record(z.string(), z.string()),
  resources: z.array(resource),
  /** Of everything else here: both digests of all steps, and what they were planned on. */
  plan_digest: sha256,
});
export type PlanDocument = z.infer<typeof planDocument>;
