import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import pWaitFor from 'p-wait-for';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlanDocument, PlannedRow } from '../../domain/planning/document.ts';
import { type CheckoutCopy, checkoutCopy } from './support/checkout-copy.ts';
import { type SecondCheckout, secondCheckout } from './support/second-checkout.ts';

// One stack through W3: planned, tampered with, taken back, applied anew; each test goes on where the one before ended.
let copy: CheckoutCopy;
let second: SecondCheckout;
beforeAll(async () => {
  copy = await checkoutCopy();
  expect((await copy.bootstrap('cli/setup.ts')).exitCode).toBe(0);
  // What owners have to say of a retire is not asked here.
  expect((await copy.c1('runtime', 'reset', '--yes', '--approvals', 'none')).exitCode).toBe(0);
  change(join(copy.folder, 'Pulumi.dryrun.yaml'), (text) =>
    text.replace(/c1:approvals: .*\n/, 'c1:approvals: none\n  c1:through: W3\n'),
  );
  second = await secondCheckout(copy);
  writeFileSync(join(second.folder, 'Pulumi.dryrun.yaml'), readFileSync(join(copy.folder, 'Pulumi.dryrun.yaml')));
  expect((await copy.apply()).exitCode).toBe(0);
}, 300_000);
afterAll(async () => {
  await second?.dispose();
  await copy?.dispose();
});

const LONG = 240_000;
const TABLE = 'table_registry/c1/governance_canonical_operation_vocab';
const inState = (name: string) => join(copy.stateDir, name);

/** Gives back how it was. */
function change(file: string, to: (text: string) => string): string {
  const whole = readFileSync(file, 'utf8');
  expect(to(whole)).not.toBe(whole);
  writeFileSync(file, to(whole));
  return whole;
}

async function planned(): Promise<PlanDocument> {
  const { exitCode, stdout, stderr } = await copy.c1('retire', '--plan', '--json');
  expect([exitCode, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as PlanDocument;
}

/** Runs a row's own command, as its resource would. */
async function byHand(row: PlannedRow, way: 'create' | 'retire'): Promise<void> {
  const [bin = '', ...words] = row[way].split(' ');
  const input = row.payload === null ? {} : { input: JSON.stringify(row.payload) };
  await execa(inState(`opt/incomex/dot/bin/${bin}`), words, input);
}

function rowOf(plan: PlanDocument, name: string): PlannedRow {
  const row = plan.steps.flatMap(({ rows }) => rows).find((one) => one.name === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return row;
}

interface Run {
  readonly at: string;
  readonly run: string;
}

const journal = (after = '0') =>
  copy.behindTheGuards<Run>(
    `select applied_seq::text as at, concat_ws(' ', direction, step, resource, delta_digest) as run from iu_core.dot_run
      where outcome = 'applied' and applied_seq > ${after} order by applied_seq`,
  );
const lastRun = async () => (await journal()).at(-1)?.at ?? '0';
const resources = async () => (await copy.pulumi('stack', '--show-urns', '--stack', 'dryrun')).stdout;

const runsOf = ({ steps }: PlanDocument) =>
  steps
    .flatMap(({ id, rows }) => rows.map((row) => ({ id, ...row })))
    .filter(({ deltas }) => deltas.length > 0)
    .map(({ id, owner, delta_digest }) => `retire ${id} ${owner} ${delta_digest}`);

test(
  'the same state gives the same bytes, twice and from two checkouts; the last step comes first, and nothing is written',
  async () => {
    const before = await lastRun();
    const one = await copy.c1('retire', '--plan', '--json', '--out', inState('retire.json'));
    expect([one.exitCode, one.stderr]).toEqual([0, '']);
    expect((await copy.c1('retire', '--plan', '--json')).stdout).toBe(one.stdout);
    expect((await second.c1('retire', '--plan', '--json')).stdout).toBe(one.stdout);
    expect(readFileSync(inState('retire.json'), 'utf8')).toBe(`${one.stdout}\n`);
    expect(one.stdout).not.toContain(copy.folder);
    const plan = JSON.parse(one.stdout) as PlanDocument;
    expect(plan).toMatchObject({ schema: 'c1.plan/v1', direction: 'retire', differences: [] });
    expect(plan.steps.map(({ id }) => id).slice(0, 3)).toEqual(['W3', 'W2', 'W1']);
    expect(plan.steps.at(-1)?.id).toBe('BASELINE');
    expect(new Set(plan.resources.map(({ op }) => op))).toEqual(new Set(['delete']));
    expect(plan.totals.map(({ applied, remaining }) => applied + remaining)).toEqual(plan.totals.map(() => 0));
    expect(await lastRun()).toBe(before);
  },
  LONG,
);

test(
  'people get each row and what to do next; a retire without a word for it is a usage error',
  async () => {
    const text = await copy.c1('retire', '--plan');
    expect([text.exitCode, text.stdout]).toEqual([0, expect.stringMatching(/^Retire plan of stack dryrun through W3/)]);
    expect(text.stdout).toMatch(
      /^EQUAL to planned-deltas.yaml and to the journal: \d+ row changes take everything back$/m,
    );
    expect(text.stdout).toMatch(/^Next: npx c1 retire --stack dryrun --yes$/m);
    expect(text.stdout).toContain(`- retire ${TABLE}`);
    const page = await copy.c1('retire', '--plan', '--markdown');
    expect([page.exitCode, page.stdout]).toEqual([0, expect.stringContaining('## C1 retire plan of stack')]);
    for (const words of [[], ['--plan', '--yes'], ['--plan', '--json', '--markdown']]) {
      const { exitCode, stderr } = await copy.c1('retire', ...words);
      expect([exitCode, stderr.split(':')[0]]).toEqual([64, 'ERROR_USAGE']);
    }
  },
  LONG,
);

test(
  'what cannot be read is a stop and no plan: a stack that is none, planned deltas with a row too few; the true ones are a plan',
  async () => {
    const unknown = await copy.c1('retire', '--plan', '--stack', 'nosuch');
    expect([unknown.exitCode, unknown.stdout]).toEqual([1, '']);
    expect(unknown.stderr).toMatch(/^ERROR_STACK_UNKNOWN/);
    const yaml = join(copy.folder, 'planned-deltas.yaml');
    const whole = change(yaml, (text) => text.replace('        DOT_C1_GRANT_ISSUE: insert\n', ''));
    const spoilt = await copy.c1('retire', '--yes', '--out', inState('none.json'));
    writeFileSync(yaml, whole);
    expect([spoilt.exitCode, spoilt.stdout, existsSync(inState('none.json'))]).toEqual([3, '', false]);
    expect(spoilt.stderr).toMatch(
      /^HOLD_PREVIEW_DELTA_MISMATCH: seen 1 difference: W2 birth_registry\/DOT_C1_GRANT_ISSUE/,
    );
    expect((await planned()).differences).toEqual([]);
  },
  LONG,
);

test(
  'a row that its bin retired by hand since the plan is named, and nothing else is taken back',
  async () => {
    const before = await lastRun();
    const plan = await planned();
    await byHand(rowOf(plan, 'table-registry'), 'retire');
    const { exitCode, stdout, stderr } = await copy.c1('retire', '--yes', '--against', inState('retire.json'));
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^HOLD_PLAN_DIFFERENT: seen \d+ differences: /);
    expect(stderr).toContain(`W3 ${TABLE}: seen absent, expected retire with digest`);
    expect((await journal(before)).map(({ run }) => run.split(' ').slice(0, 3).join(' '))).toEqual([
      'retire W3 table-registry',
    ]);
    await byHand(rowOf(plan, 'table-registry'), 'create');
    expect(runsOf(await planned())).toEqual(runsOf(plan));
  },
  LONG,
);

test(
  'what somebody retires and brings back while the destroy runs is named, though everything is gone at its end',
  async () => {
    const plan = await planned();
    const row = rowOf(plan, 'table-registry');
    const restore = await meddle([row.retire, row.create], JSON.stringify(row.payload));
    const { exitCode, stdout, stderr } = await copy.c1('retire', '--yes');
    restore();
    expect([exitCode, stderr]).toEqual([3, expect.stringMatching(/^HOLD_COUNTER_DRIFT: seen 2 differences: /)]);
    expect(stderr).toContain(`W3 dryrun/table-registry: seen retire ${TABLE}`);
    expect(stderr).toContain(`W3 dryrun/table-registry: seen reinstate ${TABLE}`);
    expect(stdout).not.toContain('RETIRED');
    expect(await resources()).toContain('No resources currently in this stack');
  },
  LONG,
);

/** Before the reader's first look of the destroy, somebody runs these commands of DOTs. */
async function meddle(commands: readonly string[], payload: string): Promise<() => void> {
  const reader = inState('bin/c1-reader');
  const [own, input] = [`${reader}.own`, inState('payload.json')];
  renameSync(reader, own);
  writeFileSync(input, payload);
  const lines = commands.map((command) => `    (cd "${inState('opt/incomex/dot/bin')}" && ./${command} < "${input}")`);
  const script = [
    '#!/bin/sh',
    '{ case "$*" in',
    '  "retire-check --step W3")',
    ...lines,
    '    ;;',
    'esac; } >/dev/null',
    `exec "${own}" "$@"`,
  ];
  writeFileSync(reader, `${script.join('\n')}\n`);
  await chmod(reader, 0o755);
  return () => renameSync(own, reader);
}

test(
  'a signal ends a retire half-way with its own code, and what is left can be planned',
  async () => {
    const up = await copy.apply();
    expect(up.exitCode, up.stderr).toBe(0);
    const before = await lastRun();
    const whole = runsOf(await planned());
    const retire = copy.startC1('retire', '--yes');
    await pWaitFor(async () => (await journal(before)).length > 0, { timeout: 60_000, interval: 50 });
    retire.end('SIGINT');
    const { exitCode, stderr } = await retire.ended;
    expect([exitCode, stderr.split(':')[0]]).toEqual([3, 'HOLD_INTERRUPTED']);
    const done = (await journal(before)).map(({ run }) => run);
    expect(done.length).toBeLessThan(whole.length);
    // What owners approved of the whole is what is left of it.
    expect([...done, ...runsOf(await planned())].toSorted()).toEqual([...whole].toSorted());
  },
  LONG,
);

test(
  'the runs that were planned are the very runs that the destroy journals; then there is nothing to take back',
  async () => {
    const plan = await planned();
    writeFileSync(inState('again.json'), `${JSON.stringify(plan)}\n`);
    const before = await lastRun();
    const { exitCode, stdout, stderr } = await copy.c1('retire', '--yes', '--json', '--against', inState('again.json'));
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('Destroying')]);
    const runs = (await journal(before)).map(({ run }) => run);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ code: 'OK_RETIRED', plan_digest: plan.plan_digest, runs: runs.length },
    });
    expect(runs.length).toBeGreaterThan(20);
    expect(runs.toSorted()).toEqual([...runsOf(plan)].toSorted());
    const again = await copy.c1('retire', '--yes', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ code: 'NOOP_NOTHING_TO_DO', runs: 0 });
    expect((await planned()).steps).toEqual([]);
  },
  LONG,
);
