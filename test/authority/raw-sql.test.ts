import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LOGINS } from '../../runtime/roles.ts';
import { mustRun } from '../dots/support/rows.ts';
import { as, asOwner, attempt, BYPASS, NO_RIGHT, SUPERUSER } from '../runtime/guards/support/attempt.ts';
import { GRANTS, GrantTrial } from './support/grant-trial.ts';

/** With a live grant and an owner in the tables: nobody changes either but by the gateway. */
let it: GrantTrial;
let before: string;
beforeAll(async () => {
  it = await GrantTrial.create();
  await it.minted();
  await mustRun(it.trial, 'ownership', 'create');
  before = await it.trial.fingerprint();
});
afterAll(() => it?.dispose());

const OWNERSHIPS = 'public.governance_object_ownership';
const STATEMENTS = [
  `insert into ${GRANTS} select (jsonb_populate_record(null::${GRANTS}, to_jsonb(g) || '{"auth_code":"x","status":"consumed","request_ref":"APR-2025-0007"}')).* from ${GRANTS} g`,
  `insert into ${GRANTS} (auth_code) values ('x')`,
  ...[
    `status = 'active'`,
    `status = 'consumed'`,
    `expires_at = now() + interval '7 days'`,
    `manifest_hash = repeat('a', 64)`,
  ].map((change) => `update ${GRANTS} set ${change}`),
  `delete from ${GRANTS}`,
  `truncate ${GRANTS}`,
  `insert into ${OWNERSHIPS} (object, owner, authority) values ('x', 'y', 'z')`,
  `update ${OWNERSHIPS} set owner = 'somebody_else'`,
  `delete from ${OWNERSHIPS}`,
  `truncate ${OWNERSHIPS}`,
  `merge into ${GRANTS} g using (select 1) on true when matched then update set status = 'revoked'`,
  `with gone as (delete from ${GRANTS} returning *) select count(*) from gone`,
  `copy ${OWNERSHIPS} (object, owner, authority) from program 'true'`,
  `update public.apr_action_types set handler_ref = 'x' where action_code = 'authorize_build_step'`,
] as const;

async function outcomes(attempts: (sql: string) => Promise<string>): Promise<readonly string[]> {
  const seen: string[] = [];
  for (const sql of STATEMENTS) seen.push(await attempts(sql));
  return seen;
}

describe('raw SQL on grants and ownership', () => {
  test.each(LOGINS.map(({ name }) => name))('by %s is refused for want of a right', async (login) => {
    const seen = await as(it.runtime, login, async (client) => {
      await client.query('set default_transaction_read_only = off');
      return outcomes((sql) => attempt(client, sql));
    });
    expect(seen).toEqual(STATEMENTS.map(() => NO_RIGHT));
    expect(await it.trial.fingerprint()).toBe(before);
  });

  test('by the owner of the tables and by a superuser is refused as a bypass, triggers of replicas or not', async () => {
    // A program in COPY is the superuser's alone.
    const expected = STATEMENTS.map((sql) => (sql.startsWith('copy') ? NO_RIGHT : BYPASS));
    expect(await asOwner(it.runtime, (client) => outcomes((sql) => attempt(client, sql)))).toEqual(expected);
    for (const mode of ['origin', 'replica']) {
      const seen = await as(it.runtime, SUPERUSER, async (client) => {
        await client.query(`set session_replication_role = ${mode}`);
        return outcomes((sql) => attempt(client, sql));
      });
      expect(seen.filter((_, at) => !STATEMENTS[at]?.startsWith('copy'))).toEqual(
        STATEMENTS.filter((sql) => !sql.startsWith('copy')).map(() => BYPASS),
      );
    }
    expect(await it.trial.fingerprint()).toBe(before);
  });
});

describe('functions of the gateway without an open run', () => {
  const CALLS = [
    'governance_build_authorization_insert',
    'governance_build_authorization_retire',
    'governance_object_ownership_insert',
    'governance_object_ownership_reinstate',
    'governance_object_ownership_retire',
  ].map((name) => {
    const table = `public.${name.replace(/_[a-z]+$/, '')}`;
    return `select iu_core.${name}(t) from (select (jsonb_populate_record(null::${table}, '{"auth_code":"x","object":"x","status":"retired","owner":"y","authority":"z"}')).*) t`;
  });

  test.each([...LOGINS.map(({ name }) => name), SUPERUSER])('change nothing for %s', async (login) => {
    const seen = await as(it.runtime, login, async (client) => {
      const all: string[] = [];
      for (const sql of CALLS) all.push(await attempt(client, sql));
      return all;
    });
    expect(seen.filter((outcome) => outcome !== NO_RIGHT && outcome !== BYPASS && outcome !== '25006')).toEqual([]);
    expect(await it.trial.fingerprint()).toBe(before);
  });
});

test('the runs of those who may go through: the ownership goes, and the grant is revoked', async () => {
  await mustRun(it.trial, 'ownership', 'retire');
  await it.taken(() => it.retire());
});
