import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Delta, Image } from '../../domain/deltas.ts';
import { LOGINS } from '../../runtime/roles.ts';
import { SEED_TOOLS } from '../../runtime/seed/tools.ts';
import {
  codeOf,
  createThrough,
  failure,
  failureOf,
  invocation,
  lifeOf,
  mustRun,
  rowNamed,
  run,
} from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';
import { as, asOwner, attempt, BYPASS, NO_RIGHT, SUPERUSER } from '../runtime/guards/support/attempt.ts';
import { applied, runOf, writing } from '../runtime/guards/support/runs.ts';

const REGISTRAR = 'dot-dot-register-c1-hardened';
const BUILD = 'dot-c1-vocab-build';
const PREFLIGHT = 'dot-c1-preflight';
const NO_ENTRY = 'C1_LEGO_PLAN_HOLD_DOT_MANAGEMENT_LEDGER_NOT_UPDATED';
const DUPLICATE = 'C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED';
const UNBORN = 'HOLD_ADMISSION_MISSING_OR_INVALID';

let trial: Trial;
let before: string;
beforeAll(async () => {
  trial = await createTrial();
  await createThrough(trial, 'species');
  for (const name of lifeOf(BUILD)) await mustRun(trial, name, 'create');
});
beforeEach(async () => {
  before = await trial.fingerprint({ intents: false });
});
afterEach(async () => {
  // Whatever an attack did: it changed nothing, or its test took back what it changed.
  expect(await trial.fingerprint({ intents: false })).toBe(before);
});
afterAll(() => trial?.dispose());

function toolImage(slug: string): Image {
  return rowNamed(`tool-${slug}`).payload as Image;
}

function liveTools(): Promise<number> {
  return trial.value(`select count(*)::int as v from public.dot_tools where status <> 'retired'`);
}

/** A row that nobody could tell from the registrar's own. */
const RAW = `insert into public.dot_tools (code, name, category, coverage_status, file_path, trigger, status) values`;
const values = (code: string, name: string, file: string) =>
  `('${code}', '${name}', 'governance', 'covered', '${file}', 'manual', 'active')`;
const GENUINE = `${RAW} ${values('DOT_C1_VOCAB_BUILD', BUILD, `/opt/incomex/dot/bin/${BUILD}`)}`;

/** Puts a tool row past every guard, as a superuser who switches them off can, and takes it away again. */
async function withPlanted<T>(sql: string, codes: readonly string[], work: () => Promise<T>): Promise<T> {
  const clean = `delete from public.dot_tools where code in (${codes.map((code) => `'${code}'`).join(', ')})`;
  await trial.tamper(['public.dot_tools'], sql);
  try {
    return await work();
  } finally {
    await trial.tamper(['public.dot_tools'], clean);
  }
}

describe('a tool row by raw SQL', () => {
  const STATEMENTS = [
    GENUINE,
    `${GENUINE} on conflict (code) do update set status = excluded.status`,
    `update public.dot_tools set code = 'DOT_C1_VOCAB_BUILD' where code = 'DOT-001'`,
    `delete from public.dot_tools where code = 'DOT-001'`,
  ];

  test('of the owner of the table and of a superuser is a bypass', async () => {
    for (const sql of STATEMENTS) {
      expect([sql, await asOwner(trial.runtime, (client) => attempt(client, sql))]).toEqual([sql, BYPASS]);
      expect([sql, await as(trial.runtime, SUPERUSER, (client) => attempt(client, sql))]).toEqual([sql, BYPASS]);
      const marked = `set session_replication_role = replica; ${sql}`;
      expect([sql, await as(trial.runtime, SUPERUSER, (client) => attempt(client, marked))]).toEqual([sql, BYPASS]);
    }
  });

  test('of every login is PostgreSQL’s own refusal, the registrar’s login among them', async () => {
    expect(LOGINS.map(({ name }) => name)).toContain('dot_register');
    for (const { name } of LOGINS) {
      await as(trial.runtime, name, async (client) => {
        await client.query('set default_transaction_read_only = off');
        for (const sql of STATEMENTS) expect([name, sql, await attempt(client, sql)]).toEqual([name, sql, NO_RIGHT]);
      });
    }
  });

  test('is what its DOT does with the same row', async () => {
    expect(codeOf(await run(trial, `tool-${BUILD}`, 'create'))).toBe('OK_APPLIED');
    expect(await trial.value(`select count(*)::int as v from public.dot_tools where code = 'DOT_C1_VOCAB_BUILD'`)).toBe(
      1,
    );
    expect(codeOf(await run(trial, `tool-${BUILD}`, 'retire'))).toBe('OK_APPLIED');
    before = await trial.fingerprint({ intents: false });
  });
});

describe('registration before birth', () => {
  test('is a HOLD until birth, admission and entry are there, in the dry run too', async () => {
    for (const next of lifeOf(PREFLIGHT)) {
      for (const flags of [['--dry-run'], []]) {
        expect(failureOf(await run(trial, `tool-${PREFLIGHT}`, 'create', { flags }))).toEqual(failure(3, UNBORN));
      }
      await mustRun(trial, next, 'create');
    }
    expect(codeOf(await run(trial, `tool-${PREFLIGHT}`, 'create'))).toBe('OK_APPLIED');
    await mustRun(trial, `tool-${PREFLIGHT}`, 'retire');
    before = await trial.fingerprint({ intents: false });
  });
});

describe('the backlog of unregistered files', () => {
  const BACKLOG = SEED_TOOLS.filter(({ registered, onDisk }) => onDisk && !registered);
  const register = (flags: readonly string[], code = 'DOT_C1_VOCAB_BUILD') =>
    trial.runtime.bin(REGISTRAR, ['--cloud', '--step', 'W4', '--for', 'trial/x', ...flags], {
      stdin: { ...toolImage(BUILD), code },
    });

  test('is fifteen files, and none of them can be asked for', async () => {
    expect(BACKLOG).toHaveLength(15);
    for (const { code } of BACKLOG) {
      const refused = await register(['--only-prefix', 'dot-c1-', '--only', code, '--max-new', '1'], code);
      expect([code, failureOf(refused)]).toEqual([code, failure(64, 'ERROR_USAGE')]);
    }
  });

  test.each([
    ['nothing', []],
    ['eight at once', ['--max-new', '8']],
    ['the prefix alone', ['--only-prefix', 'dot-c1-']],
    ['the prefix of everything', ['--only-prefix', 'dot-']],
    ['no prefix', ['--only', 'DOT_C1_VOCAB_BUILD']],
    ['a Cyrillic prefix', ['--only-prefix', 'dot-с1-', '--only', 'DOT_C1_VOCAB_BUILD']],
    ['a Cyrillic code', ['--only-prefix', 'dot-c1-', '--only', 'DOT_С1_VOCAB_BUILD']],
    ['full-width letters', ['--only-prefix', 'dot-c1-', '--only', 'ＤＯＴ_C1_VOCAB_BUILD']],
    ['a code with a space', ['--only-prefix', 'dot-c1-', '--only', 'DOT_C1_VOCAB_BUILD ']],
    ['a code in small letters', ['--only-prefix', 'dot-c1-', '--only', 'dot_c1_vocab_build']],
  ])('is not let in by %s', async (_, flags) => {
    expect(failureOf(await register(flags))).toEqual(failure(64, 'ERROR_USAGE'));
    expect(await liveTools()).toBe(309);
  });

  test('is not let in by a row that says another code than the flag', async () => {
    const right = ['--only-prefix', 'dot-c1-', '--only', 'DOT_C1_VOCAB_BUILD'];
    for (const code of ['DOT-290', 'DOT_C1_PREFLIGHT', 'DOT_С1_VOCAB_BUILD']) {
      expect([code, failureOf(await register(right, code))]).toEqual([code, failure(1, 'ERROR_PAYLOAD_INVALID')]);
    }
    expect(codeOf(await register([...right, '--dry-run']))).toBe('OK_PLANNED');
  });

  test('is not let in by a backlog file under a name of C1, and a ninth file of C1 stops the whole run', async () => {
    const { bin } = trial.runtime.paths;
    const backlog = path.join(bin, BACKLOG[0]?.name ?? '');
    const everything = ['--cloud', '--only-prefix', 'dot-c1-', '--dry-run'];
    for (const content of [await readFile(backlog, 'utf8'), '#!/bin/sh\n#\n# DOT-CODE: DOT_C1_EXTRA\n']) {
      await writeFile(path.join(bin, 'dot-c1-extra'), content, { mode: 0o555 });
      expect(failureOf(await trial.runtime.bin(REGISTRAR, everything))).toEqual(failure(3, DUPLICATE));
      await rm(path.join(bin, 'dot-c1-extra'));
    }
    const found = await trial.runtime.bin(REGISTRAR, everything);
    expect(JSON.parse(found.stdout)).toMatchObject({ code: 'OK_READ', readback: { new: 8 } });
  });

  test('is not let in by the registrar’s own login either, born or not, nor is a DOT of C1 under another name', async () => {
    for (const { code, name } of BACKLOG.slice(0, 3)) {
      const image = { ...toolImage(BUILD), code, name, file_path: `/opt/incomex/dot/bin/${name}` };
      expect(await byLogin([inserted(image)])).toBe(DUPLICATE);
    }
    const others = [{ name: 'dot-catalog-sync' }, { file_path: 'bin/dot/dot-c1-vocab-build' }];
    for (const change of others) expect(await byLogin([inserted({ ...toolImage(BUILD), ...change })])).toBe(DUPLICATE);
  });
});

function inserted(image: Image): Delta {
  return { surface: 'dot_tools', key: String(image.code), op: 'insert', before: null, after: image };
}

/** A run of the registrar's login by hand, about the first of the rows. */
function byLogin(deltas: readonly [Delta, ...Delta[]]): Promise<string> {
  const direction = deltas[0].op === 'retire' ? 'retire' : 'apply';
  const writes = deltas.map(({ op, after }) => writing('dot_tools', op, after ?? {}));
  return as(trial.runtime, 'dot_register', (client) =>
    applied(client, runOf('DOT-REGISTER', deltas, { step: 'W4', direction }), ...writes),
  );
}

describe('two codes in one run', () => {
  test('leave the second without an entry of its own, and are refused, as an insert, a retire and a reinstate', async () => {
    const [one, two] = [toolImage(BUILD), toolImage(PREFLIGHT)];
    const retired = (image: Image): Delta => ({
      ...inserted(image),
      op: 'retire',
      before: image,
      after: { ...image, status: 'retired' },
    });
    const back = (image: Image): Delta => ({
      ...inserted(image),
      op: 'reinstate',
      before: { ...image, status: 'retired' },
    });
    // Both are there from the tests before, retired.
    expect(await byLogin([back(one), back(two)])).toBe(NO_ENTRY);
    expect(await byLogin([back(one)])).toBe('accepted');
    expect(await byLogin([back(two)])).toBe('accepted');
    expect(await byLogin([retired(one), retired(two)])).toBe(NO_ENTRY);
    expect(await byLogin([retired(one)])).toBe('accepted');
    expect(await byLogin([retired(two)])).toBe('accepted');
    const [third, fourth] = ['dot-c1-vocab-verify', 'dot-c1-grant-issue'];
    for (const slug of [third, fourth]) for (const name of lifeOf(slug)) await mustRun(trial, name, 'create');
    const [first, second] = [inserted(toolImage(third)), inserted(toolImage(fourth))];
    before = await trial.fingerprint({ intents: false });
    expect(await byLogin([first, second])).toBe(NO_ENTRY);
    expect(await trial.fingerprint({ intents: false })).toBe(before);
    expect(await byLogin([first])).toBe('accepted');
    expect(await byLogin([second])).toBe('accepted');
    before = await trial.fingerprint({ intents: false });
  });
});

describe('a tool that the handbook does not know', () => {
  const bins = ['dot-species-register'];
  const checks = () => [
    trial.runtime.reader(['open', '--step', 'W4'], { stdin: { bins } }),
    trial.runtime.reader(['gate', '--step', 'W4'], { stdin: { expected: {} } }),
    trial.runtime.reader(['retire-check', '--step', 'W4']),
    trial.runtime.reader(['retired', '--step', 'W5']),
  ];
  const refusals = async () => new Set((await Promise.all(checks())).map(codeOf));

  test.each([
    ['a code of C1', values('DOT_C1_X', 'dot-x', 'bin/dot/dot-x'), NO_ENTRY],
    ['a code of C1 in small letters', values('dot_c1_x', 'dot-x', 'bin/dot/dot-x'), NO_ENTRY],
    ['a file of C1 under another code', values('DOT-999', 'dot-x', 'dot/bin/dot-c1-x'), NO_ENTRY],
    ['a name of C1 under another code', values('DOT-999', 'dot-c1-x', 'dot/bin/dot-x'), NO_ENTRY],
    ['the file of a live tool', values('DOT_C1_X', 'dot-x', '/opt/incomex/dot/bin/dot-c1-grant-issue'), DUPLICATE],
    ['the file of a live tool by another prefix', values('DOT_C1_X', 'dot-x', 'bin/dot/dot-c1-grant-issue'), DUPLICATE],
    ['the name of a live tool', values('DOT-999', 'dot-c1-grant-issue', 'bin/dot/dot-x'), DUPLICATE],
  ])('%s stops every check by its own code', async (_, row, code) => {
    await withPlanted(`${RAW} ${row}`, ['DOT_C1_X', 'dot_c1_x', 'DOT-999'], async () => {
      expect(await refusals()).toEqual(new Set([code]));
    });
    expect(failureOf((await Promise.all(checks()))[0] ?? neverRan())).not.toMatchObject({ code });
  });

  test('a tool that was retired and is brought back by hand has no live entry', async () => {
    const set = (status: string) =>
      trial.tamper(
        ['public.dot_tools'],
        `update public.dot_tools set status = '${status}' where code = 'DOT_C1_VOCAB_BUILD'`,
      );
    await set('active');
    expect(await refusals()).toEqual(new Set([NO_ENTRY]));
    await set('retired');
    expect(await refusals()).not.toContain(NO_ENTRY);
  });

  test('is not what a registered one is: each has its entry', async () => {
    expect(await trial.value(`select array_agg(code order by code)::text as v from iu_core.v_c1_tool`)).toBe(
      '{DOT_C1_GRANT_ISSUE,DOT_C1_VOCAB_VERIFY}',
    );
    expect(await trial.value('select iu_core.tools_without_entry() as v')).toEqual([]);
    expect(await trial.value('select iu_core.tools_twice() as v')).toEqual([]);
  });
});

function neverRan(): never {
  throw new Error('no check ran');
}

describe('claims and files', () => {
  test('another resource retires nothing, and another stack makes nothing', async () => {
    await mustRun(trial, `tool-${BUILD}`, 'create');
    const live = await trial.fingerprint({ intents: false });
    for (const owner of [{ resource: 'tool-dot-c1-preflight' }, { stack: 'other' }]) {
      expect(codeOf(await run(trial, `tool-${BUILD}`, 'retire', owner))).toBe('NOOP_NOT_OURS');
    }
    const asked = await run(trial, `tool-${BUILD}`, 'create', { stack: 'other' });
    expect(failureOf(asked)).toEqual(failure(3, 'HOLD_CLAIMED_ELSEWHERE'));
    expect(await trial.fingerprint({ intents: false })).toBe(live);
    await mustRun(trial, `tool-${BUILD}`, 'retire');
    before = await trial.fingerprint({ intents: false });
  });

  test('a tool is retired though its file is altered or gone, but not registered', async () => {
    const file = path.join(trial.runtime.paths.bin, BUILD);
    const genuine = await readFile(file, 'utf8');
    const put = async (text: string | null) => {
      await rm(file, { force: true });
      if (text !== null) await writeFile(file, text, { mode: 0o555 });
    };
    for (const spoilt of [null, '#!/bin/sh\n#\n# DOT-CODE: DOT-290\n']) {
      await mustRun(trial, `tool-${BUILD}`, 'create');
      await put(spoilt);
      expect(codeOf(await run(trial, `tool-${BUILD}`, 'retire', { flags: ['--dry-run'] }))).toBe('OK_PLANNED');
      expect(codeOf(await run(trial, `tool-${BUILD}`, 'retire'))).toBe('OK_APPLIED');
      expect(failureOf(await run(trial, `tool-${BUILD}`, 'create'))).toEqual(failure(3, DUPLICATE));
      await put(genuine);
    }
    const { bin, args } = invocation(`tool-${BUILD}`, 'retire');
    const nameless = args.filter((word) => word !== '--only' && word !== 'DOT_C1_VOCAB_BUILD');
    for (const flags of [[], ['--dry-run']]) {
      expect(failureOf(await trial.runtime.bin(bin, [...nameless, ...flags]))).toEqual(failure(64, 'ERROR_USAGE'));
    }
    before = await trial.fingerprint({ intents: false });
  });
});
