import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import type { MockCallArgs } from '@pulumi/pulumi/runtime/index.js';
import pWaitFor from 'p-wait-for';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lookUp } from '../../components/look-ups.ts';
import { startReader } from '../../components/reader.ts';
import { CROSS_CHECKED, crossCheck, readerFailure, readLiveState } from '../../components/snapshot.ts';
import { localTransport } from '../../components/transport.ts';
import { C1Error } from '../../domain/codes.ts';
import { snapshotOf } from '../../domain/snapshot.ts';

/** What the look-ups answer in this test; a call without an answer is an error. */
const answers = new Map<string, () => Record<string, unknown>>();
const SCHEMAS = 'postgresql:index/getSchemas:getSchemas';
const TABLES = 'postgresql:index/getTables:getTables';

const [schema, table] = CROSS_CHECKED;
const present = { image: { name: 'c1' }, live: true };
const absentSnapshot = snapshotOf(CROSS_CHECKED, { rows: [], claims: [], runs: [], counts: [] });
const presentSnapshot = snapshotOf(CROSS_CHECKED, {
  rows: [schema, table].flatMap((ref) => (ref === undefined ? [] : [{ ...ref, ...present }])),
  claims: [],
  runs: [],
  counts: [],
});

beforeAll(() =>
  pulumi.runtime.setMocks({
    newResource: ({ name }) => {
      throw new Error(`unmocked resource ${name}`);
    },
    call: ({ token }: MockCallArgs) => {
      const answer = answers.get(token);
      if (answer === undefined) throw new Error(`unmocked call ${token}`);
      return answer();
    },
  }),
);

beforeEach(() => {
  answers.clear();
  answers.set(SCHEMAS, () => ({ schemas: ['public'] }));
  answers.set(TABLES, () => ({ tables: [] }));
});

test('both look at the same runtime: absent and absent, present and present', async () => {
  await crossCheck(absentSnapshot, lookUp(Promise.resolve()));
  answers.set(SCHEMAS, () => ({ schemas: ['public', 'c1'] }));
  answers.set(TABLES, () => ({ tables: [{ objectName: 'governance_canonical_operation_vocab', schemaName: 'c1' }] }));
  await crossCheck(presentSnapshot, lookUp(Promise.resolve()));
});

test('a schema that only the look-up sees is a HOLD, and so is one that only the snapshot sees', async () => {
  answers.set(SCHEMAS, () => ({ schemas: ['public', 'c1'] }));
  expect((await refusalOf(crossCheck(absentSnapshot, lookUp(Promise.resolve())))).code).toBe('HOLD_CROSS_CHECK');
  answers.set(SCHEMAS, () => ({ schemas: ['public'] }));
  expect((await refusalOf(crossCheck(presentSnapshot, lookUp(Promise.resolve())))).code).toBe('HOLD_CROSS_CHECK');
});

test('a table that only one of the two sees is a HOLD', async () => {
  answers.set(SCHEMAS, () => ({ schemas: ['public', 'c1'] }));
  const refusal = await refusalOf(crossCheck(presentSnapshot, lookUp(Promise.resolve())));
  expect(refusal).toMatchObject({ code: 'HOLD_CROSS_CHECK', seen: expect.stringContaining('table c1.governance') });
});

test('a look-up that fails is a stop, never an empty list', async () => {
  answers.set(TABLES, () => {
    throw new Error('connection refused');
  });
  expect((await refusalOf(crossCheck(absentSnapshot, lookUp(Promise.resolve())))).code).toBe('ERROR_READ_FAILED');
});

test.each([
  ['its own code', 'exit status 3\nHOLD_DRIFT: seen a, expected b. Next: c.\n', 'HOLD_DRIFT'],
  ['a shell that finds no reader', 'sh: 1: ./c1-reader: not found', 'ERROR_RUNTIME_UNREACHABLE'],
  ['nothing that we know', 'exit status 139', 'ERROR_READ_FAILED'],
  ['a code that nobody registered', 'HOLD_MADE_UP: seen a, expected b. Next: c.', 'ERROR_READ_FAILED'],
])('a reader that stops with %s stops the program', (_title, message, code) => {
  expect(readerFailure(new Error(message)).code).toBe(code);
});

describe('a reader', () => {
  let folder: string;
  const start = () => startReader({ ...localTransport, readerFolder: folder });
  const read = () => readLiveState([], { bins: [], staged: [] }, start());
  const stub = (body: string) => writeFile(join(folder, 'c1-reader'), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'c1 reader '));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('that is not there is a stop, and so is its folder', async () => {
    expect((await refusalOf(read())).code).toBe('ERROR_RUNTIME_UNREACHABLE');
    await rm(folder, { recursive: true });
    expect((await refusalOf(read())).code).toBe('ERROR_RUNTIME_UNREACHABLE');
  });

  test('that says yes and leaves no file is a stop', async () => {
    await stub('exit 0');
    expect((await refusalOf(read())).code).toBe('ERROR_READ_FAILED');
  });

  test('that is dismissed without a question ends', async () => {
    await stub('trap "echo ended > ended" EXIT; cat');
    start().dismiss();
    await pWaitFor(() => existsSync(join(folder, 'ended')));
  });

  test('that stops before it has read what it is asked says why, and one that is killed is a stop', async () => {
    await stub('echo "HOLD_DRIFT: seen a, expected b. Next: c." >&2; exit 3');
    expect(await refusalOf(read())).toMatchObject({ code: 'HOLD_DRIFT', seen: 'a', expected: 'b' });
    await stub('kill -9 $$');
    expect((await refusalOf(read())).code).toBe('ERROR_READ_FAILED');
  });
});

async function refusalOf(work: Promise<unknown>): Promise<C1Error> {
  const error = await work.then(
    () => new Error('accepted'),
    (cause: unknown) => cause,
  );
  if (error instanceof C1Error) return error;
  throw error;
}
