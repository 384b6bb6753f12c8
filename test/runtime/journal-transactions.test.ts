import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';
import { as, attempt, attemptInside, BYPASS, SUPERUSER } from './guards/support/attempt.ts';
import {
  applied,
  closing,
  count,
  declaring,
  opening,
  type Statement,
  speciesImage,
  speciesRun,
  transaction,
  writing,
} from './guards/support/runs.ts';

let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await createTestRuntime();
});
afterAll(() => runtime?.dispose());

const DOT = 'dot_species_register';

function sql(text: string): Statement {
  return [text, []];
}

async function registered(code: string): Promise<number> {
  return as(runtime, SUPERUSER, (client) => count(client, `public.species where code = '${code}'`));
}

describe('savepoints', () => {
  const back = [sql('rollback to s')];
  const TRICKS: readonly (readonly [
    string,
    (open: Statement, write: Statement, close: Statement) => Statement[],
    string,
  ])[] = [
    ['an opening that is rolled back is no opening', (o, w) => [sql('savepoint s'), o, ...back, w], BYPASS],
    ['a write under a closed run is refused, even when the closing is kept', (o, w, c) => [o, w, c, w], BYPASS],
    [
      'a closing that is rolled back is no closing',
      (o, w, c) => [o, w, sql('savepoint s'), c, ...back],
      'HOLD_PRESTATE_MOVED',
    ],
    [
      'a closing that is rolled back after its check was brought forward is checked again',
      (o, w, c) => [o, w, sql('savepoint s'), c, sql('set constraints all immediate'), ...back],
      'HOLD_PRESTATE_MOVED',
    ],
    [
      'a check that was brought forward refuses the open run at once',
      (o, w) => [o, w, sql('set constraints all immediate')],
      'HOLD_PRESTATE_MOVED',
    ],
    [
      'a write that is rolled back is missing at the closing',
      (o, w, c) => [o, sql('savepoint s'), w, ...back, c],
      'HOLD_PRESTATE_MOVED',
    ],
    ['a second closing is refused', (o, w, c) => [o, w, c, c], BYPASS],
    ['a closing without an opening is refused', (_, __, c) => [c], BYPASS],
    ['a closing of nothing is refused', () => [sql('select iu_core.close_run(null)')], BYPASS],
  ];
  test.each(TRICKS)('%s', async (title, statements, code) => {
    const name = `s-${title.length}-${TRICKS.findIndex(([other]) => other === title)}`;
    const { run, write } = speciesRun(name);
    await as(runtime, DOT, async (client) => {
      expect(await attempt(client, ...declaring(run))).toBe('accepted');
      expect(await transaction(client, ...statements(opening(run), write, closing(run)))).toBe(code);
      expect(await registered(name)).toBe(0);
      const kept = [sql('savepoint s'), opening(run), write, sql('release s'), closing(run)];
      expect(await transaction(client, ...kept)).toBe('accepted');
      expect(await registered(name)).toBe(1);
    });
  });
});

describe('a marker', () => {
  test('of another session opens nothing here', async () => {
    const { run, write } = speciesRun('borrowed');
    await as(runtime, DOT, async (lender) => {
      expect(await attempt(lender, ...declaring(run))).toBe('accepted');
      await lender.query('begin');
      expect(await attempt(lender, ...opening(run))).toBe('accepted');
      await as(runtime, DOT, async (borrower) => {
        expect(await transaction(borrower, write)).toBe(BYPASS);
        expect(await transaction(borrower, closing(run))).toBe(BYPASS);
      });
      expect(await attempt(lender, ...write)).toBe('accepted');
      expect(await attempt(lender, ...closing(run))).toBe('accepted');
      expect(await attempt(lender, 'commit')).toBe('accepted');
    });
  });

  test('of the transaction before opens nothing in the next one', async () => {
    const { run, write } = speciesRun('past');
    await as(runtime, DOT, async (client) => {
      expect(await applied(client, run, write)).toBe('accepted');
      expect(await transaction(client, writing('species', 'insert', speciesImage('later')))).toBe(BYPASS);
      const next = speciesRun('later');
      expect(await applied(client, next.run, next.write)).toBe('accepted');
    });
  });

  test('set by hand is refused for the login, the owner and a superuser', async () => {
    const { run } = speciesRun('forged');
    const forge = `update iu_core.dot_run set xid = pg_current_xact_id() where request_id = '${String(run.request.request_id)}'`;
    await as(runtime, DOT, async (client) => {
      expect(await attempt(client, ...declaring(run))).toBe('accepted');
      expect(await attempt(client, forge)).toBe('42501');
    });
    await as(runtime, SUPERUSER, async (client) => {
      await client.query('begin');
      expect(await attemptInside(client, forge)).toBe(BYPASS);
      expect(await attemptInside(client, `set local role c1_gateway; ${forge}`)).toBe(BYPASS);
      await client.query('rollback');
    });
  });

  test('does not let its own login write by hand, nor in another name, nor through a block', async () => {
    const { run, write } = speciesRun('by-hand');
    const asOwner = `reset session authorization; set local role c1_gateway`;
    const insert = `insert into public.species (code, name, owner, description) values ('by-hand', 'n', 'c1', 'd')`;
    const call = `select iu_core.species_insert(jsonb_populate_record(null::public.species, '${String(write[1][0])}'))`;
    await as(runtime, SUPERUSER, async (client) => {
      await client.query(`set session authorization ${DOT}`);
      expect(await attempt(client, ...declaring(run))).toBe('accepted');
      await client.query('begin');
      expect(await attempt(client, ...opening(run))).toBe('accepted');
      expect(await attemptInside(client, insert)).toBe('42501');
      expect(await attemptInside(client, `reset session authorization; ${insert}`)).toBe(BYPASS);
      expect(await attemptInside(client, `${asOwner}; ${insert}`)).toBe(BYPASS);
      expect(await attemptInside(client, `${asOwner}; do $$ begin ${insert}; end $$`)).toBe(BYPASS);
      expect(await attemptInside(client, `do $$ begin perform ${call.slice('select '.length)}; end $$`)).toBe(BYPASS);
      expect(await attempt(client, call)).toBe('accepted');
      expect(await attempt(client, ...closing(run))).toBe('accepted');
      expect(await attempt(client, 'commit')).toBe('accepted');
    });
  });
});

test('a run cannot be put off to a prepared transaction', async () => {
  const { run, write } = speciesRun('prepared');
  await as(runtime, DOT, async (client) => {
    expect(await attempt(client, ...declaring(run))).toBe('accepted');
    const put = sql(`prepare transaction 'later'`);
    expect(await transaction(client, opening(run), write, put)).not.toBe('accepted');
    expect(await transaction(client, opening(run), write, closing(run), put)).toBe('55000');
    expect(await registered('prepared')).toBe(0);
    expect(await transaction(client, opening(run), write, closing(run))).toBe('accepted');
  });
});
