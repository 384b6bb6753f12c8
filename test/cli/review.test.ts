import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlanDocument } from '../../domain/planning/document.ts';
import { planText } from '../../review/plan/document.ts';
import { mustRun, STACK } from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';
import { altered } from '../review/support/plan.ts';
import { planOf, stepOf } from '../review/support/review.ts';

const MAIN = path.resolve(import.meta.dirname, '../../cli/main.ts');
let trial: Trial;
let plan: PlanDocument;
let file: string;
let out: string;
beforeAll(async () => {
  trial = await createTrial();
  const system = await trial.value<string>('select system_identifier::text as v from pg_control_system()');
  const database = await trial.value<string>(
    'select oid::text as v from pg_database where datname = current_database()',
  );
  const head = await trial.value<string>('select entry_hash as v from public.dot_ledger order by seq desc limit 1');
  plan = planOf((copy) => {
    Object.assign(copy.target, { system, database });
    copy.ledger.head = head;
  });
  [file, out] = [path.join(trial.runtime.stateDir, 'plan.json'), path.join(trial.runtime.stateDir, 'page.html')];
  await writeFile(file, planText(plan));
});
afterAll(() => trial?.dispose());

function start(...words: readonly string[]) {
  const env = { NO_COLOR: '1', ...trial.runtime.env };
  return execa(process.execPath, [MAIN, 'review', '--stack', STACK, ...words], { reject: false, env });
}

async function page(...words: readonly string[]) {
  const { exitCode, stdout, stderr } = await start('--plan', file, '--out', out, '--json', ...words);
  expect([exitCode, stderr]).toEqual([0, '']);
  const said = JSON.parse(stdout) as Said;
  return {
    ...said,
    of: (id: string) => said.steps.find((step) => step.id === id)?.state,
    html: await readFile(out, 'utf8'),
  };
}

interface Said {
  readonly code: string;
  readonly verdict: string;
  readonly plan_digest: string;
  readonly steps: readonly { readonly id: string; readonly state: string }[];
  readonly read: { readonly fault: string | null };
}

const refused = async (exitCode: number, code: string, ...words: readonly string[]) => {
  const ended = await start(...words);
  expect([ended.exitCode, ended.stdout, ended.stderr.split(':')[0]]).toEqual([exitCode, '', code]);
  return ended.stderr;
};

describe('c1 review of a plan that was handed over', () => {
  test('writes the page and says the same: what will change, how it is undone, who has approved', async () => {
    const said = await page();
    expect(said).toMatchObject({ code: 'OK_PLANNED', plan_digest: plan.plan_digest, read: { fault: null } });
    expect(said.verdict).toMatch(/^WAITS FOR APPROVAL of 16 steps/);
    expect(said.of('BASELINE')).toBe('planned');
    expect(said.html.replaceAll(/<[^>]*>/g, '')).toContain(plan.plan_digest);
    const { stdout } = await start('--plan', file, '--out', out);
    expect(stdout).toMatch(/^approved +Nobody yet\. 2 owners must approve each of 16 steps\.$/m);
    expect(stdout).toContain('LOCAL_STAGING_NOT_SSOT');
  });

  test('follows the journal of the runtime: what was applied, half applied, and taken back', async () => {
    await mustRun(trial, 'baseline', 'create');
    await mustRun(trial, 'species', 'create');
    const half = await page();
    expect([half.of('BASELINE'), half.of('W2'), half.of('W3')]).toEqual(['applied', 'held', 'planned']);
    expect(half.of('H2')).toBe('applied');
    await mustRun(trial, 'species', 'retire');
    expect((await page()).of('W2')).toBe('retired');
  });

  test('says of another runtime, and of none, that it cannot be read', async () => {
    const elsewhere = altered(plan, (copy) => void Object.assign(copy.target, { system: '9' }));
    await writeFile(file, planText(elsewhere));
    expect(await refused(4, 'REJECT_PLAN_ALTERED', '--plan', file, '--out', out)).toContain('as it says itself');
    await writeFile(file, planText(planOf()));
    const other = await page();
    expect([other.verdict, other.of('W3')]).toEqual([expect.stringContaining('another one'), 'cannot be read']);
    await writeFile(file, planText(plan));
    const { stdout } = await execa(process.execPath, [MAIN, 'review', '--stack', STACK, '--plan', file, '--out', out], {
      env: { NO_COLOR: '1', C1_STATE_DIR: path.join(trial.runtime.stateDir, 'empty') },
    });
    expect(stdout).toMatch(/^CANNOT BE READ: ERROR_RUNTIME_UNREACHABLE/);
    expect((await page()).read.fault).toBeNull();
  });

  test('refuses what it cannot do, and does the same request made good', async () => {
    await refused(64, 'ERROR_USAGE', '--plan', path.join(trial.runtime.stateDir, 'none.json'));
    await refused(1, 'ERROR_PAYLOAD_INVALID', '--plan', MAIN);
    await refused(64, 'ERROR_USAGE', '--plan', file, '--stack', 'other');
    await refused(64, 'ERROR_USAGE', '--plan', file, '--port', '0');
    for (const port of ['x', '-1', '65536', '1.5'])
      await refused(64, 'ERROR_USAGE', '--plan', file, '--serve', `--port=${port}`);
    await refused(64, 'ERROR_USAGE', '--plan', file, '--out', trial.runtime.stateDir);
    const one = altered(plan, (copy) => void Object.assign(stepOf('W9', copy), { goal: 'another' }));
    await writeFile(file, planText(one));
    await refused(4, 'REJECT_PLAN_ALTERED', '--plan', file);
    await writeFile(file, planText(plan));
    expect((await page()).code).toBe('OK_PLANNED');
  });
});

describe('c1 review --serve', () => {
  test('says where it listens, shows what the runtime does meanwhile, and ends with SIGINT', async () => {
    const served = start('--plan', file, '--serve', '--json');
    const { url, plan_digest } = JSON.parse(await firstLine(served)) as { url: string; plan_digest: string };
    expect([new URL(url).hostname, plan_digest]).toEqual(['127.0.0.1', plan.plan_digest]);
    const state = async () =>
      ((await (await fetch(new URL('/parts', url))).json()) as Record<string, string>)['why-W2'];
    expect(await state()).toContain('retired');
    await mustRun(trial, 'species', 'create');
    await expect.poll(state).toMatch(/^held: /);
    const { port } = new URL(url);
    expect(await refused(1, 'ERROR_PORT_TAKEN', '--plan', file, '--serve', '--port', port)).toContain('--port 0');
    served.kill('SIGINT');
    expect((await served).exitCode).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
    const again = start('--plan', file, '--serve', '--port', port);
    expect(await firstLine(again)).toContain(`on http://127.0.0.1:${port}/ (this machine only`);
    again.kill('SIGTERM');
    expect((await again).exitCode).toBe(0);
  });

  async function firstLine({ stdout }: ReturnType<typeof start>): Promise<string> {
    const [chunk] = await once(stdout, 'data');
    return String(chunk).split('\n')[0] ?? '';
  }
});
