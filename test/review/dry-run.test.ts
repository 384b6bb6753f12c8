import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { C1Error } from '../../domain/codes.ts';
import type { Authorization } from '../../domain/dry-run-authorization.ts';
import { readEnvelope, sealWith } from '../../domain/evidence/envelope.ts';
import { DRY_RUN_ENVELOPE, DRY_RUN_KIND, DRY_RUN_SCHEMA } from '../../domain/evidence/statement.ts';
import { STAGING_LABELS } from '../../domain/label.ts';
import { PREFLIGHT_CHECKS } from '../../domain/readiness/preflight.ts';
import { type DryRunDocument, dryRunDocument, sayingOf } from '../../review/dry-run/document.ts';
import { dryRunPackageOf } from '../../review/dry-run/package.ts';
import { ACTS, type DryRunOrder, type Performed, perform } from '../../review/dry-run/sequence.ts';
import { verifyDryRun } from '../../review/dry-run/verify.ts';
import { writePackage } from '../../review/evidence/package.ts';
import { documentOf, keyPair, STACK, scratchFolder } from './support/evidence.ts';

const HASH = 'b'.repeat(64);
const DIGEST = 'e'.repeat(64);
const key = keyPair();
const scratch = scratchFolder();
afterAll(() => scratch.dispose());

const statement = (kind: Authorization['statement']['kind'], changes: object = {}): Authorization => ({
  statement: {
    ...{ kind, evidence_digest: DIGEST, signer: kind, expires_at: '2099-01-01T00:00:00Z', stack: STACK },
    ...changes,
  },
  signature: 'of a test',
});
const authorizations = [statement('reviewer_confirmation'), statement('owner_authorization')];

/** What each bin answers while all is well. */
const GOOD: Readonly<Record<string, object>> = {
  'dot-c1-preflight': {
    checks: PREFLIGHT_CHECKS.map(({ number, name }) => ({ number, name, ok: true, expected: 'e', seen: 's' })),
  },
  'dot-c1-vocab-build': {
    ...{ mode: 'DRY_RUN', operations: 14, manifest_hash: HASH, agreeing: 3, seal: 'WITHHELD_DRY_RUN' },
    ...{ computations: { node: HASH, postgresql: HASH, sha256sum: HASH }, rows_before: 0, rows_after: 0 },
    ...{ auth_code: 'GBA-C1-X', writes_db: false, write_obs: false },
  },
  'dot-c1-vocab-verify': { auth_code: 'GBA-C1-X', checks: 32 },
  'dot-c1-bad-input-harness': {
    unmoved: 26,
    cases: documentOf().bad_inputs,
  },
  'dot-c1-evidence-readback': documentOf().readback,
};
const REFUSALS: Readonly<Record<string, string>> = {
  consumed: 'REJECT_AUTH_ALREADY_CONSUMED: seen a used grant, expected one. Next: none.',
  'real run': 'C1_PROD_REAL_RUN_BLOCKED: seen REAL_RUN, expected none. Next: none.',
};

let folder: string;
let order: DryRunOrder;
beforeEach(() => {
  folder = path.join(scratch.root, `bins-${Math.random()}`);
  mkdirSync(folder);
  for (const [bin, readback] of Object.entries(GOOD)) answers(bin, readback);
  const { order: declared } = documentOf();
  order = { folder, manifest: 'manifest.json', evidence: { order: declared, manifest_sha256: HASH }, authorizations };
});

/** A bin that says so; the second use of the grant and a REAL_RUN are refused, unless `open` says otherwise. */
function answers(bin: string, readback: object, open = ''): void {
  writeFileSync(path.join(folder, `${bin}.json`), JSON.stringify({ code: 'OK_READ', readback }));
  const refuse = (what: string) => (open === what ? 'true' : `{ echo '${REFUSALS[what]}' >&2; exit 4; }`);
  const file = path.join(folder, bin);
  writeFileSync(
    file,
    `#!/bin/sh
case "$*" in
  *REAL_RUN*) ${refuse('real run')};;
  *--consume*) if [ -e used ]; then ${refuse('consumed')}; fi; touch used;;
esac
cat ${bin}.json
`,
  );
  chmodSync(file, 0o755);
}

const outcomes = async () => (await perform(order, () => undefined)).checks.map(({ outcome }) => outcome);

test('every part passes in its order, each of something, and what was found is kept', async () => {
  const said: string[] = [];
  const { checks, found, failure } = await perform(order, (name) => said.push(name));
  expect(failure).toBe(null);
  expect(said).toEqual(ACTS.map(({ name }) => name));
  expect(checks.every(({ outcome, checked }) => outcome === 'passed' && checked > 0)).toBe(true);
  expect(found).toMatchObject({ build: { operations: 14 }, bad_inputs: { length: 24 } });
});

test.each<readonly [string, number, string, () => void]>([
  ['a preflight of seven', 0, 'HOLD_PREFLIGHT_NOT_READY', () => answers('dot-c1-preflight', { checks: sevenOf(8) })],
  ['13 operations', 1, 'ERROR_READ_FAILED', () => answers('dot-c1-vocab-build', { ...builds(), operations: 13 })],
  ['a seal', 1, 'ERROR_READ_FAILED', () => answers('dot-c1-vocab-build', { ...builds(), seal: 'sealed' })],
  ['a row afterwards', 1, 'ERROR_READ_FAILED', () => answers('dot-c1-vocab-build', { ...builds(), rows_after: 1 })],
  [
    'another manifest than the evidence has',
    1,
    'HOLD_MANIFEST_HASH_UNEXPECTED',
    () => answers('dot-c1-vocab-build', { ...builds(), manifest_hash: 'c'.repeat(64) }),
  ],
  [
    'a grant that was used before',
    2,
    'REJECT_AUTH_ALREADY_CONSUMED',
    () => writeFileSync(path.join(folder, 'used'), ''),
  ],
  [
    'a grant that is used twice',
    3,
    'HOLD_COUNTER_DRIFT',
    () => answers('dot-c1-vocab-verify', GOOD['dot-c1-vocab-verify'] ?? {}, 'consumed'),
  ],
  [
    'a harness of 23',
    4,
    'HOLD_BAD_INPUT_HARNESS',
    () => answers('dot-c1-bad-input-harness', { unmoved: 26, cases: casesOf().slice(1) }),
  ],
  ['a REAL_RUN that is taken', 5, 'HOLD_COUNTER_DRIFT', () => answers('dot-c1-vocab-build', builds(), 'real run')],
  ['a readback of another shape', 6, 'ERROR_READ_FAILED', () => answers('dot-c1-evidence-readback', { schema: 'x' })],
])('%s fails its part, and nothing after it is executed', async (_, at, code, spoil) => {
  expect(new Set(await outcomes())).toEqual(new Set(['passed']));
  rmSync(path.join(folder, 'used'));
  spoil();
  const { checks, failure } = await perform(order, () => undefined);
  expect(failure?.code).toBe(code);
  expect(checks.map(({ outcome }) => outcome)).toEqual(
    ACTS.map((_act, place) => (place < at ? 'passed' : place === at ? 'failed' : 'not executed')),
  );
  expect(checks.slice(at).every(({ checked }) => checked === 0)).toBe(true);
});

test('a bin that cannot be run is named without a path of this machine', async () => {
  rmSync(path.join(folder, 'dot-c1-preflight'));
  const { checks, failure } = await perform(order, () => undefined);
  expect(failure?.code).toBe('ERROR_READ_FAILED');
  expect(checks[0]?.seen).toMatch(/dot-c1-preflight: a program that cannot be run \(ENOENT\)/);
  expect(JSON.stringify(checks)).not.toContain(folder);
});

const builds = () => GOOD['dot-c1-vocab-build'] ?? {};
const casesOf = () => (GOOD['dot-c1-bad-input-harness'] as { cases: readonly object[] }).cases;
const sevenOf = (number: number) =>
  (GOOD['dot-c1-preflight'] as { checks: readonly { number: number }[] }).checks.map((check) =>
    check.number === number ? { ...check, ok: false } : check,
  );

/** What its parts do not bear out. */
const UNBORNE: readonly (readonly [string, (document: DryRunDocument) => DryRunDocument])[] = [
  ['one part alone', (of) => ({ ...of, checks: of.checks.slice(0, 1) })],
  ['a part left out', (of) => ({ ...of, checks: of.checks.filter(({ name }) => name !== 'grant used again') })],
  ['a pass of authority on staging', (of) => ({ ...of, result: { ...of.result, authority: 'PASS' as const } })],
  ['a verdict of a governed host', (of) => ({ ...of, verdict: 'GOVERNED_C1_DRYRUN_EXECUTED' })],
  ['no label', (of) => ({ ...of, ...sayingOf({ ...of, label: [] }, 'none'), label: [] })],
  ['a dry run that left nothing', (of) => ({ ...of, build: null })],
  ['a dry run for another grant', (of) => ({ ...of, build: of.build && { ...of.build, auth_code: 'GBA-C1-Y' } })],
  [
    'another hash by one computation',
    (of) => ({
      ...of,
      build: of.build && { ...of.build, computations: { ...of.build.computations, node: DIGEST } },
    }),
  ],
  ['23 bad inputs', (of) => ({ ...of, bad_inputs: of.bad_inputs.slice(1) })],
  ['no readback', (of) => ({ ...of, readback: null })],
  [
    'a grant that is still there',
    (of) => ({
      ...of,
      readback: of.readback && { ...of.readback, grants: [{ auth_code: 'GBA-C1-X', status: 'active' }] },
    }),
  ],
  [
    'an open gate',
    (of) => ({
      ...of,
      readback: of.readback && { ...of.readback, gates: { ...of.readback.gates, execute_enabled: true } },
    }),
  ],
  [
    'a part that passed after one that failed',
    (of) => ({
      ...of,
      ...sayingOf({ ...of, checks: [] }, 'HOLD_DRIFT'),
      checks: of.checks.map((one, at) => (at === 0 ? { ...one, outcome: 'failed' as const, checked: 0 } : one)),
    }),
  ],
  [
    'a stop by what is no stop',
    (of) => ({
      ...of,
      ...sayingOf({ ...of, checks: [] }, 'GOVERNED_C1_DRYRUN_EXECUTED'),
      checks: of.checks.map((one) => ({ ...one, outcome: 'not executed' as const, checked: 0 })),
    }),
  ],
];

test('whatever part it ends in, what was kept before says that nothing is known of it', async () => {
  const kept: Performed[] = [];
  await perform(
    order,
    () => undefined,
    (soFar) => kept.push(soFar),
  );
  expect(kept).toHaveLength(ACTS.length);
  for (const [at, soFar] of kept.entries()) {
    const document = documentWith(soFar);
    expect(document).toMatchObject({ verdict: 'HOLD_OUTCOME_UNKNOWN', result: { engineering: 'HOLD' } });
    expect(document.checks.map(({ outcome }) => outcome)).toEqual(
      ACTS.map((_act, place) => (place < at ? 'passed' : 'not executed')),
    );
    const said = refusal(() => verifyDryRun(write(document), options()));
    expect(said).toContain(`HOLD_EVIDENCE_INCOMPLETE: seen ${ACTS[at]?.name}: not executed`);
  }
});

describe('the package of a dry run', () => {
  test('is whole, says what it is of, and what nobody asked is no pass', async () => {
    const { statement: said, verified } = verifyDryRun(write(await document()), options());
    expect(said.predicate).toMatchObject({
      verdict: 'REHEARSAL GOVERNED_C1_DRYRUN_EXECUTED',
      result: { engineering: 'PASS', authority: 'NOT PASS' },
      checks: { passed: ACTS.length, failed: 0, not_executed: 0 },
    });
    expect(verified.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['signature', 'passed'],
      ['files', 'passed'],
      ['statements', 'passed'],
      ['signers', 'not executed'],
      ['stack', 'passed'],
      ['checks', 'passed'],
    ]);
  });

  test('of a run that was stopped is a HOLD that names the part, and is kept all the same', async () => {
    answers('dot-c1-preflight', { checks: sevenOf(3) });
    const stopped = await document();
    expect(stopped).toMatchObject({ verdict: 'HOLD_PREFLIGHT_NOT_READY', result: { engineering: 'HOLD' } });
    expect(refusal(() => verifyDryRun(write(stopped), options()))).toMatch(/^HOLD_EVIDENCE_INCOMPLETE: seen preflight/);
  });

  test.each<readonly [string, string, (document: DryRunDocument) => DryRunDocument]>([
    [
      'a pass of engineering that its checks do not bear out',
      'REJECT_EVIDENCE_ALTERED',
      (of) => ({
        ...of,
        checks: of.checks.map((one, at) => (at === 6 ? { ...one, outcome: 'failed' as const } : one)),
      }),
    ],
    [
      'statements over other evidence',
      'HOLD_DRYRUN_NOT_AUTHORIZED',
      (of) => ({ ...of, evidence_digest: 'f'.repeat(64) }),
    ],
    [
      'a statement that was over when it began',
      'HOLD_DRYRUN_NOT_AUTHORIZED',
      (of) => ({ ...of, began_at: '2100-01-01T00:00:00Z' }),
    ],
    ...UNBORNE.map(([name, change]) => [name, 'REJECT_EVIDENCE_ALTERED', change] as const),
    ['another stack', 'REJECT_EVIDENCE_OTHER_STACK', (of) => ofStack(of, 'elsewhere')],
  ])('with %s is refused, however well it is signed', async (_, code, change) => {
    const whole = await document();
    expect(refusal(() => verifyDryRun(write(change(whole)), options()))).toMatch(new RegExp(`^${code}: seen `));
    expect(refusal(() => verifyDryRun(write(whole), options()))).toBe('accepted');
  });

  test('with a byte changed, a file added or taken away, or signed by a stranger is refused', async () => {
    const whole = await document();
    const at = (name: string, work: (file: string) => void) => {
      const place = write(whole);
      work(path.join(place, name));
      return refusal(() => verifyDryRun(place, options())).replace(/:.*/s, '');
    };
    expect([
      at('dry-run.html', (file) => writeFileSync(file, `${readFileSync(file, 'utf8')} `)),
      at('dry-run.json', (file) => rmSync(file)),
      at('more.txt', (file) => writeFileSync(file, '')),
      refusal(() => verifyDryRun(write(whole), { ...options(), keys: [keyPair().verify] })).replace(/:.*/s, ''),
    ]).toEqual([
      'REJECT_EVIDENCE_ALTERED',
      'REJECT_EVIDENCE_FILE_MISSING',
      'REJECT_EVIDENCE_FILE_ADDED',
      'REJECT_UNKNOWN_SIGNER',
    ]);
  });

  test('whose statement says something else than its document is refused', async () => {
    const place = write(await document());
    const file = path.join(place, DRY_RUN_ENVELOPE);
    const { statement: said } = readEnvelope(readFileSync(file), DRY_RUN_KIND);
    const other = { ...said, predicate: { ...said.predicate, auth_code: 'GBA-C1-Y' } };
    writeFileSync(file, sealWith(other, key.privateKey));
    expect(refusal(() => verifyDryRun(place, options()))).toMatch(/^REJECT_EVIDENCE_ALTERED/);
  });
});

const options = () => ({ keys: [key.verify], stack: STACK, signers: null });

const ofStack = (of: DryRunDocument, stack: string): DryRunDocument => ({
  ...{ ...of, stack },
  readback: of.readback && { ...of.readback, baseline: { ...of.readback.baseline, stack } },
  authorizations: [statement('reviewer_confirmation', { stack }), statement('owner_authorization', { stack })],
});

async function document(): Promise<DryRunDocument> {
  const { checks, found, failure } = await perform(order, () => undefined);
  return documentWith({ checks, found, failure });
}

function documentWith({ checks, found, failure }: Performed): DryRunDocument {
  const label = [...STAGING_LABELS];
  return dryRunDocument.parse({
    ...{ schema: DRY_RUN_SCHEMA, label, stack: STACK, checks },
    ...sayingOf({ label, checks: [...checks] }, failure?.code ?? 'none'),
    ...{ evidence_digest: DIGEST, authorizations, auth_code: 'GBA-C1-X' },
    ...{ began_at: '2026-06-23T10:00:00Z', ended_at: '2026-06-23T10:00:05Z' },
    ...{ build: null, bad_inputs: [], readback: null, ...found },
  });
}

let packages = 0;
function write(of: DryRunDocument): string {
  const place = path.join(scratch.root, `dry-run-${packages++}`);
  writePackage(place, dryRunPackageOf(of, key.privateKey));
  return place;
}

function refusal(work: () => unknown): string {
  try {
    work();
    return 'accepted';
  } catch (cause) {
    if (cause instanceof C1Error) return cause.message;
    throw cause;
  }
}
