import { CATALOGUE_OF_DOTS, type DotToolRow } from '../payloads.ts';
import { catalogueEnsure, catalogueSync } from '../plans/catalogue-reconcile.ts';
import { dotRegister } from '../plans/dot-register.ts';
import type { StepPayloads } from './payloads.ts';
import { type Step, type StepRow, slug, stepRow } from './step.ts';

const ENSURE = 'catalogue-ensure';
const SYNC = 'catalogue-sync';
const SYNC_COMMAND = `dot-catalog-sync --cloud --step W4 --code ${CATALOGUE_OF_DOTS}`;

/**
 * W4: the catalogue of DOTs is counted, the eight DOTs become tools, and it is counted again (seed 000, W4). Eight
 * single-row calls equal the one call of the seed (steps.md).
 */
export function toolStep({ tools }: StepPayloads): Step {
  const rows = tools.map(toolRow);
  return {
    id: 'W4',
    title: 'ToolRegistration',
    goal: 'Register the eight C1 DOTs as tools, each with its handbook entry, and make the catalogue say how many there are.',
    dotPaths: ['dot-schema-meta-catalog-ensure', 'dot-dot-register-c1-hardened', 'dot-catalog-sync'],
    payloadFiles: ['payloads/dot_tools_rows.json'],
    rows: [ensureRow(), ...rows, syncRow(rows.map(({ name }) => name))],
    readback:
      'dot_tools 309 → 317, no code, name or file twice, a registration entry for each code, CAT-006 counts the live tools',
    retire: 'the named code is flipped to retired and its entry superseded; then CAT-006 is counted again and released',
    blastRadius: 'eight tool rows and one count of the catalogue',
    stops: [
      'delta is not 8, or the registrar names another number than is missing',
      'a code that is not of C1',
      'a duplicate code, name or file',
      'a code without its ledger entry',
      'CAT-006 is missing, drifted or claimed by another stack',
    ],
    attack: 'insert the backlog of unregistered files; insert a tool row directly',
    checks: { open: ['registrar'] },
  };
}

/** Deleted last, when the tools are retired: the other DOT counts them and releases the row. */
function ensureRow(): StepRow {
  return catalogueRow({
    name: ENSURE,
    create: `dot-schema-meta-catalog-ensure --cloud --step W4 --code ${CATALOGUE_OF_DOTS}`,
    retire: `${SYNC_COMMAND} --retire`,
    after: [],
    dotPlan: catalogueEnsure,
  });
}

/** Deleted first, while the tools are live: nothing is to be counted yet, so its delete only looks. */
function syncRow(tools: readonly string[]): StepRow {
  return catalogueRow({
    name: SYNC,
    create: SYNC_COMMAND,
    retire: `${SYNC_COMMAND} --retire --dry-run`,
    after: [ENSURE, ...tools],
    dotPlan: catalogueSync,
  });
}

/** Two resources and one row: they claim it under one name, so that the first can release what the second wrote. */
function catalogueRow(
  options: Pick<Parameters<typeof stepRow>[0], 'name' | 'create' | 'retire' | 'after'> & {
    readonly dotPlan: typeof catalogueSync;
  },
): StepRow {
  return stepRow({
    ...options,
    type: 'c1:registry:Catalogue',
    owner: 'catalogue',
    inputs: { code: CATALOGUE_OF_DOTS, record_count: 'live rows of dot_tools' },
    payload: { code: CATALOGUE_OF_DOTS },
    standardInput: null,
  });
}

function toolRow(payload: DotToolRow): StepRow {
  const command = `dot-dot-register-c1-hardened --cloud --step W4 --only-prefix dot-c1- --only ${payload.code} --max-new 1`;
  return stepRow({
    type: 'c1:registry:DotTool',
    name: `tool-${slug(payload.code)}`,
    inputs: payload,
    create: command,
    retire: `${command} --retire`,
    after: [ENSURE],
    dotPlan: dotRegister,
    payload,
  });
}
