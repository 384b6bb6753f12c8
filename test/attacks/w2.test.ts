import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Delta, refOf } from '../../domain/deltas.ts';
import { runEntry } from '../../domain/ledger.ts';
import { asLogin } from '../dots/support/login.ts';
import { CODE, codeOf, createThrough, failure, failureOf, invocation, mustRun, run } from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial();
});
afterAll(() => trial?.dispose());

const BIRTH = 'birth-dot-c1-vocab-build';
const ADMISSION = 'admission-dot-c1-vocab-build';
const ENTRY = 'ledger-dot-c1-vocab-build';
const MISSING = failure(3, 'HOLD_ADMISSION_MISSING_OR_INVALID');

/** A tool row by the registrar's own login, which may write `dot_tools` and is no bin that asks first. */
function registerTool(code: string): Promise<string> {
  const ref = { surface: 'dot_tools', key: code } as const;
  const row: Delta = { ...ref, op: 'insert', before: null, after: toolRow(code) };
  return asLogin(trial, 'DOT-REGISTER', {
    step: 'W4',
    subject: refOf(ref),
    deltas: [row, runEntry('DOT-REGISTER', 'apply', ref, [row])],
    write: [`select iu_core.dot_tools_insert(jsonb_populate_record(null::public.dot_tools, $1))`, toolRow(code)],
  });
}

function toolRow(code: string) {
  const [name, path] = [code.toLowerCase().replaceAll('_', '-'), '/opt/incomex/dot/bin'];
  return {
    code,
    name,
    category: 'governance',
    coverage_status: 'covered',
    file_path: `${path}/${name}`,
    trigger: 'manual',
    status: 'active',
  };
}

async function refusedUnchanged(attempt: () => Promise<string>): Promise<string> {
  const before = await trial.fingerprint({ intents: false });
  const code = await attempt();
  expect(await trial.fingerprint({ intents: false })).toBe(before);
  return code;
}

describe('register before birth', () => {
  test('a tool row is refused until birth, admission and handbook entry are all there', async () => {
    const missing = ['birth, admission, ledger entry', 'admission, ledger entry', 'ledger entry'];
    await createThrough(trial, 'species');
    for (const [at, next] of [BIRTH, ADMISSION, ENTRY].entries()) {
      const said = await refusedUnchanged(() => registerTool(CODE));
      expect(said).toMatch(/^HOLD_ADMISSION_MISSING_OR_INVALID: /);
      expect(said).toContain(`${CODE} without ${missing[at]}`);
      await mustRun(trial, next, 'create');
    }
    expect(await registerTool(CODE)).toBe('applied');
    await trial.tamper(['public.dot_tools'], `delete from public.dot_tools where code = '${CODE}'`);
  });

  test('an admission before the birth is a HOLD, and so is a handbook entry before the admission', async () => {
    const other = 'dot-c1-preflight';
    for (const [name, next] of [
      [`admission-${other}`, `birth-${other}`],
      [`ledger-${other}`, `admission-${other}`],
    ] as const) {
      const before = await trial.fingerprint();
      for (const flags of [['--dry-run'], []])
        expect(failureOf(await run(trial, name, 'create', { flags }))).toEqual(MISSING);
      expect(await trial.fingerprint()).toBe(before);
      if (name.startsWith('admission')) await mustRun(trial, next, 'create');
    }
    await mustRun(trial, `admission-${other}`, 'create');
    expect(codeOf(await run(trial, `ledger-${other}`, 'create'))).toBe('OK_APPLIED');
  });

  test('a birth into a species that is not registered is a HOLD', async () => {
    const { bin, args, stdin } = invocation('birth-dot-c1-vocab-verify', 'create');
    const before = await trial.fingerprint();
    const stranger = { ...(JSON.parse(stdin) as object), species_code: 'gov-nobody' };
    expect(failureOf(await trial.runtime.bin(bin, args, { stdin: stranger }))).toEqual(MISSING);
    expect(await trial.fingerprint()).toBe(before);
    expect(codeOf(await run(trial, 'birth-dot-c1-vocab-verify', 'create'))).toBe('OK_APPLIED');
  });
});

describe('a species owned by another', () => {
  const code = 'gov-canonical-op-vocab';

  for (const status of ['active', 'retired'] as const) {
    test(`is not adopted while it is ${status}, and changes nothing; ours is made once it is gone`, async () => {
      const fresh = await createTrial();
      try {
        await mustRun(fresh, 'baseline', 'create');
        await fresh.tamper(
          ['public.species'],
          `insert into public.species (code, name, owner, description, status)
          values ('${code}', 'Vocabulary', 'kg-team', 'somebody else made it', '${status}')`,
        );
        const before = await fresh.fingerprint();
        for (const flags of [['--dry-run'], []]) {
          const refused = await run(fresh, 'species', 'create', { flags });
          expect(failureOf(refused)).toEqual(failure(3, 'HOLD_SPECIES_OWNED_BY_OTHER'));
          expect(refused.stderr).toContain('kg-team');
        }
        expect(await fresh.fingerprint()).toBe(before);
        await fresh.tamper(['public.species'], `delete from public.species where code = '${code}'`);
        expect(codeOf(await run(fresh, 'species', 'create'))).toBe('OK_APPLIED');
      } finally {
        await fresh.dispose();
      }
    });
  }

  test('does not come about by a payload that names another owner', async () => {
    const { bin, args, stdin } = invocation('species', 'create');
    const before = await trial.fingerprint();
    const taken = { ...(JSON.parse(stdin) as object), owner: 'kg_team' };
    expect(failureOf(await trial.runtime.bin(bin, args, { stdin: taken }))).toEqual(
      failure(3, 'HOLD_SPECIES_OWNED_BY_OTHER'),
    );
    expect(await trial.fingerprint()).toBe(before);
    expect(codeOf(await run(trial, 'species', 'create'))).toBe('NOOP_ALREADY_THERE');
  });

  test('a species of the starting state is nobody else’s to take', async () => {
    const { bin, stdin } = invocation('species', 'create');
    const row = { ...(JSON.parse(stdin) as object), code: 'dot-tool' };
    const args = ['--cloud', '--step', 'W2', '--for', 'trial/x', '--code', 'dot-tool'];
    expect(failureOf(await trial.runtime.bin(bin, args, { stdin: row }))).toEqual(
      failure(3, 'HOLD_SPECIES_OWNED_BY_OTHER'),
    );
    expect(await trial.value(`select owner as v from public.species where code = 'dot-tool'`)).not.toBe('c1');
  });
});

describe('a frozen birth DOT', () => {
  test('refuses to run, whatever it is asked, and its successor works', async () => {
    const before = await trial.fingerprint();
    for (const bin of ['dot-birth-import', 'dot-birth-manual', 'dot-birth-sweep']) {
      for (const args of [[], ['--cloud', '--only', CODE], ['--dry-run'], ['--help']]) {
        const refused = await trial.runtime.bin(bin, args);
        expect(failureOf(refused)).toEqual(failure(4, 'REJECT_FROZEN_DOT'));
        expect(refused.stderr).toContain('dot-birth-backfill');
      }
    }
    expect(await trial.fingerprint()).toBe(before);
  });

  test('is not named as the author of a birth, nor is anybody but the DOT that writes it', async () => {
    const { bin, args, stdin } = invocation('birth-dot-c1-grant-issue', 'create');
    const before = await trial.fingerprint();
    for (const [author, refusal] of [
      ['DOT-041', failure(4, 'REJECT_FROZEN_DOT')],
      ['DOT-043', failure(4, 'REJECT_FROZEN_DOT')],
      ['DOT_SPECIES_REGISTER', failure(1, 'ERROR_PAYLOAD_INVALID')],
    ] as const) {
      const forged = { ...(JSON.parse(stdin) as object), born_by: author };
      expect(failureOf(await trial.runtime.bin(bin, args, { stdin: forged }))).toEqual(refusal);
    }
    expect(await trial.fingerprint()).toBe(before);
    expect(codeOf(await run(trial, 'birth-dot-c1-grant-issue', 'create'))).toBe('OK_APPLIED');
  });
});

describe('retiring out of order', () => {
  test('a baseline is not closed under live rows, which nothing could then be proven against', async () => {
    const before = await trial.fingerprint({ intents: false });
    const refused = await run(trial, 'baseline', 'retire');
    expect(failureOf(refused)).toEqual(failure(3, 'HOLD_PRESTATE_MOVED'));
    expect(refused.stderr).toContain('species/gov-canonical-op-vocab');
    expect(await trial.fingerprint({ intents: false })).toBe(before);
  });

  test('a species under births, a birth under an admission and an admission in the handbook stay', async () => {
    const HELD = failure(3, 'HOLD_PRESTATE_MOVED');
    for (const [name, standing] of [
      ['species', BIRTH],
      [BIRTH, ADMISSION],
      [ADMISSION, ENTRY],
    ] as const) {
      const before = await trial.fingerprint();
      for (const flags of [['--dry-run'], []]) {
        const refused = await run(trial, name, 'retire', { flags });
        expect({ name, standing, ...failureOf(refused) }).toEqual({ name, standing, ...HELD });
      }
      expect(await trial.fingerprint()).toBe(before);
    }
    for (const name of [ENTRY, ADMISSION, BIRTH]) expect(codeOf(await run(trial, name, 'retire'))).toBe('OK_APPLIED');
  });
});
