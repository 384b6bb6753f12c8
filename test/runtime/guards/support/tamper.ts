import type { ClientBase } from 'pg';
import { C1Error } from '../../../../domain/codes.ts';
import { assertIntegrity, runtimeState } from '../../../../domain/runtime-state.ts';
import { CATALOGUE, invocation, ONE_OF_EACH } from '../../../dots/support/rows.ts';
import { stageC1 } from '../../../dots/support/staged.ts';
import { createTestRuntime, type TestRuntime } from '../../../support/runtime.ts';
import { as, undone } from './attempt.ts';
import { applied, speciesRetirement, speciesRun } from './runs.ts';

/** A species that a run made and another retired: nobody claims it any more. */
export const RETIRED_SPECIES = 'gone';

/** A runtime with one row of each kind of W2 to W5, all made by the real bins, and a row that was retired. */
export async function createAppliedRuntime(): Promise<TestRuntime> {
  const runtime = await createTestRuntime();
  await stageC1(runtime);
  for (const name of [...ONE_OF_EACH, ...CATALOGUE]) {
    const { bin, args, stdin } = invocation(name, 'create');
    const { exitCode, stderr } = await runtime.bin(bin, args, { stdin });
    if (exitCode !== 0) throw new Error(`${name}: ${stderr}`);
  }
  const steps = [
    ['dot_species_register', speciesRun(RETIRED_SPECIES)],
    ['dot_entity_retire', speciesRetirement(RETIRED_SPECIES)],
  ] as const;
  for (const [login, { run, write }] of steps) {
    const outcome = await as(runtime, login, (client) => applied(client, run, write));
    if (outcome !== 'accepted') throw new Error(`${login}: ${outcome}`);
  }
  return runtime;
}

/**
 * What a readback says of the runtime after a superuser, with event triggers off, ran the statements; all of it in a
 * transaction that is rolled back.
 */
export function judged(runtime: TestRuntime, ...statements: readonly string[]) {
  return undone(runtime, async (client) => {
    await client.query('set local event_triggers = off; set local allow_system_table_mods = on');
    for (const statement of statements) await client.query(statement);
    await client.query('set local event_triggers = on; reset allow_system_table_mods');
    return verdict(client);
  });
}

/** `whole`, or the code of the stop. */
export async function verdict(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ state: unknown }>('select iu_core.read_state() as state');
  try {
    return assertIntegrity(runtimeState.parse(rows[0]?.state)) > 0 ? 'whole' : 'nothing checked';
  } catch (error) {
    if (error instanceof C1Error) return error.code;
    throw error;
  }
}

/** A statement on a table whose triggers are off for it, and then as they were: the guards look untouched. */
export function behindGuards(table: string, statement: string): string {
  return `alter table ${table} disable trigger user; ${statement};
    do $do$ declare t name; begin
      for t in select tgname from pg_trigger where tgrelid = '${table}'::regclass and not tgisinternal loop
        execute format('alter table ${table} enable always trigger %I', t);
      end loop; end $do$`;
}

/** Makes the hashes of the handbook fit again from an entry on, as somebody who knows the chain would. */
export function rehash(fromSeq: string): string {
  return `do $do$ declare e public.dot_ledger; begin
    for e in select * from public.dot_ledger where seq >= ${fromSeq} order by seq loop
      e.prev_hash := coalesce((select l.entry_hash from public.dot_ledger l where l.seq = e.seq - 1), repeat('0', 64));
      update public.dot_ledger set prev_hash = e.prev_hash, entry_hash = iu_core.ledger_entry_hash(e) where seq = e.seq;
    end loop; end $do$`;
}
