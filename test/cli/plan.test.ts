import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import pWaitFor from 'p-wait-for';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlanDocument } from '../../domain/planning/document.ts';
import { type CheckoutCopy, checkoutCopy } from './support/checkout-copy.ts';
import { type SecondCheckout, secondCheckout } from './support/second-checkout.ts';

// One runtime: planned, planned against, applied, and asked for drift; each test goes on where the one before ended.
let copy: CheckoutCopy;
let second: SecondCheckout;
beforeAll(async () => {
  copy = await checkoutCopy();
  expect((await copy.bootstrap('cli/setup.ts')).exitCode).toBe(0);
  second = await secondCheckout(copy);
  await noAutovacuum();
}, 180_000);
afterAll(async () => {
  await second?.dispose();
  await copy?.dispose();
});

const LONG = 240_000;
const PLAN_FILE = 'plan.json';
const YAML = 'planned-deltas.yaml';
const inState = (name: string) => join(copy.stateDir, name);

/** What its own housekeeping writes would look like a write of ours. */
async function noAutovacuum(): Promise<void> {
  await copy.behindTheGuards('alter system set autovacuum = off');
  await copy.behindTheGuards('select pg_reload_conf()');
  const sql = `select current_setting('autovacuum') = 'off' and not exists (
                 select from pg_stat_activity where backend_type = 'autovacuum worker') as quiet`;
  const isQuiet = async () => (await copy.behindTheGuards<{ quiet: boolean }>(sql))[0]?.quiet === true;
  await pWaitFor(isQuiet, { timeout: 30_000, interval: 100 });
}

const nextTransaction = async () =>
  (await copy.behindTheGuards<{ xmax: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as xmax'))[0]
    ?.xmax;

/** With a file changed while `work` runs. */
async function withChanged<T>(file: string, change: (text: string) => string, work: () => Promise<T>): Promise<T> {
  const whole = readFileSync(file, 'utf8');
  const other = change(whole);
  expect(other).not.toBe(whole);
  writeFileSync(file, other);
  try {
    return await work();
  } finally {
    writeFileSync(file, whole);
  }
}

interface Check {
  readonly code: string;
  readonly plan_digest: string | null;
  readonly differences: readonly { readonly where: string }[];
}

async function check(...words: readonly string[]) {
  const { exitCode, stdout, stderr } = await copy.c1('plan', '--check', '--json', ...words);
  const said = stdout === '' ? null : (JSON.parse(stdout) as Check);
  return { exitCode, stderr, code: said?.code, wheres: said?.differences.map(({ where }) => where) ?? [] };
}

let first: PlanDocument;

test(
  'a secret smuggled in by a payload is refused by the name of its rule, and there is no plan of it',
  async () => {
    const payload = join(copy.folder, 'payloads', 'species.json');
    const smuggled = (text: string) => text.replace('The DOTs', 'postgres://me:hunter2@host/ The DOTs');
    await withChanged(payload, smuggled, async () => {
      for (const words of [['plan'], ['plan', '--check'], ['review']]) {
        const { exitCode, stdout, stderr } = await copy.c1(...words);
        expect([exitCode, stdout]).toEqual([4, '']);
        expect(stderr).toMatch(
          /^REJECT_POLICY_VIOLATION: seen species: a secret in description, expected no secret input/,
        );
        expect(stderr).not.toContain('hunter2');
      }
    });
    expect((await copy.c1('plan')).exitCode).toBe(0);
    expect(existsSync(join(copy.folder, 'review.html'))).toBe(false);
  },
  LONG,
);

test(
  'the same state gives the same bytes, twice and from two checkouts, and nothing is written',
  async () => {
    const before = await nextTransaction();
    const one = await copy.c1('plan', '--json', '--out', inState(PLAN_FILE));
    expect([one.exitCode, one.stderr]).toEqual([0, '']);
    const two = await second.c1('plan', '--json');
    expect(two.stdout).toBe(one.stdout);
    expect((await copy.c1('plan', '--json')).stdout).toBe(one.stdout);
    expect(await nextTransaction()).toBe(before);
    expect(readFileSync(inState(PLAN_FILE), 'utf8')).toBe(`${one.stdout}\n`);
    first = JSON.parse(one.stdout) as PlanDocument;
    expect(first.schema).toBe('c1.plan/v1');
    expect(new Set(first.resources.map(({ op }) => op))).toEqual(new Set(['create']));
    expect(one.stdout).not.toContain(copy.folder);
    expect(await copy.gitStatus()).toBe('');
  },
  LONG,
);

test(
  'people get a table, each row, both digests and what to do next; a pull request gets a page',
  async () => {
    const { stdout, exitCode } = await copy.c1('plan');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/W2 +admission_record +46 +\+8 +0 +\+8/);
    expect(stdout).toContain(`plan digest ${first.plan_digest}`);
    expect(stdout).toMatch(/^EQUAL to .*row changes to come$/m);
    expect(stdout).toMatch(/^Next: npx pulumi up --stack dryrun$/m);
    const page = await copy.c1('plan', '--check', '--plan', inState(PLAN_FILE), '--markdown');
    expect([page.exitCode, page.stdout]).toEqual([0, expect.stringContaining(first.plan_digest)]);
    const both = await copy.c1('plan', '--json', '--markdown');
    expect([both.exitCode, both.stderr.split(':')[0]]).toEqual([64, 'ERROR_USAGE']);
    const alone = await copy.c1('plan', '--plan', inState(PLAN_FILE));
    expect([alone.exitCode, alone.stderr.split(':')[0]]).toEqual([64, 'ERROR_USAGE']);
    expect((await copy.c1('plan', '--check', '--plan', copy.folder)).exitCode).toBe(64);
    expect((await copy.c1('plan', '--check', '--plan', join(copy.folder, YAML))).stderr).toMatch(
      /^ERROR_PAYLOAD_INVALID/,
    );
  },
  LONG,
);

test(
  'the review page is of the same plan, made by itself or handed over',
  async () => {
    const page = inState('review.html');
    const own = await copy.c1('review', '--out', page, '--json');
    expect([own.exitCode, own.stderr]).toEqual([0, '']);
    expect(JSON.parse(own.stdout)).toMatchObject({ plan_digest: first.plan_digest, read: { fault: null } });
    expect(readFileSync(page, 'utf8').replaceAll(/<[^>]*>/g, '')).toContain(first.plan_digest);
    const given = await copy.c1('review', '--plan', inState(PLAN_FILE), '--out', page, '--json');
    const { steps } = JSON.parse(given.stdout) as { steps: readonly { state: string }[] };
    expect(new Set(steps.map(({ state }) => state))).toEqual(new Set(['planned']));
    expect(await copy.gitStatus()).toBe('');
  },
  LONG,
);

test(
  'other planned deltas are 2 and each row by name; no plan is made of them, and with the true ones it is 0',
  async () => {
    const spoil = (text: string) =>
      text
        .replace('        DOT_C1_GRANT_ISSUE: insert\n', '')
        .replace(/(W3:\n +runs: )7/, '$18')
        .replace('CAT-006: change', 'CAT-006: insert');
    await withChanged(join(copy.folder, YAML), spoil, async () => {
      const found = await check();
      expect([found.exitCode, found.code]).toEqual([2, 'HOLD_PLAN_DIFFERENT']);
      expect(found.stderr).toMatch(/^HOLD_PLAN_DIFFERENT: seen 3 differences/);
      expect(found.wheres).toEqual([
        'W2 birth_registry/DOT_C1_GRANT_ISSUE',
        'W3 dot_ledger',
        'W4 meta_catalog/CAT-006',
      ]);
      const plan = await copy.c1('plan', '--json', '--out', inState('none.json'));
      expect([plan.exitCode, plan.stdout]).toEqual([3, '']);
      expect(plan.stderr).toMatch(/^HOLD_PREVIEW_DELTA_MISMATCH: seen W2 birth_registry.* Next: npx c1 plan --check/);
      expect(existsSync(inState('none.json'))).toBe(false);
    });
    expect(await check()).toMatchObject({ exitCode: 0, code: 'OK_PLANNED', wheres: [], stderr: '' });
  },
  LONG,
);

test(
  'a plan file that was altered, and a program that was changed after it, are 2; the program as it was is 0',
  async () => {
    const planFile = inState(PLAN_FILE);
    await withChanged(
      planFile,
      (text) => text.replace('"through":"W9"', '"through":"W8"'),
      async () => {
        expect(await check('--plan', planFile)).toMatchObject({ exitCode: 2, wheres: ['plan file'] });
      },
    );
    const payload = join(copy.folder, 'payloads', 'species.json');
    await withChanged(
      payload,
      (text) => text.replace(/("name": ")[^"]+/, '$1Another'),
      async () => {
        const { exitCode, wheres } = await check('--plan', planFile);
        expect(exitCode).toBe(2);
        const named = ['W2 species/gov-canonical-op-vocab', 'W2 definition', 'W2 step digest', 'source/digest'];
        expect(wheres).toEqual(expect.arrayContaining(named));
        expect(wheres.filter((where) => where.startsWith('W3'))).toEqual([]);
      },
    );
    expect(await check('--plan', planFile)).toMatchObject({ exitCode: 0, wheres: [] });
  },
  LONG,
);

test(
  'a bin that is another one is a HOLD that names it, and a preview that fails half-way is its code, never a plan',
  async () => {
    const bin = join(copy.stateDir, 'opt', 'incomex', 'dot', 'bin', 'dot-species-map');
    await chmod(bin, 0o755);
    await withChanged(
      bin,
      (text) => `${text}\n`,
      async () => {
        const { exitCode, stderr } = await check();
        expect([exitCode, stderr]).toEqual([
          3,
          expect.stringMatching(/^HOLD_DOT_INTERFACE_MISMATCH: seen dot-species-map/),
        ]);
      },
    );
    const reader = join(copy.stateDir, 'bin', 'c1-reader');
    await chmod(reader, 0o755);
    await withChanged(
      reader,
      () => '#!/bin/sh\nexit 1\n',
      async () => {
        const failed = await copy.c1('plan', '--out', inState('none.json'));
        expect([failed.exitCode, failed.stdout]).toEqual([1, '']);
        expect(failed.stderr).toMatch(/^ERROR_READ_FAILED: /);
        expect(existsSync(inState('none.json'))).toBe(false);
        expect((await check()).exitCode).toBe(1);
      },
    );
    expect((await check()).exitCode).toBe(0);
  },
  LONG,
);

test(
  'what is still to come is no drift and not settled either',
  async () => {
    const { exitCode, stdout, stderr } = await copy.c1('drift');
    expect([exitCode, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(
      /^HOLD_NOT_SETTLED: seen \d+ row changes to come; resources: \d+ create.* Next: npx c1 plan\.$/,
    );
  },
  LONG,
);

test(
  'the rows that were planned are the very rows that an up journals',
  async () => {
    expect((await copy.apply()).exitCode).toBe(0);
    const runs = await copy.behindTheGuards<{ run: string }>(
      `select step || ' ' || resource || ' ' || delta_digest as run from iu_core.dot_run
        where outcome = 'applied' and kind <> 'vote' order by applied_seq`,
    );
    const planned = first.steps.flatMap(({ id, rows }) =>
      rows
        // A deploy is no DOT: the runtime has no run of it.
        .filter(({ deltas }) => deltas.length > 0 && deltas.some(({ surface }) => surface !== 'executor_image'))
        .map(({ owner, delta_digest }) => `${id} ${owner} ${delta_digest}`),
    );
    expect(runs.length).toBeGreaterThan(50);
    expect(runs.map(({ run }) => run).toSorted()).toEqual(planned.toSorted());
    const page = await copy.c1('review', '--plan', inState(PLAN_FILE), '--out', inState('review.html'), '--json');
    const { verdict, steps } = JSON.parse(page.stdout) as { verdict: string; steps: readonly { state: string }[] };
    expect([verdict, steps.every(({ state }) => state === 'applied')]).toEqual(['APPLIED: as planned here', true]);
    expect(readFileSync(inState('review.html'), 'utf8')).toContain('Each was refused with its code');
  },
  LONG,
);

test(
  'a settled stack has nothing to do, exit 0, and not one write; a row by hand is its own code',
  async () => {
    const before = await nextTransaction();
    const { exitCode, stdout } = await copy.c1('drift', '--json');
    expect(await nextTransaction()).toBe(before);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ code: 'NOOP_NOTHING_TO_DO' });
    expect(await check()).toMatchObject({ exitCode: 0, code: 'NOOP_NOTHING_TO_DO', wheres: [] });
    await setSpecies(`name = name || '!'`);
    const drifted = await copy.c1('drift');
    expect([drifted.exitCode, drifted.stdout]).toEqual([3, '']);
    expect(drifted.stderr).toMatch(/^HOLD_DRIFT: seen species\/gov-canonical-op-vocab with name=/);
    await setSpecies(`name = left(name, -1)`);
    expect((await copy.c1('drift')).exitCode).toBe(0);
  },
  LONG,
);

/** By a superuser, with every trigger put back as it was. */
async function setSpecies(change: string): Promise<void> {
  await copy.behindTheGuards(`do $$ declare t name; begin
    alter table public.species disable trigger user;
    update public.species set ${change} where code = 'gov-canonical-op-vocab';
    for t in select tgname from pg_trigger where tgrelid = 'public.species'::regclass and not tgisinternal loop
      execute format('alter table public.species enable always trigger %I', t);
    end loop; end $$`);
}
