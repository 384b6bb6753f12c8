import type { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../domain/canonical.ts';
import { withSuperuser } from '../../runtime/connect.ts';
import { install } from '../../runtime/install.ts';
import { type Migration, migrations } from '../../runtime/migrations.ts';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';

let runtime: TestRuntime;
beforeEach(async () => {
  runtime = await createTestRuntime();
});
afterEach(() => runtime.dispose());

function onDatabase<T>(work: (client: Client) => Promise<T>): Promise<T> {
  return withSuperuser(runtime.paths, runtime.port, runtime.database, work);
}

async function recorded(): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await (await runtime.pool('auditor_ro')).query(
    'select migration, guard_digest, bins from iu_core.install order by seq',
  );
  return rows;
}

async function guardState(): Promise<unknown> {
  const { rows } = await (
    await runtime.pool('auditor_ro')
  ).query(`select iu_core.guard_digest() = (select i.guard_digest
    from iu_core.install i where i.guard_digest is not null order by i.seq desc limit 1) as same`);
  return rows[0].same;
}

function sqlMigration(name: string, text: string): Migration {
  return { name, sha256: sha256Hex(text), apply: async (client) => void (await client.query(text)) };
}

const BINS = { 'dot-one': 'a'.repeat(64) };

describe('a database that has every migration', () => {
  it('is left as it is', async () => {
    const before = await recorded();
    const bins = before.at(-1)?.bins as Record<string, string>;
    expect(await onDatabase(async (client) => install(client, await migrations(), bins))).toEqual([]);
    expect(await recorded()).toEqual(before);
  });

  it('gets a new record when only bins changed, with the guard digest of the last install even if a guard changed since', async () => {
    const before = await recorded();
    await onDatabase(async (client) => {
      await client.query('set event_triggers = off; alter table public.species disable trigger a_assert_dot');
      await install(client, await migrations(), BINS);
    });
    const after = await recorded();
    expect(after).toHaveLength(before.length + 1);
    expect(after.at(-1)).toMatchObject({ bins: BINS, guard_digest: before.at(-1)?.guard_digest });
  });
});

describe('a new migration', () => {
  const extra = sqlMigration(
    '0100-extra',
    'create table iu_core.extra (n int); alter table iu_core.extra owner to c1_gateway; grant select on iu_core.extra to c1_reader',
  );

  it('is applied past the event triggers, recorded, and leaves guards as installed', async () => {
    const all = [...(await migrations()), extra];
    expect(await onDatabase((client) => install(client, all, BINS))).toEqual(['0100-extra']);
    expect((await recorded()).map(({ migration }) => migration).slice(-2)).toEqual(['0100-extra', 'state']);
    expect(await guardState()).toBe(true);
    expect(await onDatabase((client) => install(client, all, BINS))).toEqual([]);
  });

  it('leaves nothing behind when it fails, and applies once it is right', async () => {
    const before = await recorded();
    const broken = sqlMigration('0100-extra', 'create table iu_core.extra (n int); select 1 / 0');
    const all = await migrations();
    await expect(onDatabase((client) => install(client, [...all, broken], BINS))).rejects.toMatchObject({
      code: 'ERROR_DATABASE',
      seen: '0100-extra failing: division by zero',
    });
    expect(await recorded()).toEqual(before);
    expect(await onDatabase((client) => install(client, [...all, extra], BINS))).toEqual(['0100-extra']);
  });

  it('is refused while a guard is not what the last install left, so that it cannot hide that', async () => {
    const all = [...(await migrations()), extra];
    await onDatabase((client) =>
      client.query('set event_triggers = off; alter table public.species disable trigger a_assert_dot'),
    );
    await expect(onDatabase((client) => install(client, all, BINS))).rejects.toMatchObject({
      code: 'HOLD_GUARD_CHANGED',
    });
    await onDatabase((client) =>
      client.query('set event_triggers = off; alter table public.species enable always trigger a_assert_dot'),
    );
    expect(await onDatabase((client) => install(client, all, BINS))).toEqual(['0100-extra']);
  });

  it('leaves event triggers on for everybody else', async () => {
    await onDatabase(async (client) => {
      await install(client, [...(await migrations()), extra], BINS);
      await expect(client.query('create table public.by_hand (n int)')).rejects.toMatchObject({ code: 'C1R00' });
    });
  });
});

describe('an applied migration', () => {
  it('that is not the file that was applied is refused by name', async () => {
    const all = (await migrations()).map((each) =>
      each.name === '0030-guards' ? { ...each, sha256: 'b'.repeat(64) } : each,
    );
    await expect(onDatabase((client) => install(client, all, BINS))).rejects.toMatchObject({
      code: 'ERROR_MIGRATION_CHANGED',
      seen: 'another content of 0030-guards',
    });
  });
});

describe('domain data of another version', () => {
  it('replaces the copy in the database and is recorded as a migration of its own', async () => {
    const all = await migrations();
    const domain = all.find(({ name }) => name.startsWith('0026-domain-copy@'));
    const renewed: Migration = {
      name: '0026-domain-copy@other',
      sha256: 'c'.repeat(64),
      apply: async (client) => {
        await client.query("select iu_core.put_domain('[]', '[]', '[]', '[]')");
        await domain?.apply(client);
      },
    };
    expect(
      await onDatabase((client) => install(client, [...all.filter((each) => each !== domain), renewed], BINS)),
    ).toEqual([renewed.name]);
    expect(await guardState()).toBe(true);
    const { rows } = await (await runtime.pool('auditor_ro')).query(
      'select count(*)::int as n from iu_core.dot_surface',
    );
    expect(rows[0].n).toBeGreaterThan(20);
  });
});
