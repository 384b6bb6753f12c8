import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlanDocument } from '../../domain/planning/document.ts';
import { type CheckoutCopy, checkoutCopy } from './support/checkout-copy.ts';

/** `c1 approve`, `deny`, `approvals` and `apply` as people run them, on a stack that goes through BASELINE alone. */
let copy: CheckoutCopy;
let plan: string;
beforeAll(async () => {
  copy = await checkoutCopy('required');
  expect((await copy.bootstrap('cli/setup.ts')).exitCode).toBe(0);
  through('BASELINE');
  plan = join(copy.stateDir, 'plan.json');
  expect((await copy.c1('plan', '--out', plan)).exitCode).toBe(0);
}, 180_000);
afterAll(() => copy?.dispose());

const LONG = 240_000;
const [ONE, TWO] = ['voter_owner_1', 'voter_owner_2'] as const;

function through(step: string): void {
  const file = join(copy.folder, 'Pulumi.dryrun.yaml');
  const text = readFileSync(file, 'utf8').replace(/ {2}c1:through: .*\n/, '');
  writeFileSync(file, text.replace('config:\n', `config:\n  c1:through: ${step}\n`));
}

const kept = async () =>
  existsSync(join(copy.folder, 'approvals', 'dryrun')) ? readdir(join(copy.folder, 'approvals', 'dryrun')) : [];

async function refused(words: readonly string[], code: string, exitCode: number): Promise<string> {
  const before = await kept();
  const ended = await copy.c1(...words);
  expect([ended.exitCode, ended.stdout, ended.stderr]).toEqual([exitCode, '', expect.stringMatching(`^${code}: seen`)]);
  expect(await kept()).toEqual(before);
  return ended.stderr;
}

/** The plan document with something else in it. */
function altered(change: (document: PlanDocument) => object): string {
  const file = join(copy.stateDir, 'altered.json');
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(plan, 'utf8')) as PlanDocument)));
  return file;
}

test('the plan says whom to ask', () => {
  const document = JSON.parse(readFileSync(plan, 'utf8')) as PlanDocument;
  expect(document).toMatchObject({ direction: 'apply', config: { approvals: 'required' } });
});

test(
  'what is no decision of an owner about this very plan is refused, and nothing is kept',
  async () => {
    const of = (...words: readonly string[]) => ['approve', '--as', ONE, '--plan', plan, ...words];
    const other = altered(({ steps, ...rest }) => ({
      ...rest,
      steps: steps.map((step) => ({ ...step, goal: 'other' })),
    }));
    await refused(['approve', '--as', ONE, '--plan', other], 'REJECT_PLAN_ALTERED', 4);
    const half = altered(({ steps: _, ...rest }) => rest);
    await refused(['approve', '--as', ONE, '--plan', half], 'ERROR_PAYLOAD_INVALID', 1);
    await refused(of('--stack', 'other'), 'ERROR_USAGE', 64);
    await refused(of('--steps', 'W1'), 'ERROR_USAGE', 64);
    await refused(of('--steps', 'W77'), 'ERROR_USAGE', 64);
    await refused(of('--valid-for', '73'), 'ERROR_USAGE', 64);
    await refused(['approve', '--plan', plan], 'ERROR_USAGE', 64);
    await refused(['approve', '--as', 'operator_1', '--plan', plan], 'REJECT_SELF_APPROVAL', 4);
    await refused(of('--key', join(copy.stateDir, 'secrets', 'ssh', 'operator_1')), 'REJECT_UNKNOWN_SIGNER', 4);
    expect((await copy.c1('approvals', '--json')).stdout).toContain('"decisions":[]');
  },
  LONG,
);

test(
  'a decision that was only signed travels as a file; edited it is refused, and as it was signed it is entered',
  async () => {
    const { exitCode, stdout } = await copy.c1('approve', '--as', ONE, '--plan', plan, '--no-enter', '--json');
    expect(exitCode).toBe(0);
    const { file } = JSON.parse(stdout) as { file: string };
    expect(file).toMatch(/^approvals\/dryrun\/[0-9a-f]{12}-apply-voter_owner_1-approve-[0-9a-f]{8}\.json$/);
    const place = join(copy.folder, file);
    const good = readFileSync(place, 'utf8');
    writeFileSync(place, good.replace('"decision":"approve"', '"decision":"deny"'));
    await refused(['deny', '--file', place], 'REJECT_APR_ALTERED', 4);
    writeFileSync(place, good);
    await refused(['deny', '--file', place], 'ERROR_USAGE', 64);
    // It is entered as it is: what is said beside it would be passed over.
    await refused(['approve', '--file', place, '--steps', 'BASELINE'], 'ERROR_USAGE', 64);
    await refused(['approve', '--file', place, '--as', TWO], 'ERROR_USAGE', 64);
    expect((await copy.c1('approve', '--file', place)).exitCode).toBe(0);
    const again = await copy.c1('approve', '--file', place, '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ code: 'NOOP_ALREADY_THERE', approver: ONE });
    const listed = await copy.c1('approvals');
    expect(listed.stdout).toContain('apply  BASELINE approved by 1 of 2 (voter_owner_1)');
  },
  LONG,
);

test(
  'apply: not without --yes, not of another plan, not half approved; then exactly what was approved',
  async () => {
    await refused(['apply'], 'ERROR_USAGE', 64);
    await refused(
      ['apply', '--yes', '--against', altered((one) => ({ ...one, stack: 'other' }))],
      'HOLD_PLAN_DIFFERENT',
      2,
    );
    const half = await copy.c1('apply', '--yes', '--against', plan, '--json');
    expect([half.exitCode, half.stdout]).toEqual([3, '']);
    expect(half.stderr).toMatch(/HOLD_PLAN_NOT_APPROVED: seen BASELINE with 1 of 2 approvals \(voter_owner_1\)/);
    expect((await copy.c1('approve', '--as', TWO, '--plan', plan)).exitCode).toBe(0);
    const { exitCode, stdout, stderr } = await copy.c1('apply', '--yes', '--against', plan, '--json');
    expect(exitCode, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ code: 'OK_APPLIED', stack: 'dryrun', runs: 1 });
    const used = (await copy.c1('approvals')).stdout;
    expect(used).toMatch(/^voter_owner_1: approve apply of BASELINE, .*; used for BASELINE$/m);
    expect(used).toContain(
      'apply  BASELINE approved by 2 of 2 (voter_owner_1, voter_owner_2); every run of it was made',
    );
    // Nothing is left to decide about, nor to apply.
    expect(await refused(['approve', '--as', ONE], 'HOLD_NOTHING_TO_APPROVE', 3)).toContain('npx c1 drift');
    const nothing = await copy.c1('apply', '--yes', '--json');
    expect([nothing.exitCode, JSON.parse(nothing.stdout)]).toEqual([
      0,
      expect.objectContaining({ code: 'NOOP_NOTHING_TO_DO' }),
    ]);
  },
  LONG,
);

test(
  'a denial is final, and is listed; a runtime keeps the rule that it was made with',
  async () => {
    through('H1');
    expect((await copy.c1('plan', '--out', plan)).exitCode).toBe(0);
    const denied = await copy.c1('deny', '--as', TWO, '--plan', plan, '--steps', 'H1');
    expect(denied.stdout).toContain('final for these very rows');
    await refused(['approve', '--as', ONE, '--plan', plan], 'REJECT_PLAN_DENIED', 4);
    const listed = (await copy.c1('approvals')).stdout;
    expect(listed).toContain('apply  H1       denied by voter_owner_2');
    expect(listed).toMatch(/^voter_owner_2: deny apply of H1, .*, final for those very rows$/m);
    const rule = await copy.c1('runtime', 'start', '--approvals', 'none');
    expect([rule.exitCode, rule.stderr]).toEqual([
      1,
      expect.stringMatching(/ERROR_CONFIG_INVALID: seen approvals none/),
    ]);
    expect((await copy.c1('runtime', 'start', '--approvals', 'required', '--quorum', '2')).exitCode).toBe(0);
    await rm(join(copy.folder, 'approvals'), { recursive: true });
  },
  LONG,
);
