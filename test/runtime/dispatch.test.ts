import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isRealRun } from '../../domain/decision/request-checks.ts';
import { C1_DOT_CODES, loginOf } from '../../domain/dots.ts';
import { LOGINS } from '../../runtime/roles.ts';
import { rowNamed } from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';
import { changed, decideOn } from '../support/decision.ts';
import { as, attempt, NO_RIGHT, outcomeOf } from './guards/support/attempt.ts';

const CALL = 'select public.fn_process_agent_api_dispatch($1, $2, $3) as answer';
const CONTRACTS = 'public.dot_agent_api_contract';
/** PostgreSQL's own refusal of a write in a read-only transaction. */
const READ_ONLY = '25006';
const BUILD = 'DOT_C1_VOCAB_BUILD';
const VERIFY = 'DOT_C1_VOCAB_VERIFY';
const CALLERS = ['executor_ro', 'auditor_ro', ...C1_DOT_CODES.map(loginOf)];
const PRODUCER = {
  validated: true,
  endpoint_present: true,
  true_dry_run_possible: true,
  writes_db: false,
  write_obs: false,
};
const VERIFIER = { ...PRODUCER, endpoint_present: false, true_dry_run_possible: false };

let trial: Trial;
let before: string;
beforeAll(async () => {
  trial = await createTrial({ staged: false });
  const rows = JSON.stringify([BUILD, VERIFY].map((code) => rowNamed(contractName(code)).payload));
  const columns = Object.keys(rowNamed(contractName(BUILD)).payload ?? {}).join(', ');
  await trial.tamper(
    [CONTRACTS],
    `insert into ${CONTRACTS} (${columns}) select ${columns} from jsonb_populate_recordset(null::${CONTRACTS}, '${rows}')`,
  );
});
beforeEach(async () => {
  before = await trial.fingerprint();
});
afterAll(() => trial?.dispose());

const contractName = (code: string) => `contract-${code.toLowerCase().replaceAll('_', '-')}`;

/** What the gate answers, or the code of its refusal. */
async function dispatch(code: unknown, mode: unknown, request: unknown = {}, login = 'executor_ro'): Promise<unknown> {
  const json = request === null ? null : JSON.stringify(request);
  return await as(trial.runtime, login, async (client) => {
    try {
      return (await client.query(CALL, [code, mode, json])).rows[0].answer;
    } catch (cause) {
      return outcomeOf(cause);
    }
  });
}

async function untouched(): Promise<void> {
  expect(await trial.fingerprint()).toBe(before);
}

describe('the gate answers', () => {
  test.each([
    [BUILD, 'PLAN_ONLY', PRODUCER],
    [VERIFY, 'PLAN_ONLY', VERIFIER],
    [VERIFY, 'VERIFY_ONLY', VERIFIER],
    ['DOT_KG_EXPLAIN', 'PLAN_ONLY', PRODUCER],
    [BUILD, 'DRY_RUN', PRODUCER],
    ['DOT_KG_EXPLAIN', 'DRY_RUN', PRODUCER],
    ['DOT_KG_EXPLAIN_VERIFY', 'PLAN_ONLY', VERIFIER],
    ['DOT_KG_EXPLAIN_VERIFY', 'VERIFY_ONLY', VERIFIER],
  ])('%s in %s by its contract, and changes nothing', async (code, mode, answer) => {
    expect(await dispatch(code, mode)).toEqual(answer);
    await untouched();
  });

  test.each(CALLERS)('%s, and nobody else', async (login) => {
    expect(await dispatch(BUILD, 'PLAN_ONLY', {}, login)).toEqual(PRODUCER);
    await untouched();
  });

  test('nobody else: every other login has no right to ask', async () => {
    const others = LOGINS.filter(({ name }) => !CALLERS.includes(name));
    expect(others.length).toBeGreaterThan(10);
    for (const { name } of others)
      expect([name, await dispatch(BUILD, 'PLAN_ONLY', {}, name)]).toEqual([name, NO_RIGHT]);
  });

  test('with the target and the rollback of its contract', async () => {
    const request = { target: 'DRYRUN-NS:dot:c1:vocab', rollback: 'retire' };
    expect(await dispatch(BUILD, 'PLAN_ONLY', request)).toEqual(PRODUCER);
  });
});

describe('the gate refuses', () => {
  test.each([
    ['a dry run by the verifier', VERIFY, 'DRY_RUN', {}, 'REJECT_MALFORMED_REQUEST'],
    ['the same of KG', 'DOT_KG_EXPLAIN_VERIFY', 'DRY_RUN', {}, 'REJECT_MALFORMED_REQUEST'],
    ['a mode of the other DOT', BUILD, 'VERIFY_ONLY', {}, 'REJECT_MALFORMED_REQUEST'],
    ['a mode in small letters', BUILD, 'plan_only', {}, 'REJECT_MALFORMED_REQUEST'],
    ['an unknown mode', BUILD, 'EXPLAIN', {}, 'REJECT_MALFORMED_REQUEST'],
    ['no mode', BUILD, null, {}, 'REJECT_MALFORMED_REQUEST'],
    ['no code', null, 'PLAN_ONLY', {}, 'REJECT_MALFORMED_REQUEST'],
    ['no request', BUILD, 'PLAN_ONLY', null, 'REJECT_MALFORMED_REQUEST'],
    ['a list as request', BUILD, 'PLAN_ONLY', [], 'REJECT_MALFORMED_REQUEST'],
    ['an unknown field', BUILD, 'PLAN_ONLY', { force: true }, 'REJECT_MALFORMED_REQUEST'],
    ['authorizations, which it cannot check', BUILD, 'DRY_RUN', { authorizations: [] }, 'REJECT_MALFORMED_REQUEST'],
    ['an unknown code', 'DOT_NONE', 'PLAN_ONLY', {}, 'REJECT_SCOPE_NOT_C1'],
    ['an empty code', '', 'PLAN_ONLY', {}, 'REJECT_SCOPE_NOT_C1'],
    ['C1 DOTs without contract', 'DOT_C1_PREFLIGHT', 'PLAN_ONLY', {}, 'REJECT_SCOPE_NOT_C1'],
    ['a code in small letters', 'dot_c1_vocab_build', 'PLAN_ONLY', {}, 'REJECT_SCOPE_NOT_C1'],
    ['a look-alike code', 'DOT_С1_VOCAB_BUILD', 'PLAN_ONLY', {}, 'REJECT_SCOPE_NOT_C1'],
    ['a code with a space behind it', `${BUILD} `, 'PLAN_ONLY', {}, 'REJECT_SCOPE_NOT_C1'],
    ['a wildcard', 'DOT_C1_%', 'PLAN_ONLY', {}, 'REJECT_SCOPE_NOT_C1'],
    ['a statement as code', `x' or true --`, 'PLAN_ONLY', {}, 'REJECT_SCOPE_NOT_C1'],
    ...[2, 3, 4, 5, 6, 7].map(
      (n) => [`C${n}`, `DOT_C${n}_VOCAB_BUILD`, 'PLAN_ONLY', {}, 'REJECT_SCOPE_NOT_C1'] as const,
    ),
    ['a C2 target', BUILD, 'PLAN_ONLY', { target: 'DRYRUN-NS:dot:c2:vocab' }, 'REJECT_SCOPE_NOT_C1'],
    ['a production target', BUILD, 'PLAN_ONLY', { target: 'production' }, 'REJECT_PRODUCTION_TARGET'],
    ['no target where one is named', BUILD, 'PLAN_ONLY', { target: null }, 'REJECT_PRODUCTION_TARGET'],
    ['rollback by delete', BUILD, 'PLAN_ONLY', { rollback: 'delete' }, 'REJECT_ROLLBACK_DELETE'],
    ['a real run in the request', BUILD, 'PLAN_ONLY', { mode: 'real_run' }, 'C1_PROD_REAL_RUN_BLOCKED'],
  ] as const)('%s', async (_title, code, mode, request, refusal) => {
    expect(await dispatch(code, mode, request)).toBe(refusal);
    expect(await dispatch(BUILD, 'PLAN_ONLY')).toEqual(PRODUCER);
    await untouched();
  });

  test.each(['target', 'rollback'])(
    'a mode that the DOT does not have as the decision does, before a bad %s',
    async (field) => {
      const request = { [field]: 'production' };
      for (const [code, mode] of [
        [VERIFY, 'DRY_RUN'],
        [BUILD, 'VERIFY_ONLY'],
      ] as const) {
        const decision = decideOn(changed('asked', { dot_code: code, mode, ...request }));
        expect(decision).toMatchObject({ accepted: false, code: 'REJECT_MALFORMED_REQUEST' });
        expect([code, await dispatch(code, mode, request)]).toEqual([code, 'REJECT_MALFORMED_REQUEST']);
      }
    },
  );

  test('a code of C1 whose contract is retired, changed or not there, and the same code once it is', async () => {
    for (const change of [
      `contract_status = 'retired'`,
      `contract_status = 'contract_ready'`,
      'no_mutation_assertion = false',
      `error_behavior = 'continue'`,
    ]) {
      await withChange(CONTRACTS, change, `dot_code = '${BUILD}'`, async () => {
        expect([change, await dispatch(BUILD, 'PLAN_ONLY')]).toEqual([change, 'HOLD_ADMISSION_MISSING_OR_INVALID']);
      });
    }
    await withChange(CONTRACTS, 'endpoint_ref = null', `dot_code = '${BUILD}'`, async () => {
      expect(await dispatch(BUILD, 'DRY_RUN')).toBe('HOLD_ENDPOINT_MISSING');
      expect(await dispatch(BUILD, 'PLAN_ONLY')).toEqual({ ...PRODUCER, ...VERIFIER });
    });
    expect(await dispatch(BUILD, 'PLAN_ONLY')).toEqual(PRODUCER);
  });

  test.each(['dry_run_only = false', 'execute_enabled = true', 'real_run_enabled = true'])(
    'everything while %s, and answers again behind closed gates',
    async (change) => {
      await withChange('public.dot_runtime_gate', change, 'true', async () => {
        for (const code of [BUILD, VERIFY, 'DOT_KG_EXPLAIN']) {
          expect(await dispatch(code, 'PLAN_ONLY')).toBe('C1_PROD_REAL_RUN_BLOCKED');
          expect(await dispatch(code, 'REAL_RUN')).toBe('C1_PROD_REAL_RUN_BLOCKED');
        }
      });
      expect(await dispatch(BUILD, 'PLAN_ONLY')).toEqual(PRODUCER);
    },
  );
});

describe('a real run', () => {
  const DRESSES = [
    'REAL_RUN',
    'real_run',
    'Real-Run',
    ' REAL RUN\n',
    'ＲＥＡＬ＿ＲＵＮ',
    'RÉAL_RUN',
    'REАL_RUN',
    'R\u200BEAL_RUN',
  ];

  test.each(DRESSES)('as %j is blocked for every code and every caller', async (mode) => {
    for (const code of [BUILD, VERIFY, 'DOT_KG_EXPLAIN', 'DOT_C2_VOCAB_BUILD', '', null]) {
      expect([code, await dispatch(code, mode)]).toEqual([code, 'C1_PROD_REAL_RUN_BLOCKED']);
    }
    for (const login of CALLERS) expect(await dispatch(BUILD, mode, null, login)).toBe('C1_PROD_REAL_RUN_BLOCKED');
    await untouched();
  });

  test('is known by the same dress in Node and in PostgreSQL', async () => {
    const part = fc.oneof(
      fc.constantFrom(
        'R',
        'E',
        'A',
        'L',
        'U',
        'N',
        'REAL',
        'RUN',
        '_',
        ' ',
        'а',
        'Е',
        'ᴀ',
        'Ն',
        '\u0301',
        'Ⓡ',
        'ﬀ',
        'ß',
        'ı',
      ),
      fc.string({ unit: 'grapheme', maxLength: 2 }),
    );
    const modes = fc.sample(
      fc
        .array(part, { maxLength: 12 })
        .map((parts) => parts.join('').replaceAll('\0', ''))
        .filter((text) => text.isWellFormed()),
      2_000,
    );
    const all = [...modes, ...DRESSES, '', `${'x'.repeat(9_990)}REAL_RUN__`, `${'x'.repeat(9_999)}REAL_RUN`];
    expect(all.filter(isRealRun).length).toBeGreaterThan(DRESSES.length);
    const twin = await trial.value<readonly boolean[]>(
      'select array_agg(iu_core.is_real_run(m) order by o) as v from unnest($1::text[]) with ordinality u(m, o)',
      [all],
    );
    expect(all.filter((mode, at) => isRealRun(mode) !== twin[at])).toEqual([]);
  });
});

describe('the gate cannot write', () => {
  test('for it is stable, runs with the rights of who asks, and has no right of its own', async () => {
    const kind =
      await trial.value(`select jsonb_build_array(p.provolatile, p.prosecdef, p.proconfig) as v from pg_proc p
      where p.oid = 'public.fn_process_agent_api_dispatch(text, text, jsonb)'::regprocedure`);
    expect(kind).toEqual(['s', false, ['search_path=pg_catalog, pg_temp']]);
  });

  test('it answers inside a read-only transaction, and no caller can write in one, nor in another', async () => {
    for (const login of CALLERS) {
      await as(trial.runtime, login, async (client) => {
        await client.query('begin read only');
        expect((await client.query(CALL, [BUILD, 'PLAN_ONLY', {}])).rows[0].answer).toEqual(PRODUCER);
        expect(await attempt(client, `update ${CONTRACTS} set mode = 'REAL_RUN'`)).toBe(READ_ONLY);
        await client.query('rollback; begin read write');
        expect(await attempt(client, `update ${CONTRACTS} set mode = 'REAL_RUN'`)).toBe(NO_RIGHT);
        await client.query('rollback');
      });
    }
    await untouched();
  });
});

/** One row is otherwise while `work` runs, as only a superuser with the guards off can have it. */
async function withChange(table: string, change: string, where: string, work: () => Promise<void>): Promise<void> {
  const row = await trial.value<object>(`select to_jsonb(t) as v from ${table} t where ${where}`);
  const column = change.split(' ')[0] ?? '';
  await trial.tamper([table], `update ${table} set ${change} where ${where}`);
  try {
    await work();
  } finally {
    const kept = JSON.stringify(row).replaceAll("'", "''");
    const put = `update ${table} t set ${column} = o.${column} from jsonb_populate_record(null::${table}, '${kept}') o where t.${where}`;
    await trial.tamper([table], where === 'true' ? put.replace('t.true', 'true') : put);
  }
  await untouched();
}
