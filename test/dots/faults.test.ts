import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  codeOf,
  createThrough,
  failure,
  failureOf,
  invocation,
  mustRun,
  printed,
  run,
  startHeld,
  type Way,
} from './support/rows.ts';
import { CANARY, createTrial, type Trial } from './support/trial.ts';

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial();
  await createThrough(trial, 'ledger-dot-c1-vocab-build');
});
afterAll(() => trial?.dispose());

const UNREACHABLE = failure(1, 'ERROR_RUNTIME_UNREACHABLE');
const UNKNOWN = failure(3, 'HOLD_OUTCOME_UNKNOWN');

/** One bin of each kind: a row, DDL, the handbook. */
const KINDS = [
  ['table-registry', 'create'],
  ['schema', 'create'],
  ['ledger-dot-c1-vocab-build', 'retire'],
] as const;

/** What was made by a test is taken away again, so that each test starts from the same rows. */
function undo(name: string, way: Way) {
  return mustRun(trial, name, way === 'create' ? 'retire' : 'create');
}

describe('a runtime that does not answer', () => {
  const config = () => trial.runtime.paths.config;
  const SECRET = 'canary-secret-that-nobody-prints';

  const FAULTS: readonly (readonly [string, (work: () => Promise<void>) => Promise<void>])[] = [
    ['is down', (work) => trial.withConfig({ port: 1 }, work)],
    ['has no configuration', (work) => without(config(), work)],
    ['has a configuration that is no JSON', (work) => withText(config(), '{', work)],
    ['has a configuration with a port that is no number', (work) => trial.withConfig({ port: 'x' }, work)],
    ['has a time limit that is none', (work) => trial.withConfig({ limits: { lock: 0 } }, work)],
    ['has no password files', (work) => trial.withConfig({ secrets: 'nowhere' }, work)],
    ['knows another password', (work) => withWrongPasswords(SECRET, work)],
    ['has lost its database', (work) => trial.withConfig({ database: 'nowhere' }, work)],
  ];

  for (const [what, broken] of FAULTS) {
    test(`that ${what} is said in one line, and the same command works once it is back`, async () => {
      const before = await trial.fingerprint();
      await broken(async () => {
        for (const [name, way] of KINDS.slice(0, 2)) {
          const refused = await run(trial, name, way);
          expect(failureOf(refused)).toEqual(UNREACHABLE);
          expect(refused.stderr).not.toContain(SECRET);
        }
      });
      expect(await trial.fingerprint()).toBe(before);
    });
  }

  test('every kind of bin works again after it', async () => {
    for (const [name, way] of KINDS) {
      expect(codeOf(await run(trial, name, way))).toBe('OK_APPLIED');
      await undo(name, way);
    }
  });
});

describe('a connection that breaks', () => {
  for (const [name, way] of KINDS) {
    test(`${way} of ${name}: PostgreSQL ends the session within the write, and nothing is written`, async () => {
      const before = await rows();
      const { ended, stop } = await startHeld(trial, [name, way], /close_run/);
      await trial.value(`select count(pg_terminate_backend(pid)) as v from pg_stat_activity
        where datname = current_database() and application_name like 'dot-%'`);
      stop.release();
      expect(failureOf(await ended)).toEqual(UNREACHABLE);
      expect(await rows()).toBe(before);
      await mustRun(trial, name, way);
      await undo(name, way);
    });

    for (const moment of ['before', 'after'] as const) {
      test(`${way} of ${name}: at the commit, ${moment} PostgreSQL did it, is an unknown outcome that --status settles`, async () => {
        const { ended, stop } = await startHeld(trial, [name, way], /^commit$/, { moment });
        stop.cut();
        const unknown = await ended;
        expect(failureOf(unknown)).toEqual(UNKNOWN);
        const [, bin = '', id = ''] = /Next: (\S+) --status ([0-9a-f]{64})\.$/.exec(unknown.stderr) ?? [];
        expect(bin).toBe(invocation(name, way).bin);
        const status = await trial.runtime.bin(bin, ['--status', id]);
        expect(printed(status).readback).toMatchObject({ outcome: moment === 'before' ? 'intent' : 'applied' });
        const again = codeOf(await run(trial, name, way));
        const settled = way === 'create' ? 'NOOP_ALREADY_THERE' : 'NOOP_NOT_OURS';
        expect(again).toBe(moment === 'before' ? 'OK_APPLIED' : settled);
        await undo(name, way);
      });
    }
  }
});

describe('a wait that reaches its limit', () => {
  const LIMIT = 1_000;

  for (const [limit, why] of [
    ['lock', 'lock timeout'],
    ['statement', 'statement timeout'],
  ] as const) {
    test(`of the ${limit} writes nothing, and says which it was`, async () => {
      const client = await (await trial.runtime.pool('postgres')).connect();
      const before = await rows();
      await client.query('begin; lock table public.table_registry in share mode');
      try {
        const late = await trial.withConfig({ limits: { [limit]: LIMIT } }, () =>
          run(trial, 'table-registry', 'create'),
        );
        expect(failureOf(late)).toEqual(failure(1, 'ERROR_TIMEOUT'));
        expect(late.stderr).toContain(why);
      } finally {
        await client.query('rollback');
        client.release();
      }
      expect(await rows()).toBe(before);
      await mustRun(trial, 'table-registry', 'create');
      await undo('table-registry', 'create');
    });
  }

  test('of the answer ends a bin whose network is gone', async () => {
    await trial.withConfig({ limits: { answer: LIMIT } }, async () => {
      const before = await rows();
      const { ended, stop } = await startHeld(trial, ['table-registry', 'create'], /close_run/);
      expect(failureOf(await ended)).toEqual(failure(1, 'ERROR_TIMEOUT'));
      stop.cut();
      expect(await rows()).toBe(before);
      const { ended: lateEnd, stop: commit } = await startHeld(trial, ['table-registry', 'create'], /^commit$/, {
        moment: 'after',
      });
      const late = await lateEnd;
      commit.cut();
      expect(failureOf(late)).toEqual(UNKNOWN);
      expect(late.stderr).toContain('--status');
    });
    await undo('table-registry', 'create');
  });
});

describe('a signal', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal} while the bin waits for its payload ends it`, async () => {
      const { bin, args } = invocation('species', 'create');
      const child = execa(path.join(trial.runtime.paths.bin, bin), args, { reject: false, stdin: 'pipe' });
      // More than a pipe holds: once it is written, the bin is reading.
      await new Promise((resolve) => child.stdin.write(' '.repeat(200_000), resolve));
      child.kill(signal);
      const { exitCode, stdout, stderr } = await child;
      expect(failureOf({ exitCode: exitCode ?? -1, stdout, stderr })).toEqual(UNKNOWN);
      expect(stderr).toMatch(/before the first write.*run the same command again\.$/);
    });
  }

  for (const [name, way] of KINDS) {
    test(`SIGTERM within the write of ${way} ${name} leaves nothing, and names --status`, async () => {
      const before = await rows();
      const { ended, kill, stop } = await startHeld(trial, [name, way], /close_run/);
      kill('SIGTERM');
      const stopped = await ended;
      expect(failureOf(stopped)).toEqual(UNKNOWN);
      expect(stopped.stderr).toMatch(/SIGTERM during request [0-9a-f]{64}.*--status [0-9a-f]{64}\.$/);
      stop.cut();
      expect(await rows()).toBe(before);
      await mustRun(trial, name, way);
      await undo(name, way);
    });
  }
});

describe('the environment of the caller', () => {
  test('does not reach the bin: neither its process nor anything that it prints', async () => {
    const flags = ['--debug', '--json'];
    const { pid, ended, stop } = await startHeld(trial, ['schema', 'create'], /open_run/, { flags });
    const environment = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter((entry) => entry !== '');
    expect(environment.map((entry) => entry.split('=')[0]).toSorted()).toEqual(['PATH']);
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(CANARY);
    stop.cut();
    const { stdout, stderr } = await ended;
    expect(stderr).toMatch(/^\s+at /m);
    expect(stdout + stderr).not.toContain(CANARY);
  });
});

describe('a reader of the output that went away', () => {
  test('does not make a fault of an applied change', async () => {
    const { bin, args } = invocation('schema', 'create');
    const file = path.join(trial.runtime.paths.bin, bin);
    const { exitCode, stderr } = await execa('/bin/sh', ['-c', `"$0" "$@" >/dev/full </dev/null`, file, ...args], {
      reject: false,
    });
    expect(stderr).toMatch(/^OK_APPLIED: [^\n]+$/);
    expect(exitCode).toBe(0);
    await undo('schema', 'create');
  });
});

/** Everything but the journal of intents, which a run that was stopped leaves behind. */
function rows(): Promise<string> {
  return trial.fingerprint({ intents: false });
}

async function without(file: string, work: () => Promise<void>): Promise<void> {
  await rename(file, `${file}.away`);
  await work().finally(() => rename(`${file}.away`, file));
}

async function withText(file: string, text: string, work: () => Promise<void>): Promise<void> {
  const kept = await readFile(file, 'utf8');
  await writeFile(file, text);
  await work().finally(() => writeFile(file, kept));
}

async function withWrongPasswords(password: string, work: () => Promise<void>): Promise<void> {
  const folder = path.join(trial.runtime.paths.state, 'wrong-secrets');
  await execa('mkdir', ['-p', folder]);
  const logins = ['dot_schema_table_registry_ensure', 'dot_schema_ensure'];
  await Promise.all(logins.map((login) => writeFile(path.join(folder, login), password)));
  await trial.withConfig({ secrets: folder }, work);
}
