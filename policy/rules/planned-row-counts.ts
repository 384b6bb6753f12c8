import type { PlannedDeltas } from '../../domain/planned-deltas.ts';
import { STEP_IDS, type StepId } from '../../domain/steps/step.ts';
import type { SurfaceName } from '../../domain/surfaces.ts';
import type { Placed, StackRule, Violation } from '../rule.ts';

/**
 * The surface that each row component stands for. Entries of the handbook follow from runs, and fields come with their
 * collection: neither is a resource, the gates count them. The baseline is bookkeeping.
 */
const SURFACE_OF: Readonly<Record<string, SurfaceName | null>> = {
  'c1:admission:Admission': 'admission_record',
  'c1:authority:ApprovalRequest': 'apr_requests',
  'c1:authority:Grant': 'governance_build_authorization',
  'c1:authority:HandlerBinding': 'apr_action_types',
  'c1:authority:HandlerPatch': 'vps_deploy_log',
  'c1:authority:Ownership': 'governance_object_ownership',
  'c1:baseline:Baseline': null,
  'c1:birth:Birth': 'birth_registry',
  'c1:contract:AgentApiContract': 'dot_agent_api_contract',
  'c1:evidence:Document': 'kb_document',
  'c1:executor:Image': 'executor_image',
  'c1:ledger:AdmissionEntry': null,
  'c1:registry:Catalogue': 'meta_catalog',
  'c1:registry:CollectionRegistryRow': 'collection_registry',
  'c1:registry:DotTool': 'dot_tools',
  'c1:registry:Registrar': 'vps_deploy_log',
  'c1:registry:TableRegistryRow': 'table_registry',
  'c1:species:Species': 'species',
  'c1:surface:Collection': 'directus_collections',
  'c1:surface:SchemaObject': 'schema_object',
};
const COUNTED = new Set(Object.values(SURFACE_OF));
const STEP_TYPE = /^c1:step:/;

/** The row components of each declared step are as many as the rows that `planned-deltas.yaml` names for it. */
export function plannedRowCounts(planned: PlannedDeltas): StackRule {
  return {
    name: 'planned-row-counts',
    description: 'The rows of every step are as many, by surface, as planned-deltas.yaml says.',
    next: 'npx c1 plan --check, then correct the payload or have planned-deltas.yaml reviewed',
    checkStack: (resources) => {
      const rows = resources.filter(({ type }) => type.startsWith('c1:') && !STEP_TYPE.test(type));
      const unknown = rows.filter(({ type }) => SURFACE_OF[type] === undefined);
      const steps = STEP_IDS.filter((id) =>
        resources.some((one) => STEP_TYPE.test(one.type) && stepOf(one.name) === id),
      );
      return [
        ...unknown.map(({ type, name }) => ({
          seen: `${name} of type ${type}`,
          expected: 'a row type that is counted',
        })),
        ...rows.filter(({ parent }) => !steps.some((id) => id === stepOf(parent))).map(withoutStep),
        ...steps.flatMap((id) =>
          compare(
            planned,
            id,
            rows.filter(({ parent }) => stepOf(parent) === id),
          ),
        ),
      ];
    },
  };
}

const withoutStep = ({ name, parent }: Placed): Violation => ({
  seen: `${name} in ${parent ?? 'no step'}`,
  expected: 'every row in a declared step',
});

function compare(planned: PlannedDeltas, step: StepId, rows: readonly Placed[]): readonly Violation[] {
  const plannedRows = planned.steps[step]?.rows ?? {};
  const surfaces = [...COUNTED].filter((surface) => surface !== null);
  return surfaces.flatMap((surface) => {
    const declared = new Set(rows.filter(({ type }) => SURFACE_OF[type] === surface).map(rowKey)).size;
    const expected = Object.keys(plannedRows[surface] ?? {}).length;
    if (declared === expected) return [];
    return [{ seen: `${step}: ${declared} rows of ${surface}`, expected: `${expected}, as planned-deltas.yaml says` }];
  });
}

/** The catalogue's one row is counted twice, before the tools and after them: two resources. */
const rowKey = ({ type, name, known }: Placed): string =>
  type === 'c1:registry:Catalogue' ? String(known.code) : name;

const stepOf = (name: string | null): string => (name ?? '').toUpperCase();
