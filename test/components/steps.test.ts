import * as pulumi from '@pulumi/pulumi';
import type { MockCallArgs, MockResourceArgs } from '@pulumi/pulumi/runtime/index.js';
import { beforeAll, expect, test } from 'vitest';
import { declareSteps } from '../../components/declare.ts';
import { readPayloadFiles, readPlannedDeltas } from '../../components/input-files.ts';
import { localTransport } from '../../components/transport.ts';
import { digestOf } from '../../domain/canonical.ts';
import type { EvidenceOrder } from '../../domain/evidence/order.ts';
import { EVIDENCE_PACKAGE } from '../../domain/evidence/record.ts';
import { LAST_STEP, refsOf, stepsThrough } from '../../domain/program.ts';
import { occasionOf } from '../../domain/readiness/occasion.ts';
import { blankBinding, blankBuild } from '../../domain/release.ts';
import { snapshotOf } from '../../domain/snapshot.ts';
import { STEP_IDS } from '../../domain/steps/step.ts';

interface Recorded {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Records every resource; a call that no test expects is an error. */
const recorded: Recorded[] = [];

beforeAll(async () => {
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }: MockResourceArgs) => {
        recorded.push({ type, name, inputs });
        return { id: `${name}-id`, state: { ...inputs, stdout: '{}' } };
      },
      call: ({ token }: MockCallArgs) => {
        throw new Error(`unmocked call ${token}`);
      },
    },
    'c1',
    'dryrun',
    false,
  );
  const planned = await readPlannedDeltas('planned-deltas.yaml');
  const steps = stepsThrough(LAST_STEP, { ...readPayloadFiles('payloads'), ...blankBuild(), planned });
  const nothing = snapshotOf(refsOf(steps), { rows: [], claims: [], runs: [], counts: [] });
  const declared = declareSteps(steps, planned, localTransport, { snapshot: nothing, approvals: 'none' });
  await Promise.all(
    [...declared, ...declared.flatMap(({ rows }) => rows)].map(
      ({ outcome }) => new Promise((resolve) => outcome.apply(resolve)),
    ),
  );
});

/** What W8 asks: it governs no row, and nothing is left of it. */
const LOOKS = ['preflight', 'bad-inputs', 'readback', EVIDENCE_PACKAGE];

const commands = () => recorded.filter(({ type }) => type === 'command:local:Command');

test('every row component has exactly one child command of its name', () => {
  const rows = recorded.filter(({ type }) => type.startsWith('c1:') && !type.startsWith('c1:step:'));
  expect(rows.length).toBe(1 + 2 + 1 + 2 + 25 + 7 + 10 + 2 + 1 + 3 + 1);
  const names = commands().map(({ name }) => name);
  for (const { name } of rows) expect(names.filter((other) => other === name)).toHaveLength(1);
});

test('every command has create, the same update, and delete, and nothing that breaks a plan', () => {
  expect(commands().length).toBe(55 + 2 + LOOKS.length + STEP_IDS.length * 2);
  for (const { name, inputs } of commands()) {
    expect(inputs, name).toMatchObject({ logging: 'none', addPreviousOutputInEnv: false, update: inputs.create });
    expect(inputs.create, name).toMatch(/^\.\/(dot-[a-z0-9-]+ |c1-reader |c1-rehearse |c1-evidence$|executor-deploy )/);
    if (LOOKS.includes(name)) expect(inputs, name).not.toHaveProperty('delete');
    else expect(inputs.delete, name).toMatch(/^\.\/(dot-[a-z0-9-]+|c1-reader|executor-deploy) /);
    expect(Object.keys(inputs)).not.toContain('triggers');
    expect(Object.keys(inputs)).not.toContain('environment');
    // A path of the governed host inside a payload is data.
    expect(JSON.stringify(inputs).replaceAll('/opt/incomex/', ''), name).not.toMatch(/"(\/|[A-Za-z]:\\)/);
    expect(inputs.dir, name).toMatch(/^\.c1\//);
  }
});

test('every DOT command names its step and who owns the row', () => {
  const dots = commands().filter(
    ({ name, inputs }) => String(inputs.create).startsWith('./dot-') && !LOOKS.includes(name),
  );
  for (const { name, inputs } of dots) {
    const owner = name.startsWith('catalogue-') ? 'catalogue' : name;
    expect(inputs.create).toMatch(
      new RegExp(
        ` --step (BASELINE|H1|H4|W1|W2|W3|W4|W5|W6|W7|W9) .*--for dryrun/${owner}$|--step BASELINE --for dryrun/${owner}$`,
      ),
    );
    expect(inputs.delete).toMatch(new RegExp(`--for dryrun/${owner}$`));
  }
});

test('the catalogue is two resources under one name: the last to go releases the row, the first to go only looks', () => {
  const [ensure, sync] = ['catalogue-ensure', 'catalogue-sync'].map((name) =>
    commands().find((command) => command.name === name),
  );
  expect(ensure?.inputs.delete).toBe(
    './dot-catalog-sync --cloud --step W4 --code CAT-006 --retire --for dryrun/catalogue',
  );
  expect(sync?.inputs.delete).toBe(
    './dot-catalog-sync --cloud --step W4 --code CAT-006 --retire --dry-run --for dryrun/catalogue',
  );
});

test('the gate of H2 asks the deployed dot-apr-execute, in a step that has no row', () => {
  const asking = commands().filter(({ inputs }) => String(inputs.stdin).includes('"checks":["handler"]'));
  expect(asking.map(({ name }) => name)).toEqual(['h2-gate']);
  expect(recorded.filter(({ name }) => /^h2-/.test(name)).map(({ name }) => name)).toEqual(['h2-open', 'h2-gate']);
});

test('a rehearsal is one command between open and gate, which is asked anew with it; its delete only reads', () => {
  const tried = commands().filter(({ inputs }) => String(inputs.create).startsWith('./c1-rehearse'));
  expect(tried.map(({ name, inputs }) => [name, inputs.create, inputs.delete])).toEqual([
    ['h3-rehearsal', './c1-rehearse --step H3', './c1-reader retired --step H3'],
    ['h6-rehearsal', './c1-rehearse --step H6', './c1-reader retired --step H6'],
  ]);
  for (const { inputs } of tried) {
    expect(Object.keys(JSON.parse(String(inputs.stdin)))).toEqual(['fixtures', 'handler', 'issuer']);
  }
});

test('the gate of W1 and the open of W4 ask the deployed registrar what is new', () => {
  const asking = commands().filter(({ inputs }) => String(inputs.stdin).includes('"checks":["registrar"]'));
  expect(asking.map(({ name }) => name)).toEqual(['w1-gate', 'w4-open']);
});

test('the gate of each step with rows is asked anew when one of them is; the others have none to go by', () => {
  const gates = commands().filter(({ name }) => name.endsWith('-gate'));
  const digests = gates.map(({ inputs }) => JSON.parse(String(inputs.stdin)).rows);
  expect(gates.filter((_, at) => digests[at] === undefined).map(({ name }) => name)).toEqual([
    'h2-gate',
    'prewrite-gate',
  ]);
  const known = digests.filter((digest) => digest !== undefined);
  expect(new Set(known).size).toBe(known.length);
});

const ONE = { generation: 1, evidence: 1 };

test('W8 asks in order, and asks anew when a definition or the generation of the grant is another', async () => {
  const asked = commands().filter(({ name }) => LOOKS.includes(name) && name !== EVIDENCE_PACKAGE);
  expect(asked.map(({ inputs }) => inputs.create)).toEqual([
    './dot-c1-preflight --cloud',
    './dot-c1-bad-input-harness --cloud',
    './dot-c1-evidence-readback --cloud',
  ]);
  const planned = (JSON.parse(String(asked.at(-1)?.inputs.stdin)) as { planned: object }).planned;
  expect(Object.keys(planned)).toEqual(STEP_IDS.slice(0, -2));
  expect(planned).toMatchObject({ PREWRITE: {}, W3: { collection_registry: 1 }, W4: { dot_tools: 8, dot_ledger: 9 } });
  const steps = (generation: number, evidence = 1) =>
    stepsThrough('W8', {
      ...readPayloadFiles('payloads'),
      ...blankBuild(),
      binding: blankBinding({ generation, evidence }),
    });
  const request = (made: ReturnType<typeof steps>) => made.at(-1)?.commands?.map((one) => digestOf(one.request)) ?? [];
  const own = request(steps(1));
  expect(own).toEqual(request(steps(1)));
  expect(new Set(own).size).toBe(2);
  expect(request(steps(2))).not.toEqual(own);
  // Asked anew by hand: no definition is another, and W7 is asked for the same grant.
  const again = steps(1, 2);
  expect(request(again).filter((one) => own.includes(one))).toEqual([]);
  expect(JSON.stringify(again.at(-2))).toBe(JSON.stringify(steps(1).at(-2)));
  const other = steps(1).map((step) => (step.id === 'W3' ? { ...step, goal: 'another' } : step));
  expect(occasionOf(other, ONE).definitions.W3).not.toBe(occasionOf(steps(1), ONE).definitions.W3);
  expect(Object.keys(occasionOf(steps(1).slice(0, -1), ONE).definitions)).toEqual(STEP_IDS.slice(0, -2));
});

test('W9 makes the package before the row that enters it, of every step before it; its gate asks for HALT', () => {
  const made = commands().find(({ name }) => name === EVIDENCE_PACKAGE);
  const names = commands().map(({ name }) => name);
  expect(names.indexOf(EVIDENCE_PACKAGE)).toBeLessThan(names.indexOf('evidence'));
  expect(made?.inputs).toMatchObject({ create: './c1-evidence', dir: '.c1/bin' });
  const order = JSON.parse(String(made?.inputs.stdin)) as EvidenceOrder;
  expect(order.steps.map(({ id }) => id)).toEqual(STEP_IDS.slice(0, -1));
  expect(Object.keys(order.proven_for.definitions)).toEqual(STEP_IDS.slice(0, -1).toSorted());
  const entered = JSON.parse(String(commands().find(({ name }) => name === 'evidence')?.inputs.stdin));
  expect(entered.body.proven_for).toEqual(order.proven_for);
  const gate = commands().find(({ name }) => name === 'w9-gate');
  expect(JSON.parse(String(gate?.inputs.stdin))).toMatchObject({
    checks: ['evidence'],
    expected: { kb_document: 1, dot_ledger: 1 },
  });
});

test('a row shows its whole row, with what only the runtime can make as <generated>', () => {
  const registry = recorded.find(({ type }) => type === 'c1:registry:CollectionRegistryRow');
  expect(registry?.inputs).toMatchObject({
    collection: 'governance_canonical_operation_vocab',
    migration_state: 'pilot',
    code: '<generated>',
  });
});
