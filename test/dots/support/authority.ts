import type { Json } from '../../../domain/canonical.ts';
import { authCodeOf, GRANT_ROLLBACK_PLAN } from '../../../domain/decision/grant-checks.ts';
import type { Grant } from '../../../domain/decision/shapes.ts';
import { CONTRACTED_DOT_CODES } from '../../../domain/dots.ts';
import { rowNamed } from './rows.ts';
import type { Trial } from './trial.ts';

/** Rows that later steps bring, put in by a superuser with the guards off, as nobody else can. */
export const APR = 'APR-C1-GRANT-0123456789abcdef';
export const GRANTS = 'public.governance_build_authorization';
export const OWNERSHIPS = 'public.governance_object_ownership';
export const CONTRACTS = 'public.dot_agent_api_contract';
const REQUESTS = 'public.apr_requests';
const VOTES = 'public.apr_approvals';

/** What W5 registers. */
export async function putContracts(trial: Trial): Promise<void> {
  for (const code of CONTRACTED_DOT_CODES) {
    const name = `contract-${code.toLowerCase().replaceAll('_', '-')}`;
    await put(trial, CONTRACTS, { ...(rowNamed(name).payload as Readonly<Record<string, Json>>) });
  }
}

/** What W7 brings: a request with its quorum, the grant minted from it, the owner of the table. */
export async function putAuthority(trial: Trial, hash: string, actionSet: readonly string[]): Promise<void> {
  const request = {
    apr_code: APR,
    request_type: 'governance',
    action_code: 'authorize_build_step',
    risk_class: 'high',
  };
  const signed = { proposed_action: {}, proposer: 'operator_1', proposer_signature: 'trial', status: 'applied' };
  await put(trial, REQUESTS, { ...request, ...signed });
  for (const voter of ['voter_owner_1', 'voter_owner_2']) {
    await put(trial, VOTES, { apr_code: APR, voter, decision: 'approve', signature: 'trial' });
  }
  const object = 'c1.governance_canonical_operation_vocab';
  await put(trial, OWNERSHIPS, { object, owner: 'governance_owner', authority: 'DOT-bound' });
  await put(trial, GRANTS, grantOf(hash, actionSet));
}

/** A grant as authority.md says that it is minted, good for an hour. */
function grantOf(manifest_hash: string, actionSet: readonly string[]): Readonly<Record<string, Json>> {
  const grant: Omit<Grant, 'granted_at' | 'consumed_at' | 'revoked_at'> = {
    auth_code: authCodeOf(APR),
    carrier: 'C1',
    lane: 'dry_run',
    plan_ref: 'LEGO1-C1-PLAN',
    manifest_hash,
    action_set: [...actionSet],
    scope: { target: 'DOT_C1_VOCAB_BUILD', namespace: 'DRYRUN-NS:dot:c1:vocab' },
    status: 'active',
    single_use: true,
    commit_allowed: false,
    requires_sovereign_esign: false,
    request_ref: APR,
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    rollback_plan_ref: GRANT_ROLLBACK_PLAN,
  };
  return grant as Readonly<Record<string, Json>>;
}

async function put(trial: Trial, table: string, row: Readonly<Record<string, Json>>): Promise<void> {
  const columns = Object.keys(row).join(', ');
  const json = JSON.stringify(row).replaceAll("'", "''");
  await trial.tamper(
    [table],
    `insert into ${table} (${columns}) select ${columns} from jsonb_populate_record(null::${table}, '${json}')`,
  );
}

/** Columns of every row of a table are otherwise while `work` runs. */
export async function whileChanged(
  trial: Trial,
  table: string,
  change: string,
  work: () => Promise<void>,
): Promise<void> {
  const [column = ''] = change.split(' ');
  const kept = await trial.value<string>(`select jsonb_agg(to_jsonb(t))::text as v from ${table} t`);
  await trial.tamper([table], `update ${table} set ${change}`);
  try {
    await work();
  } finally {
    const key = await trial.value<string>(KEY, [table]);
    const rows = kept.replaceAll("'", "''");
    await trial.tamper(
      [table],
      `update ${table} t set ${column} = o.${column} from jsonb_populate_recordset(null::${table}, '${rows}') o where t.${key} = o.${key}`,
    );
  }
}

const KEY = `select a.attname::text as v from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
  where i.indrelid = $1::regclass and i.indisprimary`;
