import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type Client, escapeLiteral } from 'pg';
import { GRANT_ROLLBACK_PLAN, GRANT_TARGET } from '../../domain/decision/grant-checks.ts';
import { DEFAULT_TTL_S, type GrantOrder, grantOrderOf } from '../../domain/grant.ts';
import { AUTHORIZE_ACTION, AUTHORIZE_HANDLER } from '../../domain/handler.ts';
import { MANIFEST_CARRIER, MANIFEST_LANE, MANIFEST_NAMESPACE, MANIFEST_PLAN } from '../../domain/manifest.ts';
import { C1_MANIFEST_FUNCTION, C1_SCHEMA } from '../../domain/objects.ts';
import { MANIFEST_REFS, manifestIn } from '../../domain/plans/grant-content.ts';
import { readSnapshot } from '../../dots/kernel/run.ts';
import { type Signers, signersOf } from '../../dots/kernel/ssh.ts';
import { writeAtomic } from '../files.ts';
import { OWNER_ROLE, VOTER_LOGINS } from '../roles.ts';
import { makeKeys, OPERATOR, signerLine } from '../stand-in-keys.ts';
import type { Disposable } from './disposable.ts';

/** Principals beside the stand-ins; `stranger` is no allowed signer. */
export const CAST = { third: 'owner_3', alias: 'owner_alias', stranger: 'stranger' } as const;

/** How long ago the manifest of a stage became what it is: requests may be older, and still open. */
export const MANIFEST_AGE = '1 hour';

/** A disposable runtime in which a grant can be minted, if everything is right. */
export interface Stage extends Disposable {
  readonly signers: Signers;
  /** What C1 asks for: exactly its dry run. */
  readonly order: GrantOrder;
  /** What was signed already. */
  readonly signatures: Map<string, string>;
}

/**
 * What a mint needs: keys, the schema with the manifest, the handler bound. H3 comes before H4 and W3, so a superuser
 * puts here what those bring there.
 */
export async function prepareStage(runtime: Disposable): Promise<Stage> {
  const { client, slot } = runtime;
  const [order] = await Promise.all([prepareDatabase(client), makeCast(slot.paths.secrets)]);
  return { ...runtime, order, signers: signersOf(slot.paths.secrets), signatures: new Map() };
}

async function prepareDatabase(client: Client): Promise<GrantOrder> {
  const { rows } = await client.query<{ source: string }>(
    'select source from iu_core.object_definition where name = any ($1) order by kind desc',
    [[C1_SCHEMA, C1_MANIFEST_FUNCTION]],
  );
  await client.query('set event_triggers = off');
  await behindTheGuards(
    client,
    ['public.apr_action_types', 'iu_core.install'],
    `${bindTo(AUTHORIZE_HANDLER)};
     update iu_core.install set installed_at = now() - interval '${MANIFEST_AGE}';
     set local role ${OWNER_ROLE}; ${rows.map(({ source }) => source).join(';\n')}; reset role`,
  );
  const manifest = manifestIn(await readSnapshot(client, MANIFEST_REFS));
  return grantOrderOf(TERMS, manifest, 1);
}

const TERMS = {
  carrier: MANIFEST_CARRIER,
  lane: MANIFEST_LANE,
  mode: 'DRY_RUN',
  plan_ref: MANIFEST_PLAN,
  scope: { target: GRANT_TARGET, namespace: MANIFEST_NAMESPACE },
  single_use: true,
  commit_allowed: false,
  requires_sovereign_esign: false,
  rollback_plan_ref: GRANT_ROLLBACK_PLAN,
  owner: 'governance_owner',
  ttl_seconds: DEFAULT_TTL_S,
};

/** Throw-away keys of this stage alone. */
async function makeCast(secrets: string): Promise<void> {
  const folder = path.join(secrets, 'ssh');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { third, alias, stranger } = CAST;
  await makeKeys(folder, [OPERATOR, ...VOTER_LOGINS, third, stranger]);
  const names = [`${OPERATOR},${alias}`, ...VOTER_LOGINS, third];
  const lines = names.map((name) => signerLine(folder, name.split(',')[0] ?? name, name));
  const allowed = path.join(folder, 'allowed_signers');
  await writeAtomic(allowed, `${(await Promise.all(lines)).join('\n')}\n`, 0o600);
}

export function bindTo(handler: string): string {
  return `update public.apr_action_types set handler_ref = ${escapeLiteral(handler)} where action_code = '${AUTHORIZE_ACTION}'`;
}

/** What only a superuser can do, and only while the guards of these tables are off: they are on for every bin. */
export async function behindTheGuards(client: Client, tables: readonly string[], statements: string): Promise<void> {
  const off = tables.map((table) => `alter table ${table} disable trigger user`).join('; ');
  await client
    .query(`begin; ${off}; ${statements}; ${tables.map(guardsOn).join('; ')}; commit`)
    .catch(async (cause) => {
      await client.query('rollback');
      throw cause;
    });
}

function guardsOn(table: string): string {
  return `do $do$ declare t record; begin
    for t in select tgname from pg_trigger where tgrelid = '${table}'::regclass and not tgisinternal loop
      execute format('alter table ${table} enable always trigger %I', t.tgname);
    end loop; end $do$`;
}
