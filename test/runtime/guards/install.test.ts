import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withSuperuser } from '../../../runtime/connect.ts';
import { createDatabase, dropDatabase, MAINTENANCE } from '../../../runtime/databases.ts';
import { install } from '../../../runtime/install.ts';
import { migrations } from '../../../runtime/migrations.ts';
import { createTestRuntime, type TestRuntime } from '../../support/runtime.ts';
import { verdict } from './support/tamper.ts';

const NAMES = [1, 2].map(() => `t_${randomBytes(6).toString('hex')}`);
let clone: TestRuntime;
beforeAll(async () => {
  clone = await createTestRuntime();
});
afterAll(async () => {
  for (const name of NAMES) await onServer((client) => dropDatabase(client, name));
  await clone?.dispose();
});

function onServer<T>(work: Parameters<typeof withSuperuser<T>>[3], database = MAINTENANCE): Promise<T> {
  return withSuperuser(clone.paths, clone.port, database, work);
}

/** What the guards say of themselves, and what a readback says of the runtime. */
function judge(database: string) {
  return onServer(async (client) => {
    const { rows } = await client.query<{ digest: string }>('select iu_core.guard_digest() as digest');
    return { digest: rows[0]?.digest, verdict: await verdict(client) };
  }, database);
}

describe('the guards', () => {
  test('are the same in two databases that were installed at the same time, and in a clone of the template', async () => {
    for (const name of NAMES) await onServer((client) => createDatabase(client, name, null));
    const all = await migrations();
    const applied = await Promise.all(NAMES.map((name) => onServer((client) => install(client, all, {}), name)));
    for (const names of applied) expect(names).toHaveLength(all.length);
    const [one, two] = await Promise.all(NAMES.map(judge));
    expect(one?.verdict).toBe('whole');
    expect(two).toEqual(one);
    expect(await judge(clone.database)).toEqual(one);
  });

  test('are another in a database where one right was given', async () => {
    const [name = ''] = NAMES;
    const before = await judge(name);
    await onServer(async (client) => {
      await client.query('begin; set local event_triggers = off; grant insert on public.species to dot_015; commit');
    }, name);
    const after = await judge(name);
    expect(after.digest).not.toBe(before.digest);
    expect(after.verdict).toBe('HOLD_GUARD_CHANGED');
  });
});
