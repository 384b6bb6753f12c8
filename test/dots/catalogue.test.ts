import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Delta, type Image, refOf } from '../../domain/deltas.ts';
import type { HouseDotCode } from '../../domain/dots.ts';
import { runEntry } from '../../domain/ledger.ts';
import { asLogin } from './support/login.ts';
import {
  codeOf,
  createThrough,
  failure,
  failureOf,
  invocation,
  mustRun,
  type Owner,
  printed,
  run,
  startHeld,
  type Way,
} from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

const ENSURE = 'catalogue-ensure';
const SYNC = 'catalogue-sync';
const TOOL = 'tool-dot-c1-vocab-build';

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial();
  await createThrough(trial, 'ledger-dot-c1-vocab-build');
});
afterAll(() => trial?.dispose());

function recordCount(): Promise<number> {
  return trial.value(`select record_count as v from public.meta_catalog where code = 'CAT-006'`);
}

function claim(): Promise<string> {
  return trial.value(`select coalesce(max(stack || '/' || resource || ' ' || status), 'none') as v from iu_core.claim
    where surface = 'meta_catalog'`);
}

/** Every row of the catalogue but the one that counts, and what is not its count. */
function otherwise(): Promise<string> {
  return trial.value(`select string_agg(case m.code when 'CAT-006' then m.name || m.status else m::text end, E'\\n'
    order by m.code) as v from public.meta_catalog m`);
}

/** What a run did to the count. */
async function counted(name: string, way: Way, owner: Owner = {}) {
  const before = await recordCount();
  const result = await run(trial, name, way, owner);
  return [codeOf(result), before, await recordCount()];
}

describe('the catalogue follows the tools', () => {
  let rest: string;
  let requests: readonly (string | null)[];

  test('before the tool, as its dry run said, and a second run writes nothing', async () => {
    rest = await otherwise();
    const before = await trial.fingerprint();
    const dry = await run(trial, ENSURE, 'create', { flags: ['--dry-run'] });
    expect(printed(dry)).toMatchObject({ code: 'OK_PLANNED', requestId: null });
    expect(await trial.fingerprint()).toBe(before);
    const made = printed(await run(trial, ENSURE, 'create'));
    expect(made).toMatchObject({
      code: 'OK_APPLIED',
      deltas: printed(dry).deltas,
      dot: 'DOT_SCHEMA_META_CATALOG_ENSURE',
    });
    requests = [made.requestId];
    expect([await recordCount(), await claim()]).toEqual([309, 'trial/catalogue live']);
    const after = await trial.fingerprint();
    expect(codeOf(await run(trial, ENSURE, 'create'))).toBe('NOOP_ALREADY_THERE');
    expect(await trial.fingerprint()).toBe(after);
  });

  test('after the tool, and with nothing new not again', async () => {
    await mustRun(trial, TOOL, 'create');
    expect(await counted(SYNC, 'create')).toEqual(['OK_APPLIED', 309, 310]);
    expect(await counted(SYNC, 'create')).toEqual(['NOOP_ALREADY_THERE', 310, 310]);
    expect(await counted(ENSURE, 'create')).toEqual(['NOOP_ALREADY_THERE', 310, 310]);
  });

  test('on the way back: the first delete only looks, the last one counts what is left and releases the row', async () => {
    const before = await trial.fingerprint();
    const looked = await run(trial, SYNC, 'retire');
    expect(printed(looked)).toMatchObject({ code: 'OK_PLANNED', mode: 'dry-run' });
    expect(await trial.fingerprint()).toBe(before);
    await mustRun(trial, TOOL, 'retire');
    expect(await counted(ENSURE, 'retire')).toEqual(['OK_APPLIED', 310, 309]);
    expect(await claim()).toBe('trial/catalogue released');
    const after = await trial.fingerprint();
    expect(await counted(ENSURE, 'retire')).toEqual(['NOOP_NOT_OURS', 309, 309]);
    expect(codeOf(await run(trial, SYNC, 'retire'))).toBe('NOOP_NOT_OURS');
    expect(await trial.fingerprint()).toBe(after);
  });

  test('and forth again under new requests, where nothing is to be counted before the tool', async () => {
    expect(await counted(ENSURE, 'create')).toEqual(['NOOP_ALREADY_THERE', 309, 309]);
    await mustRun(trial, TOOL, 'create');
    const again = printed(await run(trial, SYNC, 'create'));
    expect(again.code).toBe('OK_APPLIED');
    expect(requests).not.toContain(again.requestId);
    expect([await recordCount(), await claim()]).toEqual([310, 'trial/catalogue live']);
    await mustRun(trial, TOOL, 'retire');
    await mustRun(trial, ENSURE, 'retire');
  });

  test('nothing else of the catalogue ever changed, and the handbook is whole', async () => {
    expect(await otherwise()).toBe(rest);
    expect(await trial.value('select iu_core.verify_ledger() as v')).toBe(null);
    expect(await trial.value('select count(*)::int as v from iu_core.claim_drift()')).toBe(0);
  });

  test('a count that is right already is released by a touch of the row, which the journal has', async () => {
    await mustRun(trial, TOOL, 'create');
    await mustRun(trial, SYNC, 'create');
    // Not while a tool is live: the count would be nobody's then.
    expect(failureOf(await run(trial, ENSURE, 'retire'))).toEqual(failure(3, 'HOLD_PRESTATE_MOVED'));
    await mustRun(trial, TOOL, 'retire');
    await mustRun(trial, SYNC, 'create');
    const released = printed(await run(trial, ENSURE, 'retire'));
    expect(released).toMatchObject({ code: 'OK_APPLIED' });
    expect(released.deltas[0]).toMatchObject({
      op: 'update',
      before: { record_count: 309 },
      after: { record_count: 309 },
    });
    expect(await claim()).toBe('trial/catalogue released');
  });
});

describe('refused, and then made good', () => {
  let before: string;
  beforeEach(async () => {
    before = await trial.fingerprint();
  });
  const WAYS = [
    [ENSURE, 'create'],
    [SYNC, 'create'],
    [ENSURE, 'retire'],
  ] as const;

  async function refused(code: string, ways: readonly (readonly [string, Way])[] = WAYS): Promise<void> {
    const tampered = await trial.fingerprint();
    for (const [name, way] of ways) {
      for (const flags of [['--dry-run'], []]) {
        const { exitCode, ...said } = failureOf(await run(trial, name, way, { flags }));
        expect({ name, way, exitCode, ...said }).toEqual({ name, way, ...failure(3, code) });
      }
    }
    expect(await trial.fingerprint()).toBe(tampered);
  }

  test('a catalogue that is missing or retired is a HOLD: no DOT here makes it', async () => {
    const hide = (column: string, from: string, to: string) =>
      trial.tamper(
        ['public.meta_catalog'],
        `update public.meta_catalog set ${column} = '${to}' where ${column} = '${from}'`,
      );
    for (const [column, from, to] of [
      ['code', 'CAT-006', 'CAT-906'],
      ['status', 'active', 'retired'],
    ] as const) {
      await hide(column, from, to);
      await refused('HOLD_PRESTATE_MOVED', [
        [ENSURE, 'create'],
        [SYNC, 'create'],
      ]);
      await hide(column, to, from);
    }
    expect(await trial.fingerprint()).toBe(before);
    expect(await counted(ENSURE, 'create')).toEqual(['NOOP_ALREADY_THERE', 309, 309]);
  });

  test('a catalogue that another stack claims is a HOLD for ours, and theirs to release', async () => {
    await mustRun(trial, TOOL, 'create');
    expect(await counted(SYNC, 'create', { stack: 'other' })).toEqual(['OK_APPLIED', 309, 310]);
    await refused('HOLD_CLAIMED_ELSEWHERE', [
      [ENSURE, 'create'],
      [SYNC, 'create'],
    ]);
    expect(codeOf(await run(trial, ENSURE, 'retire'))).toBe('NOOP_NOT_OURS');
    await mustRun(trial, TOOL, 'retire');
    expect(codeOf(await run(trial, ENSURE, 'retire', { stack: 'other' }))).toBe('OK_APPLIED');
    expect(await claim()).toBe('other/catalogue released');
    expect(await counted(ENSURE, 'create')).toEqual(['NOOP_ALREADY_THERE', 309, 309]);
    for (const [name, way] of [
      [TOOL, 'create'],
      [SYNC, 'create'],
      [TOOL, 'retire'],
      [SYNC, 'create'],
    ] as const)
      await mustRun(trial, name, way);
    expect(await claim()).toBe('trial/catalogue live');
  });

  test('a catalogue that somebody changed after us is drift, both ways', async () => {
    const set = (count: number) =>
      trial.tamper(
        ['public.meta_catalog'],
        `update public.meta_catalog set record_count = ${count} where code = 'CAT-006'`,
      );
    await set(300);
    await refused('HOLD_DRIFT');
    await set(309);
    expect(await counted(ENSURE, 'create')).toEqual(['NOOP_ALREADY_THERE', 309, 309]);
    expect(await counted(ENSURE, 'retire')).toEqual(['OK_APPLIED', 309, 309]);
  });

  test('another row, no row, a row on standard input, and a retire of the DOT that has none are usage errors', async () => {
    for (const [bin, flags, stdin] of [
      ['dot-catalog-sync', ['--code', 'CAT-007'], ''],
      ['dot-catalog-sync', ['--code', 'CAT-006 '], ''],
      ['dot-catalog-sync', ['--code', 'САТ-006'], ''],
      ['dot-catalog-sync', [], ''],
      ['dot-schema-meta-catalog-ensure', ['--code', 'CAT-006'], '{"code":"CAT-006"}'],
      ['dot-schema-meta-catalog-ensure', ['--code', 'CAT-006', '--retire'], ''],
    ] as const) {
      const args = ['--cloud', '--step', 'W4', '--for', 'trial/catalogue', ...flags];
      const said = failureOf(await trial.runtime.bin(bin, args, { stdin }));
      expect({ bin, flags, ...said }).toEqual({ bin, flags, ...failure(64, 'ERROR_USAGE') });
    }
    expect(await trial.fingerprint()).toBe(before);
  });
});

describe('the gateway function itself, called by the login of either DOT', () => {
  const DOTS: readonly HouseDotCode[] = ['DOT_SCHEMA_META_CATALOG_ENSURE', 'DOT-015'];
  let image: Image;
  beforeAll(async () => {
    await mustRun(trial, TOOL, 'create');
    image = await catalogueRow('CAT-006');
  });

  function catalogueRow(code: string): Promise<Image> {
    return trial.value(
      `select to_jsonb(m) - array['id', 'updated_at'] as v from public.meta_catalog m where m.code = $1`,
      [code],
    );
  }

  /** A run by hand that changes a catalogue row, which is as it is but for the change. */
  function update(dot: HouseDotCode, change: Image, row: Image = image): Promise<string> {
    const ref = { surface: 'meta_catalog', key: String(row.code) } as const;
    const after = { ...row, ...change };
    const delta: Delta = { ...ref, op: 'update', before: row, after };
    return asLogin(trial, dot, {
      step: 'W4',
      subject: refOf(ref),
      deltas: [delta, runEntry(dot, 'apply', ref, [delta])],
      write: ['select iu_core.meta_catalog_update(jsonb_populate_record(null::public.meta_catalog, $1))', after],
    });
  }

  test('refuses another row, another column and another number than that of the live tools', async () => {
    const before = await trial.fingerprint({ intents: false });
    for (const dot of DOTS) {
      for (const [change, code] of [
        [{ record_count: 309 }, 'HOLD_PRESTATE_MOVED'],
        [{ record_count: 311 }, 'HOLD_PRESTATE_MOVED'],
        [{ record_count: null }, 'HOLD_PRESTATE_MOVED'],
        [{ record_count: 310, name: 'Tools' }, 'REJECT_NOT_ALLOWED'],
        [{ record_count: 310, status: 'retired' }, 'REJECT_NOT_ALLOWED'],
        [{ record_count: 310, code: 'CAT-001' }, 'REJECT_NOT_ALLOWED'],
        [{ record_count: 310, code: null }, 'REJECT_NOT_ALLOWED'],
      ] as const) {
        expect([change, await update(dot, change)]).toEqual([change, expect.stringMatching(`^${code}: `)]);
      }
    }
    const other = await catalogueRow('CAT-001');
    expect(await update('DOT-015', { record_count: 310 }, other)).toMatch(/^REJECT_NOT_ALLOWED: /);
    expect(await trial.fingerprint({ intents: false })).toBe(before);
  });

  test('is nobody else’s, and does what it is for', async () => {
    const stranger = await (await trial.runtime.pool('dot_register')).connect();
    const call = stranger.query('select iu_core.meta_catalog_update(null)');
    await expect(call).rejects.toMatchObject({ code: '42501' });
    stranger.release();
    expect(await update('DOT-015', { record_count: 310 })).toBe('applied');
    expect(await recordCount()).toBe(310);
  });

  test('waits for a registration that is under way, and does not count past it', async () => {
    await mustRun(trial, TOOL, 'retire');
    const { ended, stop } = await startHeld(trial, [TOOL, 'create'], /close_run/);
    const { bin, args } = invocation(SYNC, 'create', { resource: 'by-hand' });
    const sync = trial.start(bin, args);
    const isWaiting = () =>
      trial.value<boolean>(`select exists (select from pg_locks where relation = 'public.dot_tools'::regclass
        and mode = 'ShareLock' and not granted) as v`);
    await expect.poll(isWaiting, { timeout: 8_000 }).toBe(true);
    stop.release();
    expect(codeOf(await ended)).toBe('OK_APPLIED');
    expect(failureOf(await sync.ended)).toEqual(failure(3, 'HOLD_PRESTATE_MOVED'));
    expect(await counted(SYNC, 'create', { resource: 'by-hand' })).toEqual(['NOOP_ALREADY_THERE', 310, 310]);
    expect(await counted(SYNC, 'create')).toEqual(['NOOP_CLAIM_MOVED', 310, 310]);
  });
});
