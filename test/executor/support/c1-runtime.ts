import {
  type ActionTypeRow,
  actionSetOf,
  manifestHash,
  manifestOf,
  resolveOperations,
} from '../../../domain/manifest.ts';
import { actionTypeRows } from '../../../runtime/seed/authority.ts';
import { createThrough, lifeOf, mustRun } from '../../dots/support/rows.ts';
import { createTrial, type Trial } from '../../dots/support/trial.ts';

/** The operations that the seed brings, and what follows from them. */
const OPERATIONS = resolveOperations(actionTypeRows() as unknown as readonly ActionTypeRow[]);
export const HASH = manifestHash(OPERATIONS);
/** As a caller presents it. */
export const MANIFEST = { ...manifestOf(OPERATIONS), hash: HASH };
export const VERIFY = { dot_code: 'DOT_C1_VOCAB_VERIFY', mode: 'VERIFY_ONLY', manifest: MANIFEST };

/** A runtime on which W1 to W5 left what the executor reads: surface, tools and both contracts, each made by its DOT. */
export async function createC1Trial(): Promise<Trial> {
  const trial = await createTrial();
  await createThrough(trial, 'contract-dot-c1-vocab-build');
  const verifier = 'dot-c1-vocab-verify';
  for (const row of [...lifeOf(verifier), `tool-${verifier}`, `contract-${verifier}`]) {
    await mustRun(trial, row, 'create');
  }
  return trial;
}

const APR = 'APR-C1-GRANT-0123456789abcdef';
const GRANT_TABLES = ['public.apr_requests', 'public.apr_approvals', 'public.governance_build_authorization'];

/** A live grant with its request, its votes and the owner of the surface, as W7 will leave them. */
export async function mintGrant(trial: Trial): Promise<void> {
  const actions = actionSetOf(OPERATIONS).map((code) => `'${code}'`);
  await trial.tamper(
    [...GRANT_TABLES, 'public.governance_object_ownership'],
    `insert into public.apr_requests (apr_code, request_type, action_code, proposed_action, proposer, proposer_signature, status)
       values ('${APR}', 'governance', 'authorize_build_step', '{}', 'operator_1', 'of a test', 'applied')`,
    `insert into public.apr_approvals (apr_code, voter, decision, signature) values
       ('${APR}', 'voter_owner_1', 'approve', 'of a test'), ('${APR}', 'voter_owner_2', 'approve', 'of a test')`,
    `insert into public.governance_build_authorization (auth_code, carrier, lane, plan_ref, manifest_hash, action_set, scope,
         status, single_use, commit_allowed, requires_sovereign_esign, request_ref, expires_at, rollback_plan_ref)
       values ('GBA-C1-${APR}', 'C1', 'dry_run', 'LEGO1-C1-PLAN', '${HASH}', array[${actions.join(', ')}],
         '{"target":"DOT_C1_VOCAB_BUILD","namespace":"DRYRUN-NS:dot:c1:vocab"}', 'active', true, false, false, '${APR}',
         now() + interval '1 day', 'retire-not-delete')`,
    `insert into public.governance_object_ownership (object, owner, authority)
       values ('c1.governance_canonical_operation_vocab', 'governance_owner', 'DOT-bound')`,
  );
}

/** The entry of a package of evidence, as W9 will leave it. */
export async function enterEvidence(trial: Trial, stack: string, digest: string): Promise<void> {
  await trial.tamper(
    ['public.kb_document', 'iu_core.claim'],
    `insert into public.kb_document (doc_id, revision, title, body, sha256, package_sha256, status)
       values ('c1-readiness-evidence', 1, 'of a test', '{}', '${'0'.repeat(64)}', '${digest}', 'current')`,
    `insert into iu_core.claim (surface, key, stack, resource, request_id, status)
       select 'kb_document', 'c1-readiness-evidence/1', '${stack}', 'evidence', r.request_id, 'live' from iu_core.dot_run r limit 1`,
  );
}

/** The grant, and evidence of it: what was entered before it counts for none. */
export async function mintGrantOf(trial: Trial, stack: string, digest: string): Promise<void> {
  await mintGrant(trial);
  await renewEvidence(trial, stack, digest);
}

/** As an update whose W9 comes after another grant. */
export async function renewEvidence(trial: Trial, stack: string, digest: string): Promise<void> {
  await trial.tamper(
    ['public.kb_document', 'iu_core.claim'],
    "delete from public.kb_document where doc_id = 'c1-readiness-evidence'",
    "delete from iu_core.claim where surface = 'kb_document' and resource = 'evidence'",
  );
  await enterEvidence(trial, stack, digest);
}

/** Runs `work` while the one live grant says something else. */
export async function withGrant<T>(trial: Trial, changes: string, work: () => Promise<T>): Promise<T> {
  const kept = await trial.value<object>('select to_jsonb(g) as v from public.governance_build_authorization g');
  const table = 'public.governance_build_authorization';
  await trial.tamper([table], `update ${table} set ${changes}`);
  try {
    return await work();
  } finally {
    const back = `insert into ${table} select r.* from jsonb_populate_record(null::${table}, '${JSON.stringify(kept)}') r`;
    await trial.tamper([table], `delete from ${table}`, back);
  }
}
