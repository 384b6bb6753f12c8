import { digestOf, sha256Hex } from '../../domain/canonical.ts';
import { dayAt, type SeedRow } from './row.ts';

const ENDPOINT = 'http://incomex-agent-api-executor:8090/dispatch';

/** The pair that the executor serves from the start; C1 adds its own and changes nothing of it. */
export function contractRows(): readonly SeedRow[] {
  const shared = {
    output_namespace: 'DRYRUN-NS:dot:kg:explain',
    no_mutation_assertion: true,
    error_behavior: 'fail_closed_no_mutation',
    observation_write_policy: 'SIMULATED_DRY_RUN_ONLY_UNTIL_ENDPOINT',
    created_at: dayAt(260),
  };
  return [
    {
      ...{ dot_code: 'DOT_KG_EXPLAIN', operation: 'explain', role: 'producer', paired_dot: 'DOT_KG_EXPLAIN_VERIFY' },
      ...{ mode: 'DRY_RUN', endpoint_ref: ENDPOINT, contract_status: 'endpoint_bound', ...shared },
    },
    {
      ...{ dot_code: 'DOT_KG_EXPLAIN_VERIFY', operation: 'verify', role: 'verifier', paired_dot: 'DOT_KG_EXPLAIN' },
      ...{ mode: 'VERIFY_ONLY', endpoint_ref: null, contract_status: 'contract_ready', ...shared },
    },
  ];
}

const DEPLOYS: readonly (readonly [string, string, string, boolean])[] = [
  ['dot-apr-execute', '2.1.0', 'success', true],
  ['dot-apr-execute', '2.2.0-rc1', 'failed', false],
  ['dot-apr-execute', '2.2.0', 'success', true],
  ['dot-catalog-sync', '1.4.0', 'success', true],
  ['dot-collection-create', '1.3.0', 'success', true],
  ['dot-kg-explain', '1.0.0', 'success', true],
];

/** The digests are of files of the past, which nobody has any more. */
export function deployLogRows(): readonly SeedRow[] {
  return DEPLOYS.map(([bin, version, status, good], at) => ({
    file: `/opt/incomex/dot/bin/${bin}`,
    request_ref: `LEGACY-${at + 1}`,
    version,
    sha256: sha256Hex(`${bin}@${version}`),
    status,
    is_known_good: good,
    deployed_at: dayAt(152 + at * 20),
  }));
}

const DOCUMENTS: readonly (readonly [string, number, string, string])[] = [
  ['dot-handbook', 1, 'DOT handbook', 'superseded'],
  ['dot-handbook', 2, 'DOT handbook', 'superseded'],
  ['dot-handbook', 3, 'DOT handbook', 'current'],
  ['executor-runbook', 1, 'Executor runbook', 'current'],
  ['kg-explain-evidence', 1, 'Evidence of the KG dry run', 'current'],
  ['registrar-defect', 1, 'The registrar reports 287 new rows', 'current'],
  ['naming-rules', 1, 'Naming rules of DOTs', 'superseded'],
  ['naming-rules', 2, 'Naming rules of DOTs', 'current'],
  ['c1-prerequisites', 1, 'What C1 needs before it starts', 'current'],
];

export function documentRows(): readonly SeedRow[] {
  return DOCUMENTS.map(([doc_id, revision, title, status], at) => {
    const body = { title, revision, sections: ['purpose', 'scope', 'readback'] };
    return { doc_id, revision, title, body, sha256: digestOf(body), status, written_at: dayAt(100 + at * 12) };
  });
}
