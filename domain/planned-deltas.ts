import * as z from 'zod/mini';
import type { Json } from './canonical.ts';
import { C1Error } from './codes.ts';
import type { Delta, Image } from './deltas.ts';
import './english.ts';
import { STEP_IDS, type StepId } from './steps/step.ts';
import { isSurfaceName, type SurfaceName } from './surfaces.ts';

/** `planned-deltas.yaml`: per step, the rows that it brings by surface and key, and the number of its applied runs. */
const plannedStep = z.strictObject({
  /** None where a step writes outside of the database alone, and so enters nothing in the handbook. */
  runs: z.optional(z.int().check(z.positive())),
  rows: z.record(
    z.string().check(z.refine(isSurfaceName, 'a governed surface')),
    z.record(z.string(), z.enum(['insert', 'change'])),
  ),
});
const plannedDeltas = z.strictObject({ steps: z.partialRecord(z.enum(STEP_IDS), plannedStep) });
export type PlannedDeltas = z.infer<typeof plannedDeltas>;

/** @throws C1Error ERROR_PAYLOAD_INVALID naming every property that is wrong */
export function parsePlannedDeltas(value: unknown): PlannedDeltas {
  const result = plannedDeltas.safeParse(value);
  if (result.success) return result.data;
  throw new C1Error('ERROR_PAYLOAD_INVALID', {
    seen: `planned-deltas.yaml: ${z.prettifyError(result.error).replaceAll('\n', ' ')}`,
    expected: 'steps with runs and rows by surface and key',
    next: 'correct planned-deltas.yaml',
  });
}

/** Net live rows that a step brings to each surface; `dot_ledger` counts its runs. Surfaces that are not named stay as they are. */
export function plannedCounts(planned: PlannedDeltas, step: StepId): Partial<Record<SurfaceName, number>> {
  const found = planned.steps[step];
  if (found === undefined) return {};
  const rows = Object.entries(found.rows).map(([surface, keys]) => [
    surface,
    Object.values(keys).filter((operation) => operation === 'insert').length,
  ]);
  return { ...Object.fromEntries(rows), ...(found.runs === undefined ? {} : { dot_ledger: found.runs }) };
}

/** The same of every step named: also of one that brings nothing. */
export function plannedBySteps(
  planned: PlannedDeltas,
  steps: readonly StepId[],
): Partial<Record<StepId, Partial<Record<SurfaceName, number>>>> {
  return Object.fromEntries(steps.map((step) => [step, plannedCounts(planned, step)]));
}

export function isPlanned(planned: PlannedDeltas, step: StepId, delta: Delta): boolean {
  return (
    delta.surface === 'dot_ledger' || Object.hasOwn(planned.steps[step]?.rows[delta.surface] ?? {}, plannedName(delta))
  );
}

/** A row whose key only the runtime can make is named by what it is about: a request by what it asks for and of which DOT. */
export function plannedName({ surface, key, after }: Pick<Delta, 'surface' | 'key' | 'after'>): string {
  if (surface === 'apr_requests') return `${field(after, 'action_code')} ${targetOf(after?.proposed_action)}`;
  if (surface === 'governance_build_authorization')
    return `GBA-${field(after, 'carrier')} ${targetOf(after ?? undefined)}`;
  // Which revision it is depends on those before.
  if (surface === 'kb_document') return field(after, 'doc_id');
  return surface === 'vps_deploy_log' ? `${field(after, 'file')} ${field(after, 'version')}` : key;
}

/** A patch is of a DOT; a grant is for one. */
function targetOf(value: Json | undefined): string {
  const own = field(value, 'dot_code');
  return own === 'unknown' ? field((value as Image | undefined)?.scope, 'target') : own;
}

function field(value: Json | undefined, name: string): string {
  return String(value !== null && typeof value === 'object' && name in value ? (value as Image)[name] : 'unknown');
}
