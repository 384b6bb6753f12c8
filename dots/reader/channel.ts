import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { allowedFor } from '../../domain/allowed-signers.ts';
import { QUORUM, SIGNATURE_NAMESPACE } from '../../domain/apr.ts';
import { C1Error } from '../../domain/codes.ts';
import { DOTS } from '../../domain/dots.ts';
import { prewriteStep } from '../../domain/steps/prewrite.ts';
import type { RuntimeConfig } from '../kernel/connection.ts';
import { keyFileOf, signersOf, sshKeygen } from '../kernel/ssh.ts';

/**
 * Whether the governed registrar can be run from here at all: its bins, their logins with the one door open to them, a
 * database that takes writes, and a key to sign the request with (seed 004 §0).
 *
 * @returns how many things were looked at
 * @throws C1Error C1_DRYRUN_HOLD_REGISTRAR_EXECUTION_CHANNEL_MISSING naming the first that is missing
 */
export async function assertChannel(client: Client, config: RuntimeConfig, binFolder: string): Promise<number> {
  const dots = DOTS.filter(({ bin }) => prewriteStep().channel?.includes(bin));
  for (const { bin } of dots) assertFile(join(binFolder, bin), constants.X_OK, `a bin ${bin} that can be run`);
  for (const { login } of dots) assertFile(join(config.secretsDir, login), constants.R_OK, `a password of ${login}`);
  const { folder } = signersOf(config.secretsDir);
  assertFile(keyFileOf({ folder }, config.operator), constants.R_OK, `a signing key of ${config.operator}`);
  assertFile(join(folder, 'allowed_signers'), constants.R_OK, 'a list of allowed signers');
  assertSigners(join(folder, 'allowed_signers'), config.operator);
  assertSshKeygen();
  const closed = await closedDoors(
    client,
    dots.map(({ login }) => login),
  );
  if (closed.length > 0) throw missing(closed.join(', '), 'logins that may open a run in a database that takes writes');
  return dots.length * 3 + 3;
}

function assertFile(file: string, mode: number, what: string): void {
  try {
    accessSync(file, mode);
  } catch (cause) {
    throw missing(`no ${what.replace(/^a /, '')}`, what, cause);
  }
}

/** Who proposes, and as many others as the highest quorum asks for, each with a key of his own. */
function assertSigners(file: string, operator: string): void {
  const allowed = allowedFor(readFileSync(file, 'utf8'), SIGNATURE_NAMESPACE);
  const own = allowed.find(({ principals }) => principals.includes(operator))?.key;
  const others = new Set(
    allowed.filter(({ principals, key }) => !principals.includes(operator) && key !== own).map(({ key }) => key),
  );
  if (own !== undefined && others.size >= QUORUM.high) return;
  throw missing(
    `${own === undefined ? `no ${operator}` : `${others.size} others`} in allowed_signers`,
    `${operator} and ${QUORUM.high} owners, each with a key of his own`,
  );
}

function assertSshKeygen(): void {
  try {
    sshKeygen(['-?'], '');
  } catch (cause) {
    throw missing('no ssh-keygen', 'one, to sign and to check approvals', cause);
  }
}

/** What stands between a login and a write, in words; nothing when the door is open. */
async function closedDoors(client: Client, logins: readonly string[]): Promise<readonly string[]> {
  const { rows } = await client.query<{ closed: string }>(
    `select 'a database in recovery' as closed where pg_is_in_recovery()
     union all
     select 'login ' || l.name || ' without the door' from unnest($1::text[]) l(name)
      where not coalesce((select r.rolcanlogin and has_function_privilege(r.oid, 'iu_core.open_run(text, text, jsonb, text)', 'execute')
              and has_database_privilege(r.oid, current_database(), 'connect')
              and not exists (select from pg_db_role_setting s, unnest(s.setconfig) o
                               where s.setrole in (0, r.oid) and o ilike 'default_transaction_read_only=on')
         from pg_roles r where r.rolname = l.name), false)`,
    [logins],
  );
  return rows.map(({ closed }) => closed);
}

function missing(seen: string, expected: string, cause?: unknown): C1Error {
  return new C1Error('C1_DRYRUN_HOLD_REGISTRAR_EXECUTION_CHANNEL_MISSING', { seen, expected }, { cause });
}
