import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Delta, DeltaOp, Image } from '../../domain/deltas.ts';
import { LOGINS } from '../../runtime/roles.ts';
import {
  codeOf,
  createThrough,
  failure,
  failureOf,
  invocation,
  lifeOf,
  mustRun,
  rowNamed,
  run,
} from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';
import { as, asOwner, attempt, BYPASS, NO_RIGHT, SUPERUSER } from '../runtime/guards/support/attempt.ts';
import { applied, runOf, writing } from '../runtime/guards/support/runs.ts';

const BUILD = 'dot-c1-vocab-build';
const VERIFY = 'dot-c1-vocab-verify';
const WRITER = 'dot-c1-contract-register';
const [CONTRACT, TOOL] = [`contract-${BUILD}`, `tool-${BUILD}`];
const UNREGISTERED = failure(3, 'HOLD_ADMISSION_MISSING_OR_INVALID');
const MOVED = failure(3, 'HOLD_PRESTATE_MOVED');

let trial: Trial;
let before: string;
let kg: string;
beforeAll(async () => {
  trial = await createTrial();
  await createThrough(trial, 'species');
  for (const slug of [BUILD, VERIFY, WRITER]) for (const name of lifeOf(slug)) await mustRun(trial, name, 'create');
  kg = await knowledgeGraph();
});
beforeEach(async () => {
  before = await rows();
});
afterEach(async () => {
  expect(await rows()).toBe(before);
  expect(await knowledgeGraph()).toBe(kg);
});
afterAll(() => trial?.dispose());

function rows(): Promise<string> {
  return trial.fingerprint({ intents: false });
}

/** The contracts of the other carrier, to the last column. */
function knowledgeGraph(): Promise<string> {
  return trial.value(
    `select string_agg(c::text, E'\\n' order by c.id) as v from public.dot_agent_api_contract c where c.dot_code like 'DOT_KG%'`,
  );
}

function image(slug: string): Image {
  return rowNamed(`contract-${slug}`).payload as Image;
}

/** A run of the contract DOT's own login by hand: what a stolen password can do at most. */
function byLogin(op: DeltaOp, after: Image, previous: Image | null = null): Promise<string> {
  const delta: Delta = {
    ...{ surface: 'dot_agent_api_contract', key: String(after.dot_code) },
    ...{ op, before: previous, after },
  };
  const direction = op === 'retire' ? 'retire' : 'apply';
  return as(trial.runtime, 'dot_c1_contract_register', (client) =>
    applied(
      client,
      runOf('DOT_C1_CONTRACT_REGISTER', [delta], { step: 'W5', direction }),
      writing('dot_agent_api_contract', op, after),
    ),
  );
}

async function refused(names: readonly string[], way: 'create' | 'retire', expected: object): Promise<void> {
  for (const name of names) {
    for (const flags of [['--dry-run'], []]) {
      expect({ name, ...failureOf(await run(trial, name, way, { flags })) }).toEqual({ name, ...expected });
    }
  }
}

describe('a contract before its tools', () => {
  test('is a HOLD while its DOT, or the DOT that writes it, is no live tool', async () => {
    const [build, writer] = [TOOL, `tool-${WRITER}`];
    await refused([CONTRACT], 'create', UNREGISTERED);
    expect(await byLogin('insert', image(BUILD))).toBe('HOLD_ADMISSION_MISSING_OR_INVALID');
    for (const [there, missing] of [
      [build, 'DOT_C1_CONTRACT_REGISTER'],
      [writer, 'DOT_C1_VOCAB_BUILD'],
    ] as const) {
      await mustRun(trial, there, 'create');
      await refused([CONTRACT], 'create', UNREGISTERED);
      expect((await run(trial, CONTRACT, 'create')).stderr).toContain(`seen ${missing} without a tool row`);
      expect(await byLogin('insert', image(BUILD))).toBe('HOLD_ADMISSION_MISSING_OR_INVALID');
      await mustRun(trial, there, 'retire');
    }
    for (const slug of [WRITER, BUILD, VERIFY]) await mustRun(trial, `tool-${slug}`, 'create');
    before = await rows();
    expect(codeOf(await run(trial, CONTRACT, 'create', { flags: ['--dry-run'] }))).toBe('OK_PLANNED');
  });
});

describe('a contract by hand', () => {
  const COLUMNS = `(dot_code, operation, role, paired_dot, mode, output_namespace, no_mutation_assertion, endpoint_ref,
    error_behavior, observation_write_policy, contract_status)`;
  const GENUINE = `insert into public.dot_agent_api_contract ${COLUMNS} values ('DOT_C1_VOCAB_BUILD', 'build', 'producer',
    'DOT_C1_VOCAB_VERIFY', 'DRY_RUN', 'DRYRUN-NS:dot:c1:vocab', true, 'http://incomex-agent-api-executor:8090/dispatch',
    'fail_closed_no_mutation', 'SIMULATED_DRY_RUN_ONLY_UNTIL_ENDPOINT', 'endpoint_bound')`;
  const STATEMENTS = [
    GENUINE,
    `update public.dot_agent_api_contract set mode = 'REAL_RUN' where dot_code = 'DOT_KG_EXPLAIN'`,
    `delete from public.dot_agent_api_contract where dot_code = 'DOT_KG_EXPLAIN'`,
  ];

  test('of the owner of the table and of a superuser is a bypass', async () => {
    for (const sql of STATEMENTS) {
      expect([sql, await asOwner(trial.runtime, (client) => attempt(client, sql))]).toEqual([sql, BYPASS]);
      expect([sql, await as(trial.runtime, SUPERUSER, (client) => attempt(client, sql))]).toEqual([sql, BYPASS]);
    }
  });

  test('of every login is PostgreSQL’s own refusal, and by its DOT it is made', async () => {
    for (const { name } of LOGINS) {
      await as(trial.runtime, name, async (client) => {
        await client.query('set default_transaction_read_only = off');
        for (const sql of STATEMENTS) expect([name, sql, await attempt(client, sql)]).toEqual([name, sql, NO_RIGHT]);
      });
    }
    expect(codeOf(await run(trial, CONTRACT, 'create'))).toBe('OK_APPLIED');
    expect(codeOf(await run(trial, CONTRACT, 'retire'))).toBe('OK_APPLIED');
    before = await rows();
  });
});

describe('a contract that says more than it may', () => {
  const CHANGES: readonly (readonly [string, Image])[] = [
    ['with mutation', { no_mutation_assertion: false }],
    ['with mutation left open', { no_mutation_assertion: null }],
    ['in another namespace', { output_namespace: 'PROD-NS:dot:c1:vocab' }],
    ['in no namespace', { output_namespace: null }],
    ['paired with a KG DOT', { paired_dot: 'DOT_KG_EXPLAIN_VERIFY' }],
    ['paired with itself', { paired_dot: 'DOT_C1_VOCAB_BUILD' }],
    ['paired with nobody', { paired_dot: null }],
    ['of a KG DOT', { dot_code: 'DOT_KG_EXPLAIN' }],
    ['of a look-alike', { dot_code: 'DOT_С1_VOCAB_BUILD' }],
    ['of a C1 DOT that has none', { dot_code: 'DOT_C1_PREFLIGHT' }],
    ['that is bound in real mode', { mode: 'REAL_RUN' }],
    ['at another endpoint', { endpoint_ref: 'http://elsewhere:8090/dispatch' }],
    ['that fails open', { error_behavior: 'continue' }],
  ];

  test.each(CHANGES)('%s is refused by the bin and by the gateway function itself', async (_, change) => {
    const { bin, args } = invocation(CONTRACT, 'create');
    const spoilt = { ...image(BUILD), ...change };
    expect(failureOf(await trial.runtime.bin(bin, args, { stdin: spoilt }))).toEqual(
      failure(1, 'ERROR_PAYLOAD_INVALID'),
    );
    expect(await byLogin('insert', spoilt)).toBe('REJECT_NOT_ALLOWED');
  });

  test('is taken as soon as it says exactly what it may, and comes back after its retire', async () => {
    const good = image(BUILD);
    const retired = { ...good, contract_status: 'retired' };
    for (const [what, change] of CHANGES.filter(([, { dot_code }]) => dot_code === undefined)) {
      expect([what, await byLogin('reinstate', { ...good, ...change }, retired)]).toEqual([what, 'REJECT_NOT_ALLOWED']);
    }
    expect(await byLogin('reinstate', good, retired)).toBe('accepted');
    expect(await byLogin('retire', retired, good)).toBe('accepted');
    before = await rows();
  });
});

describe('what stands on what', () => {
  test('a tool under a live contract stays, and so does the DOT that retires contracts; then they go', async () => {
    for (const slug of [BUILD, VERIFY]) await mustRun(trial, `contract-${slug}`, 'create');
    const bound = await rows();
    await refused([TOOL, `tool-${WRITER}`], 'retire', MOVED);
    expect((await run(trial, TOOL, 'retire')).stderr).toContain('dot_agent_api_contract/DOT_C1_VOCAB_BUILD');
    for (const slug of [BUILD, WRITER]) expect(await retireTool(slug)).toBe('HOLD_PRESTATE_MOVED');
    expect(await rows()).toBe(bound);
    await mustRun(trial, CONTRACT, 'retire');
    await refused([`tool-${WRITER}`], 'retire', MOVED);
    expect(codeOf(await run(trial, TOOL, 'retire'))).toBe('OK_APPLIED');
    await mustRun(trial, `contract-${VERIFY}`, 'retire');
    expect(codeOf(await run(trial, `tool-${WRITER}`, 'retire'))).toBe('OK_APPLIED');
    for (const slug of [WRITER, BUILD]) await mustRun(trial, `tool-${slug}`, 'create');
    before = await rows();
  });

  /** The registrar's login by hand, under the claim of the tool's own resource. */
  function retireTool(slug: string): Promise<string> {
    const tool = rowNamed(`tool-${slug}`).payload as Image;
    const after = { ...tool, status: 'retired' };
    const delta: Delta = { surface: 'dot_tools', key: String(tool.code), op: 'retire', before: tool, after };
    const owner = { step: 'W4', direction: 'retire', stack: 'trial', resource: `tool-${slug}` } as const;
    return as(trial.runtime, 'dot_register', (client) =>
      applied(client, runOf('DOT-REGISTER', [delta], owner), writing('dot_tools', 'retire', after)),
    );
  }

  test('a contract is its own resource’s, and its own stack’s', async () => {
    await mustRun(trial, CONTRACT, 'create');
    const bound = await rows();
    for (const owner of [{ resource: `contract-${VERIFY}` }, { stack: 'other' }]) {
      expect(codeOf(await run(trial, CONTRACT, 'retire', owner))).toBe('NOOP_NOT_OURS');
    }
    const asked = await run(trial, CONTRACT, 'create', { stack: 'other' });
    expect(failureOf(asked)).toEqual(failure(3, 'HOLD_CLAIMED_ELSEWHERE'));
    expect(await rows()).toBe(bound);
    await mustRun(trial, CONTRACT, 'retire');
    before = await rows();
  });
});

describe('a KG contract that somebody changed', () => {
  test('stops the open and the gate, whoever did it', async () => {
    await mustRun(trial, CONTRACT, 'create');
    const set = (mode: string) =>
      trial.tamper(
        ['public.dot_agent_api_contract'],
        `update public.dot_agent_api_contract set mode = ${mode} where dot_code = 'DOT_KG_EXPLAIN'`,
      );
    const open = () => trial.runtime.reader(['open', '--step', 'W5'], { stdin: { bins: ['dot-species-register'] } });
    await set('reverse(mode)');
    expect(failureOf(await open())).toEqual(failure(3, 'HOLD_COUNTER_DRIFT'));
    await set('reverse(mode)');
    expect((await open()).exitCode).toBe(0);
    await mustRun(trial, CONTRACT, 'retire');
    before = await rows();
  });
});
