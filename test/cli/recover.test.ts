import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import pWaitFor from 'p-wait-for';
import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withSuperuser } from '../../runtime/connect.ts';
import { connectionOf } from '../../runtime/connection-file.ts';
import { LIVE } from '../../runtime/databases.ts';
import { statePaths } from '../../runtime/paths.ts';
import { apartFromRequests, approve } from '../support/owners.ts';
import { type CheckoutCopy, checkoutCopy } from './support/checkout-copy.ts';

// One stack through two killed engines; each test goes on where the one before ended.
let copy: CheckoutCopy;
let undisturbed: readonly string[];
beforeAll(async () => {
  copy = await checkoutCopy();
  expect((await copy.bootstrap('cli/setup.ts')).exitCode).toBe(0);
  // The engine is killed in W4: what comes after W5 would only take its time.
  expect((await copy.pulumi('config', 'set', 'c1:through', 'W5', '--stack', 'dryrun')).exitCode).toBe(0);
  await applyAll();
  undisturbed = await snapshot();
}, 180_000);
afterAll(() => copy?.dispose());

const LIMIT = { timeout: 60_000, interval: 50 };
const LONG = 180_000;

test(
  'where nothing was killed there is nothing to recover',
  async () => {
    const { exitCode, stdout } = await copy.c1('recover');
    expect([exitCode, stdout.split('\n')[0]]).toEqual([0, 'nothing to recover on stack dryrun']);
    expect(await recoverJson()).toMatchObject({ code: 'NOOP_NOTHING_TO_RECOVER', locks: [], pending: [] });
    const unknown = await copy.c1('recover', '--stack', 'nope');
    expect(unknown.exitCode).toBe(1);
    expect(unknown.stderr).toContain('ERROR_STACK_UNKNOWN: seen the stack nope');
  },
  LONG,
);

test(
  'an engine killed in the middle of a destroy: recovered, the destroy goes on',
  async () => {
    await killedWhileBinsWait('destroy');
    const { code, pending } = await recoverJson();
    expect(code).toBe('OK_RECOVERED');
    expect(pending.length).toBeGreaterThan(0);
    expect(new Set(pending.map(({ operation }) => operation))).toEqual(new Set(['deleting']));
    const words = pending.map(({ journal }) => journal);
    // The contracts go first, and then the tools together: some bins wait at their writes, others have only started.
    expect(words).toContain('begun, not applied');
    expect(['begun, not applied', 'not begun']).toEqual(expect.arrayContaining([...new Set(words)]));
    await succeed('destroy');
  },
  LONG,
);

test(
  'while an engine is in the middle of W4, a second up and a recover say so and touch nothing',
  async () => {
    await killedWhileBinsWait('up', async () => {
      const { exitCode, stderr } = await copy.c1('recover');
      expect(exitCode).toBe(3);
      expect(stderr).toMatch(/HOLD_ENGINE_ALIVE: seen engine process \d+ of .*, expected no such process/);
      expect(lockFiles()).toHaveLength(1);
      const second = await copy.pulumi('up', '--stack', 'dryrun', '--yes', '--skip-preview');
      expect(second.exitCode).not.toBe(0);
      expect(second.stdout + second.stderr).toMatch(/currently locked by 1 lock/);
    });
  },
  LONG,
);

test(
  'a dry run says what it would do with the lock and each pending create, and does nothing',
  async () => {
    const { exitCode, stdout } = await copy.c1('recover', '--dry-run');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^lock +of process \d+ of .*, which is gone: would be removed$/m);
    expect(stdout).toMatch(
      /^pending +creating \S+: the journal says begun, not applied \(request [0-9a-f]{12}…\); would be/m,
    );
    expect(lockFiles()).toHaveLength(1);
    expect((await pendingOperations()).length).toBeGreaterThan(0);
  },
  LONG,
);

test(
  'recover tells what was applied from what was not, clears all of it, and the next up comes to the same rows',
  async () => {
    // One of the pending creates did commit, and the engine was dead before it heard.
    const [done] = await pendingOperations();
    if (done === undefined) throw new Error('no pending operation');
    await runAgain(done.inputs);
    const { code, pending, locks } = await recoverJson();
    expect(code).toBe('OK_RECOVERED');
    expect(locks).toHaveLength(1);
    const words = new Map(pending.map(({ resource, journal }) => [resource, journal]));
    expect(words.get(done.name)).toBe('applied');
    words.delete(done.name);
    expect(['begun, not applied', 'not begun']).toEqual(expect.arrayContaining([...new Set(words.values())]));
    expect([lockFiles(), await pendingOperations()]).toEqual([[], []]);
    await applyAll();
    expect(apartFromRequests(await snapshot())).toEqual(apartFromRequests(undisturbed));
    expect(await liveTools()).toEqual({ live: 317, codes: 317, c1: 8 });
    expect(await pendingOperations()).toEqual([]);
    expect(await copy.gitStatus()).toBe(' M Pulumi.dryrun.yaml');
  },
  LONG,
);

test(
  'a pending operation that no journal knows is left for a person',
  async () => {
    const file = state('stacks', 'c1', 'dryrun.json');
    const content = JSON.parse(readFileSync(file, 'utf8')) as { checkpoint: { latest: Record<string, unknown> } };
    const resource = { urn: 'urn:pulumi:dryrun::c1::other:index:Thing::x', type: 'other:index:Thing', custom: true };
    content.checkpoint.latest.pending_operations = [{ type: 'creating', resource }];
    await writeFile(file, JSON.stringify(content));
    const { exitCode, stderr } = await copy.c1('recover');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/HOLD_RECOVER_BY_HAND: seen creating x \(unknown\)/);
    expect((await pendingOperations()).map(({ name }) => name)).toEqual(['x']);
  },
  LONG,
);

/** Runs the engine until bins wait for a lock that we hold, does `meanwhile`, and kills the engine. */
async function killedWhileBinsWait(command: 'up' | 'destroy', meanwhile = async () => {}): Promise<void> {
  // The engine is to die in W4: what the owners have to say is said before.
  for (let stops = 0; command === 'up' && stops < STOPS_BEFORE_TOOLS; stops++) await approvedRequest();
  await asSuperuser(async (client) => {
    const before = await appliedRuns(client);
    const { ended } = copy.startPulumi(command, '--stack', 'dryrun', '--yes', '--skip-preview');
    await pWaitFor(async () => (await appliedRuns(client)) >= before + (command === 'up' ? UNTIL_TOOLS : 1), LIMIT);
    await client.query(`select pg_advisory_lock(hashtext('iu_core.ledger'))`);
    await pWaitFor(async () => (await waitingBins(client)) >= (command === 'up' ? 2 : 1), LIMIT);
    await meanwhile();
    process.kill(enginePid(), 'SIGKILL');
    expect((await ended).exitCode).not.toBe(0);
    // Language host, plugins, program and bins end by themselves.
    await copy.nobodyLeft();
  });
}

/** H1 and W1. */
const STOPS_BEFORE_TOOLS = 2;
/** Runs of the registrar, of W2 and of W3: the catalogue and the eight tools of W4 come next, the tools together. */
const UNTIL_TOOLS = 1 + 25 + 7;

async function approvedRequest(): Promise<void> {
  const { stdout, stderr } = await copy.pulumi('up', '--stack', 'dryrun', '--yes', '--skip-preview');
  const [, request] = /HOLD_APR_AWAITING_QUORUM: seen (APR-[A-Za-z0-9-]+)/.exec(stdout + stderr) ?? [];
  if (request === undefined) throw new Error(`no request in ${stdout}${stderr}`);
  await approve(copy.stateDir, request);
}

/** Closing the connection gives its locks back. */
async function asSuperuser(work: (client: Client) => Promise<void>): Promise<void> {
  const { port } = await connectionOf(copy.stateDir);
  await withSuperuser(statePaths(copy.stateDir), port, LIVE, work);
}

const appliedRuns = (client: Client) =>
  countOf(client, `select count(*)::int as n from iu_core.dot_run where outcome = 'applied'`);

const waitingBins = (client: Client) =>
  countOf(client, `select count(*)::int as n from pg_locks where locktype = 'advisory' and not granted`);

async function countOf(client: Client, sql: string): Promise<number> {
  const { rows } = await client.query<{ n: number }>(sql);
  return rows[0]?.n ?? 0;
}

const state = (...words: readonly string[]) => join(copy.stateDir, 'pulumi-state', '.pulumi', ...words);

function lockFiles(): readonly string[] {
  const folder = state('locks', 'organization', 'c1', 'dryrun');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  return names.map((name) => join(folder, name));
}

function enginePid(): number {
  const [file = ''] = lockFiles();
  return (JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid;
}

interface Pending {
  readonly name: string;
  readonly inputs: { readonly create: string; readonly dir: string; readonly stdin?: string };
}

async function pendingOperations(): Promise<readonly Pending[]> {
  const { stdout } = await copy.pulumi('stack', 'export', '--stack', 'dryrun');
  const { deployment } = JSON.parse(stdout) as {
    deployment: { pending_operations?: { resource: { urn: string; inputs: Pending['inputs'] } }[] };
  };
  return (deployment.pending_operations ?? []).map(({ resource: { urn, inputs } }) => ({
    name: urn.split('::').at(-1) ?? '',
    inputs,
  }));
}

async function runAgain({ create, dir, stdin = '' }: Pending['inputs']): Promise<void> {
  await execa(create, { cwd: join(copy.folder, dir), shell: true, input: stdin });
}

interface RecoverAnswer {
  readonly code: string;
  readonly locks: readonly unknown[];
  readonly pending: readonly { readonly resource: string; readonly operation: string; readonly journal: string }[];
}

async function recoverJson(): Promise<RecoverAnswer> {
  const { stdout, stderr } = await copy.c1('recover', '--json');
  expect(stderr).toBe('');
  return JSON.parse(stdout) as RecoverAnswer;
}

async function succeed(command: 'up' | 'destroy'): Promise<void> {
  const { exitCode, stdout, stderr } = await copy.pulumi(command, '--stack', 'dryrun', '--yes', '--skip-preview');
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
}

/** An up to its end, with the owners' approval in the middle. */
async function applyAll(): Promise<void> {
  const { exitCode, stdout, stderr } = await copy.apply();
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
}

async function snapshot(): Promise<readonly string[]> {
  return (await copy.c1('runtime', 'snapshot')).stdout.split('\n');
}

async function liveTools(): Promise<unknown> {
  const sql = `select count(*)::int as live, count(distinct t.code)::int as codes,
    count(*) filter (where t.code like 'DOT_C1_%')::int as c1 from public.dot_tools t where t.status <> 'retired'`;
  return (await copy.behindTheGuards(sql))[0];
}
