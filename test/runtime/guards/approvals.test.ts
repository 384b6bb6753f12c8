import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statementDigest } from '../../../domain/approval/statement.ts';
import { delta } from '../../../domain/plans/plan.ts';
import { createTestRuntime, type TestRuntime } from '../../support/runtime.ts';
import { as, attempt, SUPERUSER } from './support/attempt.ts';
import {
  applied,
  closing,
  count,
  declaring,
  newRequestId,
  opening,
  runOf,
  speciesImage,
  speciesRun,
  type TestRun,
  transaction,
  writing,
} from './support/runs.ts';

/** What the runtime itself holds against a step: the owners' decisions, each entered by a login of its own. */
let runtime: TestRuntime;
let target: { system: string; database: string; ssh_host_key: null };
beforeAll(async () => {
  runtime = await createTestRuntime();
  await as(runtime, SUPERUSER, async (client) => {
    await client.query(`set event_triggers = off`);
    await client.query(
      `select iu_core.put_setting('approvals', 'required'), iu_core.put_setting('approval_quorum', '2')`,
    );
    const { rows } = await client.query<{ system: string; database: string }>(
      `select (select system_identifier::text from pg_control_system()) as system,
              (select oid::text from pg_database where datname = current_database()) as database`,
    );
    target = { ...(rows[0] ?? { system: '', database: '' }), ssh_host_key: null };
  });
});
afterAll(() => runtime?.dispose());

const DOT = 'dot_species_register';
const SIGNATURE = '-----BEGIN SSH SIGNATURE-----\nof a test\n-----END SSH SIGNATURE-----\n';
const [ONE, TWO] = ['voter_owner_1', 'voter_owner_2'] as const;

interface Fixture {
  readonly stack?: string;
  readonly digest?: string;
  readonly step?: string;
  readonly direction?: string;
  readonly resource?: string;
  readonly approver?: string;
  readonly decision?: 'approve' | 'deny';
  readonly hours?: number;
  readonly target?: object;
  readonly steps?: unknown;
  readonly step_digest?: string;
}

/** A statement about one run of step W2, as `c1 approve` makes it. */
function statementOn(run: TestRun, fixture: Fixture = {}) {
  const { stack = 'trial', step = 'W2', direction = 'apply', decision = 'approve' } = fixture;
  const { approver = ONE, hours = 1, digest = run.digest, step_digest = run.digest } = fixture;
  const { resource = run.request.resource } = fixture;
  const deltas = [{ resource, digest }];
  return {
    ...{ schema: 'c1.approval/v1', stack, target: fixture.target ?? target, direction, plan_digest: 'b'.repeat(64) },
    ledger: { entries: 1, head: null },
    bins: { digest: 'b'.repeat(64), brought: { 'dot-x': ['a'.repeat(64)] } },
    steps: fixture.steps ?? [{ id: step, definition_digest: 'd'.repeat(64), step_digest, deltas }],
    ...{ approver, decision, expires_at: new Date(Date.now() + hours * 3_600_000).toISOString() },
  };
}

function enter(statement: object, login: string = ONE, signature = SIGNATURE): Promise<string> {
  return as(runtime, login, (client) =>
    attempt(client, 'select iu_core.decide_plan($1, $2)', [JSON.stringify(statement), signature]),
  );
}

const decide = (run: TestRun, fixture: Fixture = {}) => enter(statementOn(run, fixture), fixture.approver);

async function bothApprove(run: TestRun): Promise<void> {
  for (const approver of [ONE, TWO]) expect(await decide(run, { approver })).toBe('accepted');
}

const NOT = 'HOLD_PLAN_NOT_APPROVED';

describe('where approvals are required, a step is', () => {
  const INSUFFICIENT: readonly (readonly [string, readonly Fixture[], string])[] = [
    ['no decision', [], NOT],
    ['one approval where two are needed', [{}], NOT],
    ['one owner approving twice', [{}, { hours: 2 }], NOT],
    ['two approvals of another step', [{ step: 'W3' }, { step: 'W3', approver: TWO }], NOT],
    ['two approvals of the other direction', [{ direction: 'retire' }, { direction: 'retire', approver: TWO }], NOT],
    ['two approvals for another stack', [{ stack: 'other' }, { stack: 'other', approver: TWO }], NOT],
    ['two approvals of another resource', [{ resource: 'other' }, { resource: 'other', approver: TWO }], NOT],
    [
      'two approvals of another content',
      [{ digest: 'a'.repeat(64) }, { digest: 'a'.repeat(64), approver: TWO }],
      'HOLD_PRESTATE_MOVED',
    ],
  ];
  test.each(INSUFFICIENT)('refused with %s, and accepted with the right ones', async (title, fixtures, code) => {
    const key = `approved-${INSUFFICIENT.findIndex(([other]) => other === title)}`;
    const { run, write } = speciesRun(key, { resource: key });
    for (const fixture of fixtures) expect(await decide(run, fixture)).toBe('accepted');
    await as(runtime, DOT, async (client) => {
      expect(await applied(client, run, write)).toBe(code);
      expect(await count(client, `public.species where code = '${key}'`)).toBe(0);
      await bothApprove(run);
      expect(await applied(client, run, write)).toBe('accepted');
    });
  });

  test('refused once an approval is past its time', async () => {
    const { run, write } = speciesRun('over', { resource: 'over' });
    await bothApprove(run);
    const shift = async (by: string) =>
      behindTheGuards(
        `update iu_core.approved_delta set expires_at = expires_at + interval '${by}' where delta_digest = '${run.digest}'`,
      );
    await shift('-1 day');
    expect(await as(runtime, DOT, (client) => applied(client, run, write))).toBe('HOLD_PLAN_NOT_APPROVED');
    await shift('1 day');
    expect(await as(runtime, DOT, (client) => applied(client, run, write))).toBe('accepted');
  });

  test('refused with two approvals where the runtime asks for three', async () => {
    const { run, write } = speciesRun('three', { resource: 'three' });
    await bothApprove(run);
    const ask = (n: number) =>
      behindTheGuards(`update iu_core.setting set value = '${n}' where name = 'approval_quorum'`);
    await ask(3);
    expect(await as(runtime, DOT, (client) => applied(client, run, write))).toBe('HOLD_PLAN_NOT_APPROVED');
    await ask(2);
    expect(await as(runtime, DOT, (client) => applied(client, run, write))).toBe('accepted');
  });

  test('refused where nobody was told how many it takes', async () => {
    const { run, write } = speciesRun('untold', { resource: 'untold' });
    await bothApprove(run);
    await behindTheGuards(`delete from iu_core.setting where name = 'approval_quorum'`);
    expect(await as(runtime, DOT, (client) => applied(client, run, write))).toBe('HOLD_PLAN_NOT_APPROVED');
    await behindTheGuards(`insert into iu_core.setting values ('approval_quorum', '2')`);
    expect(await as(runtime, DOT, (client) => applied(client, run, write))).toBe('accepted');
  });

  test('refused a second time: an approval opens one run', async () => {
    const { run, write } = speciesRun('once', { resource: 'once' });
    await bothApprove(run);
    const again = { ...run, request: { ...run.request, request_id: newRequestId() } };
    await as(runtime, DOT, async (client) => {
      expect(await applied(client, run, write)).toBe('accepted');
      // The same request is not another one; another request of the same content is.
      expect(await attempt(client, ...opening(run))).toBe('accepted');
      expect(await applied(client, again)).toBe('HOLD_PLAN_NOT_APPROVED');
      for (const approver of [ONE, TWO]) expect(await decide(run, { approver, hours: 5 })).toBe('accepted');
      // Approved anew it opens; that the rows are there already is what stops it now.
      expect(await applied(client, again, write)).toBe('23505');
    });
  });

  test('refused as soon as one owner denies it, whoever approved before; a denial has no end', async () => {
    const { run, write } = speciesRun('denied', { resource: 'denied' });
    await bothApprove(run);
    expect(await decide(run, { approver: TWO, decision: 'deny', hours: -24 })).toBe('accepted');
    expect(await as(runtime, DOT, (client) => applied(client, run, write))).toBe('HOLD_PLAN_NOT_APPROVED');
    expect(await decide(run, { hours: 3 })).toBe('REJECT_PLAN_DENIED');
    // Nor by the step's digest alone, whatever its runs are said to be.
    expect(await decide(run, { hours: 3, digest: 'f'.repeat(64) })).toBe('REJECT_PLAN_DENIED');
    const other = speciesRun('denied-other', { resource: 'denied-other' });
    expect(await decide(other.run, { hours: 3, step_digest: 'e'.repeat(64) })).toBe('accepted');
  });

  test('not spared the approval by calling itself something else', async () => {
    const { run, write } = speciesRun('renamed', { resource: 'renamed' });
    await as(runtime, DOT, async (client) => {
      expect(await applied(client, run, write)).toBe('HOLD_PLAN_NOT_APPROVED');
      for (const kind of ['propose', 'vote', 'consume', null]) {
        const disguised = { ...run, kind };
        expect(await applied(client, disguised, write)).toBe('REJECT_NOT_ALLOWED');
        expect(await transaction(client, opening(disguised), write, closing(disguised))).toBe('HOLD_PRESTATE_MOVED');
      }
    });
  });
});

/** A denial that names its run by less than all. */
function denialOf(run: TestRun, altered: object) {
  const statement = statementOn(run, { decision: 'deny' });
  const [step] = statement.steps as readonly { deltas: readonly object[] }[];
  return { ...statement, steps: [{ ...step, deltas: [{ ...step?.deltas[0], ...altered }] }] };
}

function withoutZone(statement: ReturnType<typeof statementOn>) {
  return { ...statement, expires_at: statement.expires_at.replace('Z', '') };
}

function crowded(statement: ReturnType<typeof statementOn>) {
  const [step] = statement.steps as readonly object[];
  const deltas = Array.from({ length: 201 }, (_, n) => ({ resource: `row-${n}`, digest: 'a'.repeat(64) }));
  return { ...statement, steps: [{ ...step, deltas }] };
}

describe('a decision is entered', () => {
  const { run } = speciesRun('entered', { resource: 'entered' });
  const REFUSED: readonly (readonly [string, () => Promise<string>, string])[] = [
    ['by another than it names', () => enter(statementOn(run), TWO), 'REJECT_NOT_ALLOWED'],
    ["by a DOT's login", () => enter(statementOn(run), DOT), '42501'],
    ['by who only reads', () => enter(statementOn(run), 'auditor_ro'), '42501'],
    ['about another system', () => decide(run, { target: { ...target, system: '1' } }), 'REJECT_PLAN_OTHER_TARGET'],
    ['about another database', () => decide(run, { target: { ...target, database: '1' } }), 'REJECT_PLAN_OTHER_TARGET'],
    ['about no target', () => decide(run, { target: {} }), 'REJECT_PLAN_OTHER_TARGET'],
    ['past its time', () => decide(run, { hours: -1 }), 'REJECT_PLAN_EXPIRED'],
    ['for longer than one may be', () => decide(run, { hours: 73 }), 'REJECT_PLAN_EXPIRED'],
    ['unsigned', () => enter(statementOn(run), ONE, ''), 'ERROR_PAYLOAD_INVALID'],
    ['without bins', () => enter({ ...statementOn(run), bins: undefined }), 'ERROR_PAYLOAD_INVALID'],
    [
      'of a bin that is none',
      () => enter({ ...statementOn(run), bins: { digest: 'b'.repeat(64), brought: { x: ['y'] } } }),
      'ERROR_PAYLOAD_INVALID',
    ],
    [
      'of bins with something else',
      () => enter({ ...statementOn(run), bins: { digest: 'b'.repeat(64), brought: { x: 'y' } } }),
      'ERROR_PAYLOAD_INVALID',
    ],
    ['of another schema', () => enter({ ...statementOn(run), schema: 'c1.approval/v2' }), 'ERROR_PAYLOAD_INVALID'],
    ['that says maybe', () => enter({ ...statementOn(run), decision: 'maybe' }), 'ERROR_PAYLOAD_INVALID'],
    ['about no step', () => decide(run, { steps: [] }), 'ERROR_PAYLOAD_INVALID'],
    ['with a field more', () => enter({ ...statementOn(run), note: '' }), 'ERROR_PAYLOAD_INVALID'],
    ['without its plan', () => enter({ ...statementOn(run), plan_digest: null }), 'ERROR_PAYLOAD_INVALID'],
    ['without its ledger', () => enter({ ...statementOn(run), ledger: {} }), 'ERROR_PAYLOAD_INVALID'],
    ['until tomorrow', () => enter({ ...statementOn(run), expires_at: 'tomorrow' }), 'ERROR_PAYLOAD_INVALID'],
    ['until an hour of no zone', () => enter(withoutZone(statementOn(run))), 'ERROR_PAYLOAD_INVALID'],
    ['about a step that is none', () => decide(run, { step: 'W77' }), 'ERROR_PAYLOAD_INVALID'],
    ['about a run without a digest', () => enter(denialOf(run, { digest: null })), 'ERROR_PAYLOAD_INVALID'],
    ['about a run without a resource', () => enter(denialOf(run, { resource: null })), 'ERROR_PAYLOAD_INVALID'],
    ['about more runs than a step has', () => enter(crowded(statementOn(run))), 'ERROR_PAYLOAD_INVALID'],
    ['about more than the target', () => decide(run, { target: { ...target, port: '1' } }), 'REJECT_PLAN_OTHER_TARGET'],
    ['about steps that are none', () => decide(run, { steps: [{ id: 1 }] }), 'ERROR_PAYLOAD_INVALID'],
  ];
  test.each(REFUSED)('not %s', async (_, entered, code) => {
    expect(await entered()).toBe(code);
    expect(await decide(run)).toBe('accepted');
  });

  test('once: the same again is nothing new, and its digest is the one that is signed', async () => {
    const statement = statementOn(speciesRun('twice', { resource: 'twice' }).run);
    const digest = statementDigest(statement as unknown as Parameters<typeof statementDigest>[0]);
    await enter(statement);
    await enter(statement);
    await as(runtime, SUPERUSER, async (client) => {
      expect(await count(client, `iu_core.plan_statement where sha256 = '${digest}'`)).toBe(1);
    });
  });

  test('and stays: no hand changes or deletes it', async () => {
    await as(runtime, SUPERUSER, async (client) => {
      for (const table of ['plan_statement', 'approved_delta']) {
        expect(await attempt(client, `delete from iu_core.${table}`)).toBe('GOVERNED_C1_DRYRUN_REJECT_DOT_BYPASS');
      }
      const insert = `insert into iu_core.plan_statement (sha256, statement, signature) values (repeat('a', 64), '{}', '')`;
      expect(await attempt(client, insert)).toBe('GOVERNED_C1_DRYRUN_REJECT_DOT_BYPASS');
    });
  });
});

describe('an approval is of one content, at one time:', () => {
  test('an open run is not declared anew with other rows', async () => {
    const { run, write } = speciesRun('asked', { resource: 'asked' });
    await bothApprove(run);
    const other = speciesImage('asked', { name: 'Another species' });
    const change = delta({ surface: 'species', key: 'asked' }, 'insert', null, other);
    const { request, digest } = runOf('DOT_SPECIES_REGISTER', [change], { resource: 'asked' });
    const again = { ...run, digest, request: { ...request, request_id: run.request.request_id } };
    await as(runtime, DOT, async (client) => {
      expect(await attempt(client, ...declaring(run))).toBe('accepted');
      const swapped = [opening(run), declaring(again), writing('species', 'insert', other), closing(again)];
      expect(await transaction(client, ...swapped)).toBe('GOVERNED_C1_DRYRUN_REJECT_DOT_BYPASS');
      expect(await count(client, `public.species where code = 'asked'`)).toBe(0);
      expect(await applied(client, run, write)).toBe('accepted');
    });
  });

  test('a transaction that looks at yesterday opens nothing', async () => {
    const { run, write } = speciesRun('yesterday', { resource: 'yesterday' });
    await bothApprove(run);
    await as(runtime, DOT, async (client) => {
      expect(await attempt(client, ...declaring(run))).toBe('accepted');
      for (const level of ['repeatable read', 'serializable']) {
        await client.query(`begin isolation level ${level}`);
        expect(await attempt(client, ...opening(run))).toBe('REJECT_NOT_ALLOWED');
        await client.query('rollback');
      }
      expect(await transaction(client, opening(run), write, closing(run))).toBe('accepted');
    });
  });

  test('a denial that is under way is waited for', async () => {
    const { run, write } = speciesRun('under-way', { resource: 'under-way' });
    await bothApprove(run);
    const denial = JSON.stringify(statementOn(run, { approver: TWO, decision: 'deny' }));
    await as(runtime, TWO, (owner) =>
      as(runtime, DOT, async (client) => {
        expect(await attempt(client, ...declaring(run))).toBe('accepted');
        await owner.query('begin');
        expect(await attempt(owner, 'select iu_core.decide_plan($1, $2)', [denial, SIGNATURE])).toBe('accepted');
        const opened = transaction(client, opening(run), write, closing(run));
        await Promise.race([opened, waitingForALock()]);
        await owner.query('commit');
        expect(await opened).toBe('HOLD_PLAN_NOT_APPROVED');
        expect(await count(client, `public.species where code = 'under-way'`)).toBe(0);
      }),
    );
    const other = speciesRun('under-way-2', { resource: 'under-way-2' });
    await bothApprove(other.run);
    expect(await as(runtime, DOT, (client) => applied(client, other.run, other.write))).toBe('accepted');
  });
});

/** Until a session of this database waits for another. */
function waitingForALock(): Promise<void> {
  const waiting = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return as(runtime, SUPERUSER, (client) => expect.poll(() => count(client, waiting), { timeout: 8_000 }).toBe(1));
}

test('a proposal needs no approval: it opens, and its rows are its own', async () => {
  const image = { apr_code: 'APR-1' };
  const change = delta({ surface: 'apr_requests', key: 'APR-1' }, 'insert', null, image);
  const run = runOf('DOT_APR_PROPOSE', [change], { kind: 'propose' });
  await as(runtime, 'dot_apr_propose', async (client) => {
    // The run opens, and cannot close without the row that it announced.
    expect(await applied(client, run)).toBe('HOLD_PRESTATE_MOVED');
    expect(await attempt(client, 'begin')).toBe('accepted');
    expect(await attempt(client, ...opening(run))).toBe('accepted');
    await client.query('rollback');
  });
});

/** As only a superuser can, and as nobody can without being seen (detection.test.ts). */
function behindTheGuards(statement: string): Promise<void> {
  const tables = ['iu_core.setting', 'iu_core.approved_delta'];
  return as(runtime, SUPERUSER, async (client) => {
    await client.query('begin; set local event_triggers = off');
    for (const table of tables) await client.query(`alter table ${table} disable trigger user`);
    await client.query(statement);
    for (const table of tables) {
      const { rows } = await client.query<{ tgname: string }>(
        'select tgname from pg_trigger where tgrelid = $1::regclass and not tgisinternal',
        [table],
      );
      for (const { tgname } of rows) await client.query(`alter table ${table} enable always trigger ${tgname}`);
    }
    await client.query('commit');
  });
}
