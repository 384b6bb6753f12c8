import pWaitFor, { TimeoutError } from 'p-wait-for';
import type { Client } from 'pg';
import { C1Error } from '../../domain/codes.ts';
import type { Direction } from '../../domain/deltas.ts';
import { dotOf } from '../../domain/dots.ts';
import { HARDENED_NAME } from '../../domain/registrar.ts';
import { withClient } from '../../runtime/connect.ts';
import { connectionOf, DEFAULT_READER } from '../../runtime/connection-file.ts';
import { statePaths } from '../../runtime/paths.ts';

export interface Claimed {
  /** The bin of the command: two resources may own one row, each with a DOT of its own. */
  readonly bin: string;
  readonly stack: string;
  readonly resource: string;
  readonly direction: Direction;
}

/** What the runtime's journal knows of a change: the engine's own state does not know whether it happened. */
export interface JournalWord {
  readonly word: 'applied' | 'begun, not applied' | 'not begun';
  readonly requestId: string | null;
}

const LIMIT_MS = 20_000;

/**
 * Asks the journal what became of each change, once no bin writes any more.
 *
 * @throws C1Error ERROR_RUNTIME_UNREACHABLE; HOLD_ENGINE_ALIVE when a bin still runs after 20 s
 */
export async function askJournal(stateDir: string, changes: readonly Claimed[]): Promise<readonly JournalWord[]> {
  if (changes.length === 0) return [];
  const { port, database } = await connectionOf(stateDir);
  return withClient(statePaths(stateDir), { port, database, login: DEFAULT_READER }, async (client) => {
    await nobodyWrites(client);
    const words: JournalWord[] = [];
    for (const change of changes) words.push(await wordOn(client, change));
    return words;
  });
}

/** A bin of the dead engine ends with its plugin; what it began is open until its session is gone. */
async function nobodyWrites(client: Client): Promise<void> {
  let logins: readonly string[] = [];
  const isQuiet = async () => {
    logins = await writingLogins(client);
    return logins.length === 0;
  };
  try {
    await pWaitFor(isQuiet, { interval: 100, timeout: LIMIT_MS });
  } catch (cause) {
    if (!(cause instanceof TimeoutError)) throw cause;
    const seen = `a bin that still runs as ${logins.join(', ')}`;
    throw new C1Error('HOLD_ENGINE_ALIVE', { seen, expected: 'no session of a DOT' }, { cause });
  }
}

async function writingLogins(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ login: string }>(
    `select distinct d.login::text as login from pg_stat_activity a join iu_core.dot d on d.login = a.usename
      where a.datname = current_database() order by 1`,
  );
  return rows.map(({ login }) => login);
}

async function wordOn(client: Client, { bin, stack, resource, direction }: Claimed): Promise<JournalWord> {
  const { rows } = await client.query<LastRun>(
    `select r.request_id, r.direction, r.outcome, d.bin from iu_core.dot_run r join iu_core.dot d on d.dot_code = r.dot_code
      where r.stack = $1 and r.resource = $2 order by greatest(r.started_at, r.applied_at) desc limit 1`,
    [stack, resource],
  );
  const [last] = rows;
  // A run of the other direction, or of the DOT that shares the row, is older: this change was not even journalled.
  if (last === undefined || last.direction !== direction || last.bin !== installedName(bin))
    return { word: 'not begun', requestId: null };
  return { word: last.outcome === 'applied' ? 'applied' : 'begun, not applied', requestId: last.request_id };
}

interface LastRun {
  readonly request_id: string;
  readonly direction: Direction;
  readonly outcome: 'intent' | 'applied';
  readonly bin: string;
}

/** The hardened registrar runs as the registrar that it replaces. */
function installedName(bin: string): string {
  return bin === HARDENED_NAME ? dotOf('DOT-REGISTER').bin : bin;
}
