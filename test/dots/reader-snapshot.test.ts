import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import pWaitFor from 'p-wait-for';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RuntimeState } from '../../domain/runtime-state.ts';
import { createThrough, failure, failureOf } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

let trial: Trial;
let before: string;
let folder: string;
beforeAll(async () => {
  trial = await createTrial();
  folder = path.join(trial.runtime.paths.state, 'runs');
  await mkdir(folder);
  await createThrough(trial, 'species');
});
beforeEach(async () => {
  before = await trial.fingerprint();
});
afterAll(() => trial?.dispose());

const BINS = ['dot-species-register', 'dot-entity-retire'];
const SPECIES = { surface: 'species', key: 'gov-canonical-op-vocab' };
const MISMATCH = failure(3, 'HOLD_DOT_INTERFACE_MISMATCH');
const INVALID = failure(1, 'ERROR_PAYLOAD_INVALID');

const read = (words: readonly string[], stdin?: unknown) => trial.runtime.reader(words, { stdin });
const snapshot = (out: string, refs: readonly object[] = [SPECIES], bins = BINS) =>
  read(['snapshot', '--out', out], { refs, bins });
const file = () => path.join(folder, 'answer.json');

describe('snapshot', () => {
  test('writes rows and state of one moment into a whole file that only its owner reads', async () => {
    const answer = await snapshot(file());
    expect(JSON.parse(answer.stdout)).toMatchObject({ code: 'OK_READ', refs: 1, bins: BINS.length });
    const { state, refs } = JSON.parse(await readFile(file(), 'utf8'));
    expect(refs.rows).toHaveLength(1);
    expect(state.counters.dot_tools.live).toBe(309);
    expect(await readdir(folder)).toEqual(['answer.json']);
    await rm(file());
    expect(await trial.fingerprint()).toBe(before);
  });

  test('asks in read-only transactions of one snapshot, and logs in as a role that may not write', async () => {
    const since = trial.proxy.statements.length;
    await snapshot(file());
    const asked = trial.proxy.statements.slice(since);
    const begin = 'begin isolation level repeatable read read only';
    expect(asked.filter((statement) => statement.startsWith('begin'))).toEqual([
      begin,
      expect.stringMatching(new RegExp(`^${begin}; set transaction snapshot '[0-9A-F-]+'$`)),
    ]);
    expect(asked.filter((statement) => /iu_core\.read_state_of_(?:rows|guards)\(\)/.test(statement))).toHaveLength(2);
    expect(asked.filter((statement) => statement.includes('iu_core.read_refs('))).toHaveLength(1);
    expect(asked).toHaveLength(8);
    const pool = await trial.runtime.pool('auditor_ro');
    await expect(pool.query(`delete from public.species`)).rejects.toMatchObject({ code: '25006' });
    const client = await pool.connect();
    await client.query('begin read write');
    await expect(client.query(`delete from public.species`)).rejects.toMatchObject({ code: '42501' });
    await client.query('rollback');
    client.release();
  });

  test('that loses either of its connections is a stop, and leaves no file', async () => {
    for (const statement of [
      /pg_export_snapshot/,
      /set transaction snapshot/,
      /of_guards/,
      /of_rows/,
      /read_refs/,
      /^commit/,
    ]) {
      for (const moment of ['before', 'after'] as const) {
        const stop = trial.proxy.stopAt(statement, moment);
        const reading = snapshot(file());
        await stop.reached;
        stop.cut();
        const lost = { statement, moment, ...failureOf(await reading) };
        expect(lost).toEqual({ statement, moment, ...failure(1, 'ERROR_RUNTIME_UNREACHABLE') });
        expect(await readdir(folder)).toEqual([]);
      }
    }
    expect((await snapshot(file())).exitCode).toBe(0);
    await rm(file());
  });

  test('is of one moment: what changes between its halves neither of them sees', async () => {
    const before = await stateOf(() => snapshot(file()));
    const stop = trial.proxy.stopAt(/set transaction snapshot/, 'before');
    const reading = stateOf(() => snapshot(file()));
    await stop.reached;
    await trial.tamper([], 'create function public.meanwhile() returns int language sql return 1');
    stop.release();
    expect(await reading).toEqual(before);
    const after = await stateOf(() => snapshot(file()));
    await trial.tamper([], 'drop function public.meanwhile()');
    expect(after.guard).not.toEqual(before.guard);
    expect(after.counters.schema_object?.live).toBe((before.counters.schema_object?.live ?? 0) + 1);
  });

  test('is begun before the request is there, and shows nothing that was written since', async () => {
    const { rows: before } = await answerOf(() => snapshot(file()));
    const reading = execa(path.join(trial.runtime.paths.reader, 'c1-reader'), ['snapshot', '--out', file()]);
    const since = trial.proxy.statements.length;
    const seen = (statement: string) => trial.proxy.statements.slice(since).some((one) => one.includes(statement));
    await pWaitFor(() => seen('read_state_of_rows') && seen('read_state_of_guards'));
    await trial.tamper(['species'], `update public.species set description = 'meanwhile'`);
    expect(seen('read_refs')).toBe(false);
    reading.stdin.end(JSON.stringify({ refs: [SPECIES], bins: BINS }));
    expect((await answerOf(() => reading)).rows).toEqual(before);
    expect((await answerOf(() => snapshot(file()))).rows).not.toEqual(before);
  });

  test('that nobody asks ends when its input does, and leaves neither a file nor a connection', async () => {
    const since = trial.proxy.statements.length;
    const reading = execa(path.join(trial.runtime.paths.reader, 'c1-reader'), ['snapshot', '--out', file()], {
      reject: false,
    });
    await pWaitFor(() => trial.proxy.statements.slice(since).some((one) => one.includes('read_state_of_guards')));
    reading.stdin.end();
    const { exitCode = -1, stdout, stderr } = await reading;
    expect(failureOf({ exitCode, stdout, stderr })).toEqual(INVALID);
    expect(await readdir(folder)).toEqual([]);
    const connections = `select from pg_stat_activity where usename = 'auditor_ro' and application_name = 'c1-reader'`;
    const pool = await trial.runtime.pool('auditor_ro');
    await pWaitFor(async () => (await pool.query(connections)).rows.length === 0);
  });

  test('that fails leaves no file: neither half nor whole, nor anything beside it', async () => {
    await trial.withConfig({ port: 1 }, async () => {
      expect(failureOf(await snapshot(file()))).toEqual(failure(1, 'ERROR_RUNTIME_UNREACHABLE'));
    });
    expect(failureOf(await snapshot(file(), [SPECIES], ['dot-nothing']))).toEqual(MISMATCH);
    expect(await readdir(folder)).toEqual([]);
  });

  test('into a folder that is missing, is a file, or holds a folder of that name is a stop', async () => {
    await mkdir(path.join(folder, 'taken.json', 'full'), { recursive: true });
    await writeFile(path.join(folder, 'flat'), '');
    for (const name of ['nowhere/answer.json', 'flat/answer.json', 'taken.json']) {
      const refused = await snapshot(path.join(folder, name));
      expect({ name, ...failureOf(refused) }).toEqual({ name, ...failure(1, 'ERROR_STATE_FOLDER') });
    }
    expect((await readdir(folder)).toSorted()).toEqual(['flat', 'taken.json']);
    await rm(path.join(folder, 'flat'));
    await rm(path.join(folder, 'taken.json'), { recursive: true });
    expect((await snapshot(file())).exitCode).toBe(0);
    await rm(file());
  });

  test('of a row that PostgreSQL will not read is a stop, never an absent row', async () => {
    await trial.tamper([], 'revoke select on public.species from c1_reader');
    const refused = await snapshot(file());
    await trial.tamper([], 'grant select on public.species to c1_reader');
    expect(failureOf(refused)).toEqual(failure(1, 'ERROR_PERMISSION_DENIED'));
    expect(existsSync(file())).toBe(false);
    expect((await snapshot(file())).exitCode).toBe(0);
    await rm(file());
  });

  test('of a state that is not whole is a stop', async () => {
    await trial.tamper(
      [],
      `alter function iu_core.read_state_of_rows() rename to rows_away`,
      `create function iu_core.read_state_of_rows() returns jsonb language sql stable return '{"counters":{}}'::jsonb`,
    );
    const refused = await snapshot(file());
    await trial.tamper(
      [],
      'drop function iu_core.read_state_of_rows()',
      `alter function iu_core.rows_away() rename to read_state_of_rows`,
    );
    expect(failureOf(refused)).toEqual(failure(1, 'ERROR_READ_FAILED'));
    expect(existsSync(file())).toBe(false);
  });

  test('refuses a request with a key more, a key less, an unknown surface, no bins, or the name of a path as a bin', async () => {
    const good = { refs: [SPECIES], bins: BINS };
    const bad = [
      { ...good, extra: 1 },
      { refs: [SPECIES] },
      { ...good, refs: [{ surface: 'pg_authid', key: 'x' }] },
      { ...good, bins: ['../../../secrets/postgres'] },
      { ...good, bins: [] },
      null,
      '',
      '{"refs":[],"refs":[],"bins":[]}',
    ];
    for (const request of bad) {
      const refused = await read(
        ['snapshot', '--out', file()],
        typeof request === 'string' ? request : JSON.stringify(request),
      );
      expect({ request, ...failureOf(refused) }).toEqual({ request, ...INVALID });
    }
    expect(await readdir(folder)).toEqual([]);
  });
});

type Reading = () => PromiseLike<{ readonly exitCode?: number }>;

async function stateOf(read: Reading): Promise<RuntimeState> {
  return (await answerOf(read)).state;
}

async function answerOf(read: Reading): Promise<{ readonly state: RuntimeState; readonly rows: readonly object[] }> {
  expect((await read()).exitCode).toBe(0);
  const { state, refs } = JSON.parse(await readFile(file(), 'utf8')) as {
    readonly state: RuntimeState;
    readonly refs: { readonly rows: readonly object[] };
  };
  await rm(file());
  return { state, rows: refs.rows };
}
