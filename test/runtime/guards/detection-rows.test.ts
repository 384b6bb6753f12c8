import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestRuntime } from '../../support/runtime.ts';
import { as, SUPERUSER } from './support/attempt.ts';
import { behindGuards, createAppliedRuntime, judged, RETIRED_SPECIES, rehash } from './support/tamper.ts';

/** Rows and objects that were changed past the guards, by somebody who put the guards back as they were. */
let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await createAppliedRuntime();
});
afterAll(() => runtime?.dispose());

/** The pair of every change below: nothing is seen where nothing was changed, before all of them and after. */
const UNTOUCHED = 'the untouched runtime is whole';
test(UNTOUCHED, async () => expect(await judged(runtime)).toBe('whole'));

const VOCABULARY = 'c1.governance_canonical_operation_vocab';
const OURS = `code = 'gov-canonical-op-vocab'`;
const OUR_ENTRY = `subject = 'species/gov-canonical-op-vocab'`;

type Tampering = readonly [title: string, ...statements: string[]];

function expectSeen(code: string, changes: readonly Tampering[]): void {
  test.each(changes)('%s', async (_, ...statements) => {
    expect(await judged(runtime, ...statements)).toBe(code);
  });
}

const ledger = (statement: string) => behindGuards('public.dot_ledger', statement);
const run = (statement: string) => behindGuards('iu_core.dot_run', statement);
const claim = (statement: string) => behindGuards('iu_core.claim', statement);
const species = (statement: string) => behindGuards('public.species', statement);

/** Appends a copy of the last entry that fits the chain, for another run or with another image. */
const appended = (requestId: string, image = 'e.image_hash') => `do $do$ declare e public.dot_ledger; begin
  select * into e from public.dot_ledger order by seq desc limit 1;
  e.prev_hash := e.entry_hash; e.supersedes := e.seq; e.seq := e.seq + 1; e.request_id := ${requestId};
  e.image_hash := ${image};
  e.entry_hash := iu_core.ledger_entry_hash(e); insert into public.dot_ledger select e.*; end $do$`;

describe('the chain is broken by', () => {
  const LAST = '(select max(seq) from public.dot_ledger)';
  expectSeen('HOLD_LEDGER_CHAIN_BROKEN', [
    ['an entry with another subject', ledger(`update public.dot_ledger set subject = subject || '.' where seq = 3`)],
    ['an entry with another writer', ledger(`update public.dot_ledger set written_by = 'dot_015' where seq = 3`)],
    ['an entry of another time', ledger(`update public.dot_ledger set written_at = written_at + '1us' where seq = 3`)],
    ['an entry that is gone', ledger('delete from public.dot_ledger where seq = 3')],
    ['the last entry gone', ledger(`delete from public.dot_ledger where seq = ${LAST}`)],
    [
      'an entry after a gap',
      ledger(`${appended('null')}; update public.dot_ledger set seq = seq + 1 where seq = ${LAST}`),
    ],
    ['an entry with the right hash of a run that is none', ledger(appended(`repeat('f', 64)`))],
    ['an entry with the right hash of a run that wrote another', ledger(appended('e.request_id', `repeat('a', 64)`))],
    [
      'an entry with another image, and all the hashes after it made to fit',
      ledger(`update public.dot_ledger set image_hash = repeat('a', 64) where ${OUR_ENTRY}; ${rehash('1')}`),
    ],
    [
      'a run that observed another row',
      run(`update iu_core.dot_run set observed = replace(observed::text, 'Governance', 'Governanse')::jsonb`),
    ],
    [
      'a run whose rows, plan and digest were changed alike',
      run(`update iu_core.dot_run r set observed = n.o, deltas = n.o, delta_digest = iu_core.delta_digest(r.step, r.direction, n.o)
        from (select request_id, replace(observed::text, 'Governance', 'Governanse')::jsonb as o from iu_core.dot_run) n
        where n.request_id = r.request_id and r.outcome = 'applied'`),
    ],
    [
      'a run that was planned otherwise',
      run(`update iu_core.dot_run set delta_digest = repeat('a', 64) where dot_code = 'DOT_SPECIES_REGISTER'`),
    ],
    ['a run of another step', run(`update iu_core.dot_run set step = 'W3' where step = 'W2'`)],
    [
      'a run that is no longer applied',
      run(`update iu_core.dot_run set outcome = 'intent', xid = null where step = 'W2'`),
    ],
  ]);
});

describe('drift is', () => {
  const changed = species(`update public.species set name = name || '.' where ${OURS}`);
  const claimChanged = claim(
    `update iu_core.claim set image = image || jsonb_build_object('name', image ->> 'name' || '.') where surface = 'species' and key = 'gov-canonical-op-vocab'`,
  );
  expectSeen('HOLD_DRIFT', [
    ['a claimed row with one more character', changed],
    [
      'a claimed row that is gone',
      behindGuards('public.table_registry', `delete from public.table_registry where schema = 'c1'`),
    ],
    ['a claimed row that is retired', species(`update public.species set status = 'retired' where ${OURS}`)],
    [
      'a retired row with one more character',
      species(`update public.species set name = name || '.' where code = '${RETIRED_SPECIES}'`),
    ],
    [
      'a retired row that is live again',
      species(`update public.species set status = 'active' where code = '${RETIRED_SPECIES}'`),
    ],
    ['a retired row that is gone', species(`delete from public.species where code = '${RETIRED_SPECIES}'`)],
    ['a claim of another image', claimChanged],
    ['a row and its claim, changed alike', changed, claimChanged],
    ['a claim of another stack', claim(`update iu_core.claim set stack = 'other' where surface = 'species'`)],
    [
      'a claim that was released by hand',
      claim(`update iu_core.claim set status = 'released' where surface = 'species'`),
    ],
    ['a claim that is gone', claim(`delete from iu_core.claim where surface = 'species'`)],
    [
      'a claim on a row that no run made',
      claim(
        `insert into iu_core.claim select surface, 'dot-tool', stack, resource, image, request_id, status from iu_core.claim where surface = 'species' limit 1`,
      ),
    ],
    [
      'another body of the manifest',
      `create or replace function c1.manifest_bytes() returns bytea language sql return '\\x00'::bytea`,
    ],
    ['a manifest that anybody may run', 'grant execute on function c1.manifest_bytes() to public'],
    ['a manifest of another owner', 'alter function c1.manifest_bytes() owner to postgres'],
    [
      'another preflight',
      `create or replace view c1.v_c1_dryrun_preflight as select n as number, 'x' as name, true as ok, 'y' as expected, 'z' as seen from generate_series(1, 7) n`,
    ],
    ['the write-once guard switched off', `alter table ${VOCABULARY} disable trigger b_write_once`],
    [
      'the write-once guard in name only',
      `drop trigger b_write_once on ${VOCABULARY}; create trigger b_write_once before update or delete on ${VOCABULARY} for each row when (false) execute function public.fn_vocab_write_once(); alter table ${VOCABULARY} enable always trigger b_write_once`,
    ],
    ['a right to insert vocabulary', `grant insert on ${VOCABULARY} to dot_c1_vocab_build`],
    ['a vocabulary of another owner', `alter table ${VOCABULARY} owner to postgres`],
    [
      'a vocabulary without its key',
      `alter table ${VOCABULARY} drop constraint governance_canonical_operation_vocab_pkey`,
    ],
    ['a schema that others may create in', 'grant create on schema c1 to dot_c1_vocab_build'],
  ]);
});

describe('a counter is off by', () => {
  expectSeen('HOLD_COUNTER_DRIFT', [
    ['an entry of no run with the right hash', ledger(appended('null'))],
    ['the last entry twice, each with the right hash', ledger(appended('e.request_id'))],
    [
      'an old entry, and all the hashes after it made to fit',
      ledger(`update public.dot_ledger set image_hash = repeat('a', 64) where seq = 3; ${rehash('1')}`),
    ],
    [
      'one more species',
      species(`insert into public.species (code, name, owner, description) values ('more', 'n', 'c1', 'd')`),
    ],
    [
      'one species less',
      species(
        `delete from public.species s where not exists (select from public.birth_registry b where b.species_code = s.code) and code <> '${RETIRED_SPECIES}'`,
      ),
    ],
    ['one more function beside the manifest', 'create function c1.more() returns int language sql return 1'],
    ['one more table in its schema', 'create table c1.more (n int)'],
  ]);
});

test('a vocabulary row that was put in past the guards is seen by the count', async () => {
  const insert = behindGuards(
    VOCABULARY,
    `insert into ${VOCABULARY} (operation_code, protocol_version, status) values ('o', '1', 'active')`,
  );
  await as(runtime, SUPERUSER, async (client) => {
    await client.query(`begin; set local event_triggers = off; ${insert}`);
    const { rows } = await client.query(`select iu_core.read_state() ->> 'vocabularyRows' as n`);
    expect(rows).toEqual([{ n: '1' }]);
    await client.query('rollback');
  });
});

test(`${UNTOUCHED} after all of it was rolled back`, async () => expect(await judged(runtime)).toBe('whole'));
