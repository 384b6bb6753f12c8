import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDeployment } from '../../domain/executor.ts';
import {
  type ClaimedRow,
  type Finder,
  inRetireOrder,
  pathOf,
  planRollback,
  type RetirePath,
} from '../../domain/readiness/rollback.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { readRuntimeConfig, withConnection } from '../../dots/kernel/connection.ts';
import { foldersOf } from '../../dots/kernel/dot-files.ts';
import { readSnapshot } from '../../dots/kernel/run.ts';
import { readClaims, refsFor } from '../../dots/readiness/rollback.ts';
import { GrantTrial } from '../authority/support/grant-trial.ts';
import { spend } from '../authority/support/raw.ts';
import { whileChanged } from '../dots/support/authority.ts';
import { rewrite } from '../dots/support/patch-trial.ts';
import { liveCode, sha256Of } from '../dots/support/registrar.ts';
import { failure, failureOf, printed } from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';
import { createWholeTrial, type ReadyTrial } from './support/ready.ts';

const BIN = 'dot-c1-rollback-check';
const TABLE = 'c1.governance_canonical_operation_vocab';

let ready: ReadyTrial;
let trial: Trial;
let before: string;
beforeAll(async () => {
  ready = await createWholeTrial();
  trial = ready.trial;
  before = await trial.fingerprint();
}, 180_000);
afterAll(() => ready?.dispose());

const check = (stdin?: unknown, ...flags: readonly string[]) =>
  trial.runtime.bin(BIN, ['--cloud', ...flags], stdin === undefined ? {} : { stdin });

interface Said {
  readonly verdict: string;
  readonly rows: number;
  readonly retires: readonly { readonly row: string; readonly bin: string; readonly flag: string }[];
  readonly checks: readonly { readonly name: string; readonly checked: number }[];
}

async function good(): Promise<Said> {
  const answer = await check();
  expect([answer.stderr, answer.exitCode]).toEqual([answer.stderr, 0]);
  expect(Buffer.byteLength(answer.stdout)).toBeLessThan(16 * 1024);
  return printed(answer).readback as unknown as Said;
}

async function held(code: string, ...words: readonly string[]): Promise<void> {
  const refused = await check();
  const exitCode = code.startsWith('REJECT') ? 4 : 3;
  expect([refused.stderr, failureOf(refused)]).toEqual([refused.stderr, failure(exitCode, code)]);
  for (const word of words) expect(refused.stderr).toContain(word);
}

test('every live row of the whole program has its way back, last step first, and nothing is written', async () => {
  const { verdict, rows, retires, checks } = await good();
  expect(verdict).toBe('REHEARSAL ROLLBACK PATHS WHOLE');
  expect(rows).toBeGreaterThan(100);
  const short = retires.map(({ row, bin, flag }) => `${row.replace(/[0-9a-f]{16}$/, '…')}: ${bin} ${flag}`);
  expect(short.slice(0, 3)).toEqual([
    `governance_object_ownership/${TABLE}: dot-ownership-assign --retire`,
    'apr_requests/APR-C1-GRANT-…: dot-c1-grant-issue --retire',
    'dot_agent_api_contract/DOT_C1_VOCAB_VERIFY: dot-c1-contract-register --retire',
  ]);
  expect(short.slice(-5)).toEqual([
    'species/gov-canonical-op-vocab: dot-entity-retire --surface',
    'apr_requests/APR-C1-DOT-REGISTER-…: dot-apr-execute --restore',
    'apr_action_types/authorize_build_step: dot-migration-apply --retire',
    'apr_requests/APR-C1-DOT-310-…: dot-apr-execute --restore',
    'baseline/c1: dot-baseline-record --retire',
  ]);
  expect(checks.map(({ name }) => name)).toEqual([
    ...[
      'integrity',
      'rows',
      'retires',
      'bins and their flags',
      'replaced files',
      'replaced release',
      'deletes refused',
    ],
  ]);
  expect(checks.filter(({ name }) => name.startsWith('replaced')).map(({ checked }) => checked)).toEqual([2, 1]);
  expect(await trial.fingerprint()).toBe(before);
});

describe('what would not come back', () => {
  test('a row of the vocabulary: its table would have to be deleted with it', async () => {
    await trial.tamper(
      [TABLE],
      `insert into ${TABLE} (operation_code, protocol_version, status) values ('x', '1', 'active')`,
    );
    await held('REJECT_ROLLBACK_DELETE', '1 rows in the vocabulary table');
    await trial.tamper([TABLE], `delete from ${TABLE}`);
    await good();
  });

  test('a row that somebody changed', async () => {
    await whileChanged(trial, 'public.table_registry', `status = 'archived'`, () => held('HOLD_DRIFT'));
    await good();
  });

  test('a bin that is gone', async () => {
    const bin = join(trial.runtime.paths.bin, 'dot-entity-retire');
    renameSync(bin, `${bin}.away`);
    await held('HOLD_DOT_INTERFACE_MISMATCH', 'dot-entity-retire');
    renameSync(`${bin}.away`, bin);
    await good();
  });

  test.each([
    ['that lost its flag', '#!/bin/sh\necho --other\n', 'dot-entity-retire without its flag'],
    ['that fails', '#!/bin/sh\nexit 1\n', 'dot-entity-retire --help with a failure'],
    ['that does not run', '#!/nowhere/at/all\n', 'dot-entity-retire, which does not run'],
  ])('a bin %s, though the install has it so', async (_title, text, seen) => {
    const bin = join(trial.runtime.paths.bin, 'dot-entity-retire');
    const kept = readFileSync(bin);
    await rewrite(bin, text);
    await recorded('dot-entity-retire', sha256Of(text));
    await held('HOLD_ROLLBACK_PATH', seen);
    await rewrite(bin, kept);
    await recorded('dot-entity-retire', sha256Of(kept));
    await good();
  });

  test('the file that a patch replaced', async () => {
    const { backup } = foldersOf(trial.runtime.paths.bin);
    renameSync(backup, `${backup}.away`);
    await held('HOLD_DOT_INTERFACE_MISMATCH', 'no backup');
    renameSync(`${backup}.away`, backup);
    await good();
  });

  test('the release that the executor had', async () => {
    const { executor } = trial.runtime.paths;
    const { previous } = parseDeployment(readFileSync(join(executor, 'deployed.json'), 'utf8'));
    const release = join(executor, 'releases', previous?.digest ?? 'none');
    renameSync(release, `${release}.away`);
    await held('HOLD_ROLLBACK_PATH', 'executor_image/', 'no bundle (ENOENT)');
    renameSync(`${release}.away`, release);
    await good();
  });

  test('before anything is recorded there is nothing to take back', async () => {
    const bare = await createTrial();
    const refused = await bare.runtime.bin(BIN, ['--cloud']);
    await bare.dispose();
    expect(failureOf(refused)).toEqual(failure(3, 'HOLD_BASELINE_MISSING'));
  });

  async function recorded(bin: string, sha256: string): Promise<void> {
    await trial.tamper(
      ['iu_core.install'],
      `update iu_core.install set bins = jsonb_set(bins, '{${bin}}', '"${sha256}"') where bins is not null`,
    );
  }
});

describe('the plan', () => {
  let rows: readonly ClaimedRow[];
  let snapshot: Snapshot;
  beforeAll(async () => {
    const config = readRuntimeConfig(trial.runtime.paths.config);
    await withConnection(config, 'auditor_ro', 'test', async (client) => {
      rows = await readClaims(client);
      snapshot = await readSnapshot(client, refsFor(rows));
    });
  });
  const lost = (seen: string) => expect.objectContaining({ code: 'HOLD_ROLLBACK_PATH', seen });
  const but =
    (surface: string, other: (path: RetirePath) => RetirePath | null): Finder =>
    (row) => {
      const path = pathOf(row);
      return path !== null && row.surface === surface ? other(path) : path;
    };

  test('takes everything back, and in this order only', () => {
    expect(planRollback(rows, snapshot).length).toBeGreaterThan(40);
    const [last] = inRetireOrder(rows);
    expect(last?.step).toBe('W7');
    const species = rows.filter(({ surface }) => surface === 'species');
    expect(() => planRollback(species, snapshot)).toThrow(expect.objectContaining({ code: 'HOLD_PRESTATE_MOVED' }));
  });

  test('stops at a row that no DOT takes back', () => {
    const none = but('governance_object_ownership', () => null);
    expect(() => planRollback(rows, snapshot, none)).toThrow(
      lost(`governance_object_ownership/${TABLE}: still claimed after every retire`),
    );
  });

  test('stops at a DOT that plans nothing', () => {
    const idle = but('governance_object_ownership', (path) => ({
      ...path,
      retire: () => ({ kind: 'noop', code: 'NOOP_NOT_OURS' }),
    }));
    const seen = `governance_object_ownership/${TABLE}: dot-ownership-assign --retire plans nothing`;
    expect(() => planRollback(rows, snapshot, idle)).toThrow(lost(seen));
  });

  test('stops at a row that is let go of and stays live', () => {
    const kept = but('governance_object_ownership', (path) => ({
      ...path,
      retire: withAfter(path, (one) => one.before),
    }));
    const seen = `governance_object_ownership/${TABLE}: still live after every retire`;
    expect(() => planRollback(rows, snapshot, kept)).toThrow(lost(seen));
  });

  test('refuses a delete', () => {
    const deleted = but('governance_object_ownership', (path) => ({ ...path, retire: withAfter(path, () => null) }));
    expect(() => planRollback(rows, snapshot, deleted)).toThrow(
      expect.objectContaining({ code: 'REJECT_ROLLBACK_DELETE' }),
    );
  });

  type Deltas = Extract<ReturnType<RetirePath['retire']>, { readonly kind: 'change' }>['deltas'];

  function withAfter(
    path: RetirePath,
    after: (delta: Deltas[number]) => Deltas[number]['after'],
  ): RetirePath['retire'] {
    return (...args) => {
      const plan = path.retire(...args);
      if (plan.kind !== 'change') return plan;
      const changed = plan.deltas.map((one) => (one.surface === 'dot_ledger' ? one : { ...one, after: after(one) }));
      return { ...plan, deltas: changed };
    };
  }
});

describe('--supersession', () => {
  const row = (operation_code: string, protocol_version: string, semantic_definition: string | null = null) => ({
    ...{ operation_code, protocol_version, status: 'active', semantic_definition },
  });
  const asked = { old: [row('add', '1'), row('drop', '1')], next: [row('add', '2', 'adds')] };

  test('says what retiring a version would leave, and takes nothing back', async () => {
    const intact = await trial.fingerprint();
    const answer = await check(asked, '--supersession');
    expect([answer.stderr, answer.exitCode]).toEqual([answer.stderr, 0]);
    expect(printed(answer).readback).toMatchObject({
      ...{ from: '1', to: '2', superseded: ['add', 'drop'], live: ['add'], without_successor: ['drop'] },
      ...{ redefined: ['add'], rows_left: 3, rows_deleted: 0 },
    });
    expect(await trial.fingerprint()).toBe(intact);
  });

  test.each([
    ['nothing', undefined, 1, 'ERROR_PAYLOAD_INVALID'],
    ['one version', { old: asked.old }, 1, 'ERROR_PAYLOAD_INVALID'],
    ['an empty version', { ...asked, next: [] }, 1, 'ERROR_PAYLOAD_INVALID'],
    ['twice the same key', '{"old":[],"old":[]}', 1, 'ERROR_PAYLOAD_INVALID'],
    ['an older version', { old: asked.next, next: asked.old }, 4, 'REJECT_PROTOCOL_VERSION'],
    ['another meaning', { ...asked, next: [row('add', '1', 'else')] }, 4, 'REJECT_SEMANTIC_REWRITE'],
  ])('of %s is refused', async (_title, stdin, exitCode, code) => {
    expect(failureOf(await check(stdin, '--supersession'))).toEqual(failure(exitCode, code));
  });

  test('versions without the flag are a usage error', async () => {
    expect(failureOf(await check(asked))).toEqual(failure(64, 'ERROR_USAGE'));
  });
});

test('a grant that was used needs no way back, and everything else still has one', async () => {
  await spend(GrantTrial.of(trial), await liveCode(trial.runtime, 'GRANT'));
  const { retires } = await good();
  expect(retires.filter(({ bin }) => bin === 'dot-c1-grant-issue')).toHaveLength(1);
});
