import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from 'pg';
import { sha256Hex } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { withSuperuser } from '../connect.ts';
import { dropDatabase, MAINTENANCE } from '../databases.ts';
import { type StatePaths, statePaths } from '../paths.ts';

/** The runtime beside which disposable ones come and go: its server is used, its database never. */
export interface Host {
  readonly paths: StatePaths;
  readonly port: number;
  /** Ends what is under way; what was made is removed all the same. */
  readonly signal: AbortSignal;
}

/** Where a disposable runtime lives. The names are the same every time, so that compiled bins are found again. */
export interface Slot {
  readonly paths: StatePaths;
  readonly database: string;
}

const SLOTS = 16;
const PREFIX = 'c1_rehearsal_';
const LOCKED = 'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken';

/**
 * Takes a slot, and keeps it for as long as the session lives: the lock of a killed rehearsal is free at once, whatever
 * it left.
 *
 * @param from first slot that is tried
 * @throws C1Error ERROR_TIMEOUT when all are taken
 */
export async function takeSlot(session: Client, host: Host, from: number): Promise<Slot> {
  for (let at = from; at < SLOTS; at++) {
    const slot = slotAt(host, at);
    if (await lock(session, slot.database)) return slot;
  }
  throw new C1Error('ERROR_TIMEOUT', {
    seen: `${SLOTS} rehearsals under way`,
    expected: 'one that ends',
    next: 'run the same command again once they have ended',
  });
}

/** Removes what killed rehearsals left: databases of this server and folders of this state folder that nobody holds. */
export async function sweepSlots(host: Host): Promise<void> {
  await withSuperuser(host.paths, host.port, MAINTENANCE, async (session) => {
    const { rows } = await session.query<{ name: string }>(
      'select datname::text as name from pg_catalog.pg_database where starts_with(datname, $1)',
      [PREFIX],
    );
    for (const { name } of rows) {
      if (await lock(session, name)) await dropDatabase(session, name);
    }
    for (const name of await readdir(folderOf(host)).catch(() => [])) {
      if (await lock(session, databaseOf(host, name)))
        await removeFolder({ paths: statePaths(path.join(folderOf(host), name)) });
    }
  });
}

/** Database and folder; the lock goes with the session. */
export async function clearSlot(session: Client, slot: Slot): Promise<void> {
  await Promise.all([dropDatabase(session, slot.database), removeFolder(slot)]);
}

function removeFolder({ paths }: Pick<Slot, 'paths'>): Promise<void> {
  return rm(paths.state, { recursive: true, force: true });
}

async function lock(session: Client, database: string): Promise<boolean> {
  const { rows } = await session.query<{ taken: boolean }>(LOCKED, [database]);
  return rows[0]?.taken === true;
}

function slotAt(host: Host, at: number): Slot {
  const name = String(at);
  return { paths: statePaths(path.join(folderOf(host), name)), database: databaseOf(host, name) };
}

/** Another state folder may use the same server. */
function databaseOf({ paths }: Host, slot: string): string {
  return `${PREFIX}${sha256Hex(paths.state).slice(0, 12)}_${slot}`;
}

function folderOf({ paths }: Host): string {
  return path.join(paths.state, 'rehearsal');
}
