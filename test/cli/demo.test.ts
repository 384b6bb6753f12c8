import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pWaitFor from 'p-wait-for';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { STAGING_LABELS } from '../../domain/label.ts';
import { VOTER_LOGINS } from '../../runtime/roles.ts';
import { type CheckoutCopy, checkoutCopy } from './support/checkout-copy.ts';

// One checkout from nothing to the end: what a person does in this order.
let copy: CheckoutCopy;
beforeAll(async () => {
  copy = await checkoutCopy('required');
});
afterAll(() => copy?.dispose());

const LIMIT = { timeout: 60_000, interval: 50 };
const LONG = 300_000;

test(
  '--help shows examples and changes nothing; an unknown flag is a usage error',
  async () => {
    const help = await copy.bootstrap('cli/demo.ts', '--help');
    expect(help.exitCode).toBe(0);
    expect(help.stdout).toContain('npm run demo -- --keep');
    const usage = await copy.bootstrap('cli/demo.ts', '--kepe');
    expect([usage.exitCode, usage.stdout]).toEqual([64, '']);
    expect(usage.stderr).toMatch(/ERROR_USAGE: seen unknown option '--kepe'.*--keep/);
    expect(existsSync(join(copy.stateDir, 'postgres'))).toBe(false);
  },
  LONG,
);

test(
  'setup makes plain pulumi work, twice in a row, and leaves the checkout clean',
  async () => {
    for (const time of ['first', 'second']) {
      const setup = await copy.bootstrap('cli/setup.ts');
      expect(setup.exitCode, `${time}: ${setup.stderr}`).toBe(0);
      expect(setup.stdout).toContain('stack dryrun selected');
    }
    expect(await copy.gitStatus()).toBe('');
  },
  LONG,
);

test(
  'a failure names the step, the code and the next command, and has the exit status of the code',
  async () => {
    await copy.behindTheGuards('create schema c1');
    const plain = await copy.bootstrap('cli/demo.ts');
    expect([plain.exitCode, plain.stdout]).toEqual([3, '']);
    expect(plain.stderr).toMatch(
      /Stopped at "Plan: what would change \(c1 plan\)": HOLD_SURFACE_EXISTS\n +seen +.*c1.*\n +expected/,
    );
    expect(plain.stderr).toMatch(/next +find who made it/);
    expect(plain.stderr).toContain(STAGING_LABELS.join(' '));
    expect(plain.stderr).not.toMatch(ESCAPE);
    const json = await copy.bootstrap('cli/demo.ts', '--json');
    expect(json.exitCode).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      code: 'HOLD_SURFACE_EXISTS',
      failure: { step: 'Plan: what would change (c1 plan)', code: 'HOLD_SURFACE_EXISTS', exitCode: 3 },
    });
    await copy.behindTheGuards('drop schema c1');
  },
  LONG,
);

test(
  'interrupted in the middle of an up it lets the engine end, and says what to run',
  async () => {
    // What comes after W2 would only take its time.
    const config = join(copy.folder, 'Pulumi.dryrun.yaml');
    const whole = await readFile(config, 'utf8');
    await writeFile(config, whole.replace('config:\n', 'config:\n  c1:through: W2\n'));
    const demo = copy.start('cli/demo.ts');
    await pWaitFor(async () => (await appliedRuns()) > 0, LIMIT);
    demo.end('SIGTERM');
    const { exitCode, stderr } = await demo.ended;
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/Stopped at "Apply that very plan.*": HOLD_INTERRUPTED/);
    await copy.nobodyLeft();
    const recovered = await copy.c1('recover', '--json');
    expect(JSON.parse(recovered.stdout)).toMatchObject({ locks: [] });
    // A row may be committed whose resource never reached the state: up takes it over, and then it can be retired.
    expect((await copy.apply()).exitCode).toBe(0);
    const retire = join(copy.stateDir, 'retire.json');
    expect((await copy.c1('retire', '--plan', '--out', retire)).exitCode).toBe(0);
    for (const owner of VOTER_LOGINS) {
      expect((await copy.c1('approve', '--as', owner, '--plan', retire)).exitCode).toBe(0);
    }
    const retired = await copy.c1('retire', '--yes', '--against', retire, '--json');
    expect([retired.exitCode, retired.stderr.slice(-500)]).toEqual([0, expect.any(String)]);
    await rm(join(copy.folder, 'approvals'), { recursive: true });
    await writeFile(config, whole);
  },
  LONG,
);

test(
  'the whole demo, kept, with one JSON document and a clean checkout',
  async () => {
    const { exitCode, stdout, stderr } = await copy.npm('run', '--silent', 'demo', '--', '--keep', '--json');
    expect(exitCode, stderr).toBe(0);
    const answer = JSON.parse(stdout) as Answer;
    expect(answer).toMatchObject({ label: STAGING_LABELS, ok: true, code: 'OK_APPLIED', stack: 'dryrun', kept: true });
    expect(answer.steps.map(({ title }) => title)).toEqual([
      'Select the stack dryrun',
      'Start the embedded runtime',
      'Plan: what would change (c1 plan)',
      'Write the page that the owners read (c1 review)',
      'Apply what nobody approved: refused',
      'Two stand-in owners approve the plan (c1 approve)',
      'Apply that very plan (c1 apply)',
      'Read back every surface',
      'Drift check: nothing to do (c1 drift)',
      'HALT: two stand-ins sign the evidence for a dry run',
      'The governed dry run (c1 dry-run)',
      'Plan the retire (c1 retire --plan)',
      'Two stand-in owners approve the retire (c1 approve)',
      'Retire just that (c1 retire)',
      'Prove that only history is left',
      'Plan, approve and apply once more',
    ]);
    const counters = Object.fromEntries(answer.counters.map(({ surface, ...counts }) => [surface, counts]));
    expect(counters).toMatchObject({
      directus_collections: { before: 164, after: 165, planned: 1 },
      table_registry: { before: 21, after: 22, planned: 1 },
      collection_registry: { planned: 1 },
      species: { planned: 1 },
      birth_registry: { planned: 8 },
      admission_record: { planned: 8 },
      dot_tools: { before: 309, after: 317, planned: 8 },
      dot_agent_api_contract: { before: 2, after: 4, planned: 2 },
      apr_requests: { planned: 3 },
      apr_approvals: { planned: 6 },
      vps_deploy_log: { planned: 2 },
      governance_build_authorization: { planned: 1 },
      governance_object_ownership: { planned: 1 },
    });
    expect((await copy.c1('runtime', 'snapshot')).stdout.split('\n')).toHaveLength(answer.liveRows);
    expect(await copy.gitStatus()).toBe('');
    await copy.nobodyLeft();
  },
  LONG,
);

test(
  'a stack with resources is left alone',
  async () => {
    const before = (await copy.c1('runtime', 'snapshot')).stdout;
    const { exitCode, stderr } = await copy.bootstrap('cli/demo.ts');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/Stopped at "Select the stack dryrun": HOLD_STACK_IN_USE/);
    expect(stderr).toContain('npx pulumi destroy --stack dryrun');
    const reset = await copy.c1('runtime', 'reset', '--yes');
    expect([reset.exitCode, reset.stdout]).toEqual([3, '']);
    expect(reset.stderr).toMatch(/^HOLD_STACK_IN_USE: seen \d+ resources in the stack dryrun/);
    expect((await copy.c1('runtime', 'snapshot')).stdout).toBe(before);
  },
  LONG,
);

test(
  'rows of a stack whose state is gone are left alone as well',
  async () => {
    await copy.c1('runtime', 'stop');
    await rm(join(copy.stateDir, 'pulumi-state'), { recursive: true });
    const { exitCode, stderr } = await copy.bootstrap('cli/demo.ts');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(
      /Stopped at "Start the embedded runtime": HOLD_STACK_IN_USE\n +seen +live rows of BASELINE, H1, H4, W1, W2, W3, W4, W5, W7, W9 by stack dryrun/,
    );
    // The demo started the runtime, and so it stopped it.
    expect((await copy.c1('runtime', 'status')).exitCode).toBe(1);
  },
  LONG,
);

interface Answer {
  readonly steps: readonly { readonly title: string }[];
  readonly counters: readonly { readonly surface: string; readonly before: number; readonly after: number }[];
  readonly liveRows: number;
}

const ESCAPE = new RegExp(String.fromCharCode(27));

async function appliedRuns(): Promise<number> {
  const sql = `select count(*)::int as runs from iu_core.dot_run where outcome = 'applied' and kind = 'step'`;
  return (await copy.behindTheGuards<{ runs: number }>(sql))[0]?.runs ?? 0;
}
