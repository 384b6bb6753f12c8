import { copyFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { C1_DOT_CODES, dotOf } from '../../domain/dots.ts';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';

const HARDENED = 'dot-dot-register-c1-hardened';
const DRY = ['--cloud', '--dry-run'];
const C1 = [...DRY, '--only-prefix', 'dot-c1-'];
const HOLD = 'C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED';

const REGISTER = [
  '--cloud',
  '--only-prefix',
  'dot-c1-',
  '--only',
  'DOT_C1_PREFLIGHT',
  '--max-new',
  '1',
  '--step',
  'W4',
  '--for',
  't/x',
];

let runtime: TestRuntime;
const staged = C1_DOT_CODES.map((code) => dotOf(code).bin);

beforeAll(async () => {
  runtime = await createTestRuntime();
  await copyFile(join(inject('testServer').buildFolder, HARDENED), join(runtime.paths.bin, HARDENED));
});

afterEach(() => Promise.all(staged.map((file) => rm(join(runtime.paths.bin, file), { force: true }))));
afterAll(() => runtime.dispose());

describe('numbers', () => {
  test('before staging the old registrar takes 287 files for new, the hardened one by code 15, and C1 has none', async () => {
    // The hardened file itself carries the registrar's code at another path: it is a symlink once W1 has put it there.
    await asSymlink(async () => {
      expect(await found('dot-dot-register', DRY)).toMatchObject({ new: 287 });
    });
    expect(await found(HARDENED, DRY)).toMatchObject({ new: 15 });
    expect(await found(HARDENED, C1)).toMatchObject({ new: 0 });
  });

  test('after staging they are 295, 23, and exactly the eight', async () => {
    await stageAll();
    await asSymlink(async () => {
      expect(await found('dot-dot-register', DRY)).toMatchObject({ new: 295 });
    });
    expect(await found(HARDENED, DRY)).toMatchObject({ new: 23 });
    expect(await found(HARDENED, C1)).toMatchObject({ new: 8, files: staged.toSorted() });
  });
});

describe('refusals', () => {
  test('the old registrar, run for real, stops before its first row and writes nothing', async () => {
    const answer = await runtime.bin('dot-dot-register', ['--cloud']);
    expect(answer).toMatchObject({ exitCode: 3, stdout: '' });
    expect(answer.stderr).toContain('HOLD_ADMISSION_MISSING_OR_INVALID');
    expect(await tools()).toBe(309);
  });

  test.each([
    ['an empty prefix', ['--only-prefix', '']],
    ['a wildcard as prefix', ['--only-prefix', '%']],
    ['the prefix of another carrier', ['--only-prefix', 'dot-c2-']],
    ['a prefix with a Cyrillic letter', ['--only-prefix', 'dot-с1-']],
    ['no new row at all', ['--only-prefix', 'dot-c1-', '--max-new', '0']],
    ['more than C1 has', ['--only-prefix', 'dot-c1-', '--max-new', '9']],
    ['a negative number', ['--only-prefix', 'dot-c1-', '--max-new=-1']],
    ['a number in words', ['--only-prefix', 'dot-c1-', '--max-new', 'eight']],
    ['a DOT that is not of C1', ['--only-prefix', 'dot-c1-', '--only', 'DOT-015']],
    ['a look-alike DOT', ['--only-prefix', 'dot-c1-', '--only', 'DOT_С1_PREFLIGHT']],
  ])('%s is a usage error', async (_title, flags) => {
    const answer = await runtime.bin(HARDENED, [...DRY, ...flags]);
    expect(answer).toMatchObject({ exitCode: 64, stdout: '' });
    expect(answer.stderr).toMatch(/^ERROR_USAGE: /);
  });

  test('seven allowed and eight new is a HOLD; eight allowed is not', async () => {
    await stageAll();
    expect(await refused([...C1, '--max-new', '7'])).toContain(`${HOLD}: seen 8 new files`);
    expect(await found(HARDENED, [...C1, '--max-new', '8'])).toMatchObject({ new: 8 });
  });

  test.each([
    ["another DOT's code", '// DOT-CODE: DOT-015\n', /DOT-CODE DOT-015|DOT-015/],
    ['no code', '// nothing\n', /missing|no DOT-CODE/],
    ['two codes', '// DOT-CODE: DOT_C1_PREFLIGHT\n// DOT-CODE: DOT-015\n', /DOT_C1_PREFLIGHT and DOT-015|codes/],
  ])('a C1 file with %s is a HOLD', async (_title, header, detail) => {
    await stageAll();
    await rm(join(runtime.paths.bin, 'dot-c1-preflight'));
    await writeFile(join(runtime.paths.bin, 'dot-c1-preflight'), `#!/bin/sh\n${header}exit 0\n`, { mode: 0o555 });
    const answer = await runtime.bin(HARDENED, REGISTER, { stdin: row('DOT_C1_PREFLIGHT') });
    expect(answer.exitCode).toBe(3);
    expect(answer.stderr).toContain(HOLD);
    expect(answer.stderr).toMatch(detail);
    expect(await tools()).toBe(309);
  });

  test('a DOT that was not born is not registered; the same DOT, born, admitted and entered, is, with its entry', async () => {
    await stageAll();
    const unborn = await runtime.bin(HARDENED, REGISTER, { stdin: row('DOT_C1_PREFLIGHT') });
    expect(unborn.stderr).toContain('HOLD_ADMISSION_MISSING_OR_INVALID');
    await bringUp('DOT_C1_PREFLIGHT');
    const born = await runtime.bin(HARDENED, REGISTER, { stdin: row('DOT_C1_PREFLIGHT') });
    expect(born, born.stderr).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(born.stdout)).toMatchObject({ code: 'OK_APPLIED', version: '1.1.0-c1-hardened' });
    expect(await tools()).toBe(310);
    const again = await runtime.bin(HARDENED, REGISTER, { stdin: row('DOT_C1_PREFLIGHT') });
    expect(JSON.parse(again.stdout)).toMatchObject({ code: 'NOOP_ALREADY_THERE' });
    const reader = await runtime.pool('auditor_ro');
    const entry = `select entry_kind from iu_core.v_ledger_live where subject = 'dot_tools/DOT_C1_PREFLIGHT'`;
    expect((await reader.query(entry)).rows).toEqual([{ entry_kind: 'registration' }]);
    const retired = await runtime.bin(HARDENED, [...REGISTER, '--retire'], { stdin: row('DOT_C1_PREFLIGHT') });
    expect(retired, retired.stderr).toMatchObject({ exitCode: 0 });
    expect(await tools()).toBe(309);
    const back = await runtime.bin(HARDENED, REGISTER, { stdin: row('DOT_C1_PREFLIGHT') });
    expect(JSON.parse(back.stdout)).toMatchObject({
      code: 'OK_APPLIED',
      message: expect.stringContaining('reinstate'),
    });
    expect(await tools()).toBe(310);
  });
});

async function stageAll(): Promise<void> {
  const { buildFolder, built } = inject('testServer');
  for (const file of staged) {
    if (built[file] !== undefined) await copyFile(join(buildFolder, file), join(runtime.paths.bin, file));
    else
      await writeFile(
        join(runtime.paths.bin, file),
        `#!/bin/sh\n\n# DOT-CODE: ${file.toUpperCase().replaceAll('-', '_')}\n`,
        { mode: 0o555 },
      );
  }
}

/** For a while, the hardened name is what W1 makes of it: a symlink, which a scan leaves out. */
async function asSymlink(work: () => Promise<void>): Promise<void> {
  const file = join(runtime.paths.bin, HARDENED);
  await rm(file);
  await symlink('dot-dot-register', file);
  await work();
  await rm(file);
  await copyFile(join(inject('testServer').buildFolder, HARDENED), file);
}

async function found(bin: string, flags: readonly string[]): Promise<unknown> {
  const answer = await runtime.bin(bin, flags);
  expect(answer.exitCode, answer.stderr).toBe(0);
  return (JSON.parse(answer.stdout) as { readback: unknown }).readback;
}

async function refused(flags: readonly string[]): Promise<string> {
  const answer = await runtime.bin(HARDENED, flags);
  expect(answer).toMatchObject({ exitCode: 3, stdout: '' });
  return answer.stderr;
}

async function tools(): Promise<number> {
  const reader = await runtime.pool('auditor_ro');
  const { rows } = await reader.query<{ n: number }>(
    `select count(*)::int as n from public.dot_tools where status <> 'retired'`,
  );
  return rows[0]?.n ?? -1;
}

async function bringUp(code: string): Promise<void> {
  const species = { code: 'gov-canonical-op-vocab', name: 'n', owner: 'c1', description: 'd', status: 'active' };
  const birth = {
    dot_code: code,
    species_code: species.code,
    born_by: 'DOT_BIRTH_BACKFILL',
    birth_path: 'p',
    reuse_reason: 'r',
    status: 'born',
  };
  const admission = {
    dot_code: code,
    authority: 'a',
    risk_class: 'low',
    admission_path: 'p',
    registration_path: 'p',
    retire_path: 'p',
    status: 'admitted',
  };
  const common = (resource: string) => ['--cloud', '--step', 'W2', '--for', `t/${resource}`];
  for (const [bin, flags, stdin] of [
    ['dot-species-register', [...common('species'), '--code', species.code], species],
    ['dot-birth-backfill', [...common('birth'), '--only', code], birth],
    ['dot-admission-record', [...common('admission'), '--only', code], admission],
    ['dot-ledger-append', [...common('ledger'), '--only', code], { dot_code: code }],
  ] as const) {
    const answer = await runtime.bin(bin, flags, { stdin });
    expect(answer.exitCode, answer.stderr).toBe(0);
  }
}

function row(code: string): object {
  const { bin } = dotOf(code as (typeof C1_DOT_CODES)[number]);
  const file_path = `/opt/incomex/dot/bin/${bin}`;
  return {
    code,
    name: bin,
    category: 'governance',
    coverage_status: 'covered',
    file_path,
    trigger: 'manual',
    status: 'active',
  };
}
