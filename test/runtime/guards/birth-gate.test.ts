import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Image } from '../../../domain/deltas.ts';
import { admissionEntry } from '../../../domain/ledger.ts';
import { delta } from '../../../domain/plans/plan.ts';
import { createTestRuntime, type TestRuntime } from '../../support/runtime.ts';
import { as, attempt, attemptInside, SUPERUSER } from './support/attempt.ts';
import { applied, runOf, type Statement, speciesRun, type TestRun, writing } from './support/runs.ts';
import { behindGuards } from './support/tamper.ts';

let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await createTestRuntime();
});
afterAll(() => runtime?.dispose());

const CODE = 'DOT_C1_VOCAB_BUILD';
const NOT_READY = 'HOLD_ADMISSION_MISSING_OR_INVALID';

const BIRTH: Image = {
  ...{ dot_code: CODE, species_code: 'new-species', born_by: 'DOT_BIRTH_BACKFILL', birth_path: 'p' },
  ...{ reuse_reason: 'none', status: 'born' },
};
const ADMISSION: Image = {
  ...{ dot_code: CODE, authority: 'owner', risk_class: 'high', admission_path: 'a', registration_path: 'r' },
  ...{ retire_path: 't', status: 'admitted' },
};
const TOOL: Image = {
  ...{ code: CODE, name: 'dot-c1-vocab-build', category: 'c1', coverage_status: 'covered', trigger: 'manual' },
  file_path: '/opt/incomex/dot/bin/dot-c1-vocab-build',
  status: 'active',
};

function by(login: string, run: TestRun, write: Statement): Promise<string> {
  return as(runtime, login, (client) => applied(client, run, write));
}

function birth(image: Image = BIRTH): Promise<string> {
  const run = runOf('DOT_BIRTH_BACKFILL', [delta({ surface: 'birth_registry', key: CODE }, 'insert', null, image)]);
  return by('dot_birth_backfill', run, writing('birth_registry', 'insert', image));
}

function admission(): Promise<string> {
  const ref = { surface: 'admission_record', key: CODE } as const;
  const run = runOf('DOT_ADMISSION_RECORD', [delta(ref, 'insert', null, ADMISSION)]);
  return by('dot_admission_record', run, writing('admission_record', 'insert', ADMISSION));
}

function ledgerEntry(): Promise<string> {
  const entry = admissionEntry(CODE, 'apply', BIRTH, ADMISSION);
  return by('dot_ledger_append', runOf('DOT_LEDGER_APPEND', [entry]), [
    'select iu_core.dot_ledger_append_admission($1)',
    [CODE],
  ]);
}

function tool(image: Image = TOOL): Promise<string> {
  const ref = { surface: 'dot_tools', key: String(image.code) } as const;
  const run = runOf('DOT-REGISTER', [delta(ref, 'insert', null, image)], { step: 'W4' });
  return by('dot_register', run, writing('dot_tools', 'insert', image));
}

test('a tool is registered only when its DOT was born, admitted and entered in the handbook, in this order', async () => {
  expect(await tool()).toBe(NOT_READY);
  expect(await birth()).toBe(NOT_READY);
  const species = speciesRun('new-species');
  expect(await by('dot_species_register', species.run, species.write)).toBe('accepted');
  expect(await admission()).toBe(NOT_READY);
  expect(await birth({ ...BIRTH, born_by: 'DOT-041' })).toBe('REJECT_FROZEN_DOT');
  expect(await birth({ ...BIRTH, born_by: 'DOT_SPECIES_MAP' })).toBe('ERROR_PAYLOAD_INVALID');
  expect(await birth()).toBe('accepted');
  expect(await tool()).toBe(NOT_READY);
  expect(await ledgerEntry()).toBe(NOT_READY);
  expect(await admission()).toBe('accepted');
  expect(await tool()).toBe(NOT_READY);
  expect(await ledgerEntry()).toBe('accepted');
  const other = { name: 'dot-c1-vocab-verify', file_path: '/opt/incomex/dot/bin/dot-c1-vocab-verify' };
  expect(await tool({ ...TOOL, ...other, code: 'DOT_C1_VOCAB_VERIFY' })).toBe(NOT_READY);
  expect(await tool({ ...TOOL, code: 'DOT_С1_VOCAB_BUILD' })).toBe(
    'C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED',
  );
  expect(await tool()).toBe('accepted');
});

const LAPSES = [
  ['public.birth_registry', `update public.birth_registry set status = 'retired' where dot_code = '${CODE}'`],
  ['public.admission_record', `update public.admission_record set status = 'retired' where dot_code = '${CODE}'`],
  ['public.dot_ledger', `update public.dot_ledger set direction = 'retire' where subject = 'admission/${CODE}'`],
] as const;

test('a contract too; its gateway function does not exist yet, so the gate is asked with the other guards off', async () => {
  const insert = (
    code: string,
  ) => `insert into public.dot_agent_api_contract (dot_code, operation, role, paired_dot, mode,
    output_namespace, no_mutation_assertion, error_behavior, observation_write_policy, contract_status)
    values ('${code}', 'o', 'producer', 'p', 'DRY_RUN', 'n', true, 'e', 'w', 'contract_ready')`;
  await as(runtime, SUPERUSER, async (client) => {
    await client.query('begin; set local event_triggers = off');
    for (const trigger of ['a_assert_dot', 'a_assert_statement', 'z_record_delta']) {
      await client.query(`alter table public.dot_agent_api_contract disable trigger ${trigger}`);
    }
    expect(await attemptInside(client, insert('DOT_C1_VOCAB_VERIFY'))).toBe(NOT_READY);
    // Each of the three is asked for, whatever the others say.
    for (const [table, undo] of LAPSES) {
      await client.query('savepoint lapse');
      await client.query(behindGuards(table, undo));
      expect([table, await attempt(client, insert(CODE))]).toEqual([table, NOT_READY]);
      await client.query('rollback to lapse');
    }
    expect(await attempt(client, insert(CODE))).toBe('accepted');
    await client.query('rollback');
  });
});
