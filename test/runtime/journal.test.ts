import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';
import { as, attempt, BYPASS, SUPERUSER } from './guards/support/attempt.ts';
import {
  applied,
  closing,
  count,
  declaring,
  newRequestId,
  opening,
  speciesImage,
  speciesRun,
  type TestRun,
  transaction,
  writing,
} from './guards/support/runs.ts';

let runtime: TestRuntime;
let species = 0;
beforeAll(async () => {
  runtime = await createTestRuntime();
});
afterAll(() => runtime?.dispose());

const DOT = 'dot_species_register';

/** A species that no other test touches. */
function fresh() {
  species += 1;
  const code = `species-${species}`;
  const registered = () => as(runtime, SUPERUSER, (client) => count(client, `public.species where code = '${code}'`));
  return { code, registered, ...speciesRun(code) };
}

function changed(run: TestRun, request: TestRun['request']): TestRun {
  return { ...run, request: { ...run.request, ...request } };
}

describe('a run that is declared, opened, written, closed and committed', () => {
  test('leaves its row, one handbook entry, a live claim and an applied journal', async () => {
    const { code, run, write, registered } = fresh();
    expect(await as(runtime, DOT, (client) => applied(client, run, write))).toBe('accepted');
    expect(await registered()).toBe(1);
    const id = run.request.request_id;
    await as(runtime, SUPERUSER, async (client) => {
      const { rows } = await client.query(
        `select r.outcome, r.login, l.subject, l.written_by, c.status, c.stack, c.resource from iu_core.dot_run r
           join public.dot_ledger l using (request_id) join iu_core.claim c on c.surface = 'species' and c.key = $2
          where r.request_id = $1`,
        [id, code],
      );
      const owner = { status: 'live', stack: 'trial', resource: 'row' };
      const entry = { subject: `species/${code}`, written_by: DOT };
      expect(rows).toEqual([{ outcome: 'applied', login: DOT, ...entry, ...owner }]);
    });
  });

  test('is not written a second time: asking again answers that it is applied, and opens nothing', async () => {
    const { run, write } = fresh();
    await as(runtime, DOT, async (client) => {
      expect(await applied(client, run, write)).toBe('accepted');
      const again = await client.query(declaring(run)[0], [...declaring(run)[1]]);
      expect(again.rows).toEqual([{ declare_run: 'applied' }]);
      expect(await transaction(client, opening(run), write)).toBe(BYPASS);
      expect(await transaction(client, opening(run), closing(run))).toBe(BYPASS);
    });
  });
});

describe('what is asked for wrongly is refused, and accepted once it is right:', () => {
  const WRONG: readonly (readonly [string, (run: TestRun) => TestRun, string])[] = [
    ['another DOT than that of the login', (run) => ({ ...run, dot: 'DOT_ENTITY_RETIRE' }), 'REJECT_NOT_ALLOWED'],
    ['a DOT that does not exist', (run) => ({ ...run, dot: 'DOT_C2_VOCAB_BUILD' }), 'REJECT_NOT_ALLOWED'],
    ['no DOT', (run) => ({ ...run, dot: null }), 'REJECT_NOT_ALLOWED'],
    ['the digest of other deltas', (run) => ({ ...run, digest: 'a'.repeat(64) }), 'ERROR_PAYLOAD_INVALID'],
    ['no digest', (run) => ({ ...run, digest: null }), 'ERROR_PAYLOAD_INVALID'],
    ['another step than that of the digest', (run) => changed(run, { step: 'W3' }), 'ERROR_PAYLOAD_INVALID'],
    ['kind propose for a row that a plan covers', (run) => ({ ...run, kind: 'propose' }), 'REJECT_NOT_ALLOWED'],
    ['kind vote for it', (run) => ({ ...run, kind: 'vote' }), 'REJECT_NOT_ALLOWED'],
    ['kind consume for it', (run) => ({ ...run, kind: 'consume' }), 'REJECT_NOT_ALLOWED'],
    ['no kind', (run) => ({ ...run, kind: null }), 'REJECT_NOT_ALLOWED'],
    [
      'a subject that it does not change',
      (run) => changed(run, { subject: 'admission/DOT-001' }),
      'REJECT_NOT_ALLOWED',
    ],
    ['no subject', (run) => changed(run, { subject: null }), 'REJECT_NOT_ALLOWED'],
    ['no deltas', (run) => changed(run, { deltas: [] }), 'REJECT_NOT_ALLOWED'],
    ['a request id that is none', (run) => changed(run, { request_id: "x'; drop table public.species; --" }), '23514'],
    ['a direction that is none', (run) => changed(run, { direction: 'sideways' }), 'REJECT_NOT_ALLOWED'],
    ['a retire of what it inserts', (run) => changed(run, { direction: 'retire' }), 'REJECT_NOT_ALLOWED'],
  ];
  test.each(WRONG)('%s', async (_, wrong, code) => {
    const { run, write, registered } = fresh();
    await as(runtime, DOT, async (client) => {
      expect(await attempt(client, ...declaring(wrong(run)))).toBe(code);
      expect(await transaction(client, opening(wrong(run)), write, closing(wrong(run)))).not.toBe('accepted');
      expect(await registered()).toBe(0);
      expect(await applied(client, run, write)).toBe('accepted');
      expect(await registered()).toBe(1);
    });
  });

  const OPENED_WRONGLY: readonly (readonly [string, (run: TestRun) => TestRun])[] = [
    ['the digest of other deltas', (run) => ({ ...run, digest: 'a'.repeat(64) })],
    ['no digest', (run) => ({ ...run, digest: null })],
    ['kind propose', (run) => ({ ...run, kind: 'propose' })],
    ['no kind', (run) => ({ ...run, kind: null })],
    ['another request', (run) => changed(run, { request_id: newRequestId() })],
    ['no request', (run) => changed(run, { request_id: null })],
  ];
  test.each(OPENED_WRONGLY)('an intent opened with %s', async (_, wrong) => {
    const { run, write } = fresh();
    await as(runtime, DOT, async (client) => {
      expect(await attempt(client, ...declaring(run))).toBe('accepted');
      expect(await transaction(client, opening(wrong(run)), write, closing(run))).toBe('HOLD_PRESTATE_MOVED');
      expect(await transaction(client, opening(run), write, closing(run))).toBe('accepted');
    });
  });

  test('an intent of the very transaction that opens it', async () => {
    const { run, write, registered } = fresh();
    await as(runtime, DOT, async (client) => {
      expect(await transaction(client, declaring(run), opening(run), write, closing(run))).toBe('HOLD_PRESTATE_MOVED');
      expect(await registered()).toBe(0);
      expect(await applied(client, run, write)).toBe('accepted');
    });
  });

  test('the right DOT with the login of another', async () => {
    const { run, write, registered } = fresh();
    await as(runtime, 'dot_kb_write', async (other) => {
      expect(await attempt(other, ...declaring(run))).toBe('REJECT_NOT_ALLOWED');
      await as(runtime, DOT, (client) => attempt(client, ...declaring(run)));
      expect(await transaction(other, opening(run))).toBe('REJECT_NOT_ALLOWED');
      expect(await attempt(other, `select iu_core.take_claim('DOT_SPECIES_REGISTER', '[]', 'trial', 'row')`)).toBe(
        'REJECT_NOT_ALLOWED',
      );
    });
    expect(await as(runtime, DOT, (client) => transaction(client, opening(run), write, closing(run)))).toBe('accepted');
    expect(await registered()).toBe(1);
  });

  test('the request id of another run', async () => {
    const { run, write } = fresh();
    const other = fresh();
    const { request_id } = run.request;
    await as(runtime, DOT, async (client) => {
      expect(await attempt(client, ...declaring(run))).toBe('accepted');
      // Whatever runs it is taken by another resource, another row, or another DOT.
      for (const theirs of [changed(run, { resource: 'other' }), changed(other.run, { request_id })]) {
        expect(await attempt(client, ...declaring(theirs))).toBe('REJECT_NOT_ALLOWED');
      }
      expect(await attempt(client, ...declaring(run))).toBe('accepted');
      expect(await transaction(client, opening(run), write, closing(run))).toBe('accepted');
    });
  });
});

describe('an open run', () => {
  test('writes the rows that were journalled and no others', async () => {
    const { code, run, write, registered } = fresh();
    const other = writing('species', 'insert', speciesImage(`${code}-more`));
    const changedText = writing('species', 'insert', speciesImage(code, { name: 'A speciez' }));
    await as(runtime, DOT, async (client) => {
      for (const writes of [[], [changedText], [other], [write, other]]) {
        expect(await applied(client, run, ...writes)).toBe('HOLD_PRESTATE_MOVED');
        expect(await registered()).toBe(0);
      }
      expect(await applied(client, run, write)).toBe('accepted');
    });
  });

  test('writes as many rows as were journalled when one statement calls its function for many', async () => {
    const { code, run, registered } = fresh();
    const two = [speciesImage(code), speciesImage(`${code}-twin`)];
    const lateral = `select iu_core.species_insert(r) from jsonb_populate_recordset(null::public.species, $1) r`;
    await as(runtime, DOT, async (client) => {
      expect(await applied(client, run, [lateral, [JSON.stringify(two)]])).toBe('HOLD_PRESTATE_MOVED');
      expect(await registered()).toBe(0);
      expect(await applied(client, run, [lateral, [JSON.stringify(two.slice(0, 1))]])).toBe('accepted');
    });
  });

  test('must be closed by the commit', async () => {
    const { run, write, registered } = fresh();
    await as(runtime, DOT, async (client) => {
      expect(await attempt(client, ...declaring(run))).toBe('accepted');
      expect(await transaction(client, opening(run))).toBe('HOLD_PRESTATE_MOVED');
      expect(await transaction(client, opening(run), write)).toBe('HOLD_PRESTATE_MOVED');
      expect(await registered()).toBe(0);
      expect(await transaction(client, opening(run), write, closing(run))).toBe('accepted');
    });
  });

  test('is the only one of its transaction until it is closed', async () => {
    const [one, two] = [fresh(), fresh()];
    await as(runtime, DOT, async (client) => {
      for (const { run } of [one, two]) expect(await attempt(client, ...declaring(run))).toBe('accepted');
      expect(await transaction(client, opening(one.run), opening(two.run))).toBe(BYPASS);
      const both = [one, two].flatMap(({ run, write }) => [opening(run), write, closing(run)]);
      expect(await transaction(client, ...both)).toBe('accepted');
      expect([await one.registered(), await two.registered()]).toEqual([1, 1]);
    });
  });
});
