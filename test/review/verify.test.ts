import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../domain/canonical.ts';
import { readEnvelope, sealWith } from '../../domain/evidence/envelope.ts';
import { EVIDENCE_ENVELOPE, EVIDENCE_KIND, type EvidenceStatement } from '../../domain/evidence/statement.ts';
import { packageDigest } from '../../dots/evidence/folder.ts';
import { sayingsOf } from '../../review/evidence/borne-out.ts';
import { type EvidenceDocument, evidenceDocument } from '../../review/evidence/document.ts';
import { documentBytes } from '../../review/evidence/package.ts';
import { stackStateOf } from '../../review/evidence/stack-state.ts';
import { type Verification, verifyPackage } from '../../review/evidence/verify.ts';
import { chainOf, codeOf, documentOf, exportOf, keyPair, STACK, scratchFolder } from './support/evidence.ts';

const owner = keyPair();
const other = keyPair();
const scratch = scratchFolder();
afterAll(() => scratch.dispose());

function verify(folder: string, options: Partial<Parameters<typeof verifyPackage>[1]> = {}): Verification {
  return verifyPackage(folder, { keys: [owner.verify], stack: null, state: null, ...options });
}

const CHECKS = documentOf().checks.length;

const member = (folder: string, name: string) => path.join(folder, name);
const digestOfPackage = (folder: string) => packageDigest(readFileSync(member(folder, EVIDENCE_ENVELOPE)));

/** The package with another statement, signed by whoever can. */
function reseal(folder: string, change: (statement: EvidenceStatement) => EvidenceStatement, keys = owner): void {
  const file = member(folder, EVIDENCE_ENVELOPE);
  const { statement } = readEnvelope(readFileSync(file), EVIDENCE_KIND);
  writeFileSync(file, sealWith(change(statement), keys.privateKey));
}

/** The document changed, and signed as it is then. */
function redo(folder: string, change: (document: EvidenceDocument) => EvidenceDocument): void {
  const file = member(folder, 'evidence.json');
  const bytes = documentBytes(change(evidenceDocument.parse(JSON.parse(readFileSync(file, 'utf8')))));
  writeFileSync(file, bytes);
  reseal(folder, (statement) => ({
    ...statement,
    subject: statement.subject.map((one) =>
      one.name === 'evidence.json' ? { ...one, digest: { sha256: sha256Hex(bytes) } } : one,
    ),
  }));
}

describe('a package as it was written', () => {
  test('is accepted, and says how much was checked and what was not', () => {
    const { signer, statement, verified } = verify(scratch.package(owner));
    expect(signer).toBe(owner.verify.keyid);
    expect(statement.predicate).toMatchObject({ stack: STACK, checks: { passed: CHECKS } });
    const counts = verified.map(({ name, outcome, checked }) => [name, outcome, checked]);
    expect(counts).toEqual([
      ['signature', 'passed', 1],
      ['files', 'passed', 3],
      ['checks', 'passed', CHECKS],
      ['handbook chain', 'passed', 2],
      ['manifest', 'passed', 14],
      ['stack', 'not executed', 0],
      ['state', 'not executed', 0],
    ]);
  });

  test('is the same bytes when it is written again', () => {
    const [one, two] = [scratch.package(owner), scratch.package(owner)];
    expect(digestOfPackage(one)).toBe(digestOfPackage(two));
  });
});

describe('a package that was touched', () => {
  test.each(['evidence.json', 'manifest.json', 'evidence.html'])(
    'is refused when one byte of %s is another',
    (name) => {
      const folder = scratch.package(owner);
      const bytes = readFileSync(member(folder, name));
      const kept = Buffer.from(bytes);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      writeFileSync(member(folder, name), bytes);
      expect(codeOf(() => verify(folder))).toBe('REJECT_EVIDENCE_ALTERED');
      writeFileSync(member(folder, name), kept);
      expect(codeOf(() => verify(folder))).toBe('accepted');
    },
  );

  test.each(['evidence.json', 'manifest.json', 'evidence.html', EVIDENCE_ENVELOPE])('is refused without %s', (name) => {
    const folder = scratch.package(owner);
    const kept = readFileSync(member(folder, name));
    rmSync(member(folder, name));
    expect(codeOf(() => verify(folder))).toBe('REJECT_EVIDENCE_FILE_MISSING');
    writeFileSync(member(folder, name), kept);
    expect(codeOf(() => verify(folder))).toBe('accepted');
  });

  test('is refused with a file, a hidden file or a folder more', () => {
    const folder = scratch.package(owner);
    for (const name of ['more.json', '.hidden']) {
      writeFileSync(member(folder, name), '');
      expect(codeOf(() => verify(folder))).toBe('REJECT_EVIDENCE_FILE_ADDED');
      rmSync(member(folder, name));
    }
    mkdirSync(member(folder, 'more'));
    expect(codeOf(() => verify(folder))).toBe('REJECT_EVIDENCE_FILE_ADDED');
    rmSync(member(folder, 'more'), { recursive: true });
    expect(codeOf(() => verify(folder))).toBe('accepted');
  });

  test('is refused when a file is only a link to one', () => {
    const folder = scratch.package(owner);
    const kept = member(scratch.root, 'elsewhere.json');
    writeFileSync(kept, readFileSync(member(folder, 'manifest.json')));
    rmSync(member(folder, 'manifest.json'));
    symlinkSync(kept, member(folder, 'manifest.json'));
    expect(codeOf(() => verify(folder))).toBe('REJECT_EVIDENCE_FILE_MISSING');
  });

  test('is refused when its statement names a file outside of the folder', () => {
    const folder = scratch.package(owner);
    const outside = { name: '../elsewhere.json', digest: { sha256: sha256Hex('') } };
    reseal(folder, (statement) => ({ ...statement, subject: [...statement.subject, outside] }));
    expect(codeOf(() => verify(folder))).toBe('REJECT_EVIDENCE_MALFORMED');
  });

  test('is refused when what was signed is another word', () => {
    const folder = scratch.package(owner);
    const file = member(folder, EVIDENCE_ENVELOPE);
    const envelope = JSON.parse(readFileSync(file, 'utf8'));
    const payload = Buffer.from(envelope.payload, 'base64').toString('utf8').replace('REHEARSAL GOV', 'GOVERNED  GOV');
    writeFileSync(file, `${JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') })}\n`);
    expect(codeOf(() => verify(folder))).toBe('REJECT_EVIDENCE_ALTERED');
    writeFileSync(file, `${JSON.stringify(envelope)}\n`);
    expect(codeOf(() => verify(folder))).toBe('accepted');
  });

  test.each([
    ['nothing', ''],
    ['no JSON', 'evidence'],
    ['another type', JSON.stringify({ payloadType: 'text/plain', payload: 'eA==', signatures: [] })],
    ['a key twice', '{"payloadType":"application/vnd.in-toto+json","payloadType":"x"}'],
  ])('is refused when its envelope is %s', (_, text) => {
    const folder = scratch.package(owner);
    writeFileSync(member(folder, EVIDENCE_ENVELOPE), text);
    expect(codeOf(() => verify(folder))).toBe('REJECT_EVIDENCE_MALFORMED');
  });

  test('is refused with any byte of its envelope changed, and with the same envelope written otherwise', () => {
    const folder = scratch.package(owner);
    const file = member(folder, EVIDENCE_ENVELOPE);
    const whole = readFileSync(file);
    const { payloadType, payload, signatures } = JSON.parse(whole.toString('utf8'));
    // The last letters of a signature have bits that no byte is made of.
    const [{ keyid, sig }] = signatures;
    const twin = String.fromCharCode(sig.charCodeAt(85) + 1);
    const others = [
      ...Array.from(whole, (byte, at) => Buffer.from(whole).fill(byte ^ 1, at, at + 1)),
      ...['', ' \n', '\n\n'].map((end) => Buffer.from(whole.toString('utf8').trimEnd() + end)),
      Buffer.from(`${JSON.stringify({ signatures, payload, payloadType })}\n`),
      Buffer.from(whole.toString('utf8').replace(sig, `${sig.slice(0, 85)}${twin}==`)),
      Buffer.from(whole.toString('utf8').replace(keyid, `${keyid}x`)),
    ];
    const accepted = others.filter((bytes) => {
      writeFileSync(file, bytes);
      return codeOf(() => verify(folder)) === 'accepted';
    });
    expect([others.length > 1_000, accepted.map((bytes) => bytes.toString('utf8'))]).toEqual([true, []]);
    writeFileSync(file, whole);
    expect(codeOf(() => verify(folder))).toBe('accepted');
  });

  test('is refused when its document has another shape, whoever signed it', () => {
    const folder = scratch.package(owner);
    redo(folder, (document) => ({ ...document, more: 1 }) as unknown as EvidenceDocument);
    expect(codeOf(() => verify(folder))).toBe('REJECT_EVIDENCE_MALFORMED');
  });

  test('is refused when its statement says something else than its document', () => {
    const folder = scratch.package(owner);
    reseal(folder, (statement) => ({
      ...statement,
      predicate: { ...statement.predicate, verdict: 'GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION' },
    }));
    expect(codeOf(() => verify(folder))).toBe('REJECT_EVIDENCE_ALTERED');
  });

  test('is refused when an entry of the handbook does not follow from what it says', () => {
    const folder = scratch.package(owner);
    redo(folder, (document) => {
      const [first, ...rest] = document.readback.ledger.chain;
      const chain = first === undefined ? [] : [{ ...first, subject: 'species/other' }, ...rest];
      return { ...document, readback: { ...document.readback, ledger: { ...document.readback.ledger, chain } } };
    });
    expect(codeOf(() => verify(folder))).toBe('REJECT_EVIDENCE_ALTERED');
  });
});

describe('a pass that what it holds does not bear out is refused, however well it is signed', () => {
  const whole = documentOf();
  const { readback, checks, preflight, bad_inputs, order, result } = whole;
  const { ledger, manifest } = readback;
  const read = (changes: Partial<EvidenceDocument['readback']>) => ({ readback: { ...readback, ...changes } });

  test.each<readonly [string, Partial<EvidenceDocument>]>([
    ['a check left out', { checks: checks.slice(1) }],
    ['one check alone', { checks: checks.slice(0, 1) }],
    ['a count that is not its own', { checks: checks.map((one, at) => (at === 1 ? { ...one, checked: 25 } : one)) }],
    ['a preflight of seven', { preflight: preflight.slice(1) }],
    ['a preflight that failed', { preflight: preflight.map((one) => ({ ...one, ok: one.number !== 5 })) }],
    ['23 bad inputs', { bad_inputs: bad_inputs.slice(1) }],
    ['a bad input with another code', { bad_inputs: bad_inputs.map((one) => ({ ...one, code: 'REJECT_NO_GRANT' })) }],
    ['a bad input that was never sent', { bad_inputs: bad_inputs.map((one) => ({ ...one, refused: 0 })) }],
    ['a handbook cut short', read({ ledger: { ...ledger, chain: ledger.chain.slice(0, 1) } })],
    ['an open gate', read({ gates: { ...readback.gates, execute_enabled: true } })],
    ['a surface off its plan', read({ surfaces: readback.surfaces.map((one) => ({ ...one, observed: 316 })) })],
    ['no plan', read({ steps: readback.steps.map((one) => ({ ...one, planned: null })) })],
    ['another plan', { order: { ...order, planned: { W4: { dot_tools: 7 } } } }],
    ['a DOT without its life', read({ lifecycle: { ...readback.lifecycle, dots: readback.lifecycle.dots.slice(1) } })],
    ['a check of the readback left out', read({ checks: readback.checks.filter(({ name }) => name !== 'approvals') })],
    ['13 operations', read({ manifest: { ...manifest, operations: 13 } })],
    ['other bytes of the manifest', read({ manifest: { ...manifest, bytes: `${manifest.bytes} ` } })],
    ['another occasion', read({ proven_for: { definitions: {}, grant_generation: 1, evidence_generation: 1 } })],
    ['another label than the runtime has', { label: [] }],
    ['no label, though it is staging', { ...sayingsOf([]), label: [] }],
    ['a better verdict', { verdict: 'GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION' }],
    ['a pass of authority', { result: { ...result, authority: 'PASS' } }],
    ['a better flag', { flags: { ...whole.flags, READY_FOR_PRODUCTION: 'YES' } }],
  ])('%s', (_, changes) => {
    expect(codeOf(() => verify(scratch.package(owner, documentOf(changes))))).toBe('REJECT_EVIDENCE_ALTERED');
    expect(codeOf(() => verify(scratch.package(owner)))).toBe('accepted');
  });
});

describe('the signer', () => {
  test('is refused when he is somebody else', () => {
    const folder = scratch.package(other);
    expect(codeOf(() => verify(folder))).toBe('REJECT_UNKNOWN_SIGNER');
    expect(codeOf(() => verify(folder, { keys: [owner.verify, other.verify] }))).toBe('accepted');
  });

  test('is not who the envelope says he is', () => {
    const folder = scratch.package(other);
    const file = member(folder, EVIDENCE_ENVELOPE);
    const envelope = JSON.parse(readFileSync(file, 'utf8'));
    const [{ sig }] = envelope.signatures;
    writeFileSync(file, `${JSON.stringify({ ...envelope, signatures: [{ keyid: owner.verify.keyid, sig }] })}\n`);
    expect(codeOf(() => verify(folder))).toBe('REJECT_EVIDENCE_ALTERED');
    // Nor when whoever really signed is known as well.
    expect(codeOf(() => verify(folder, { keys: [owner.verify, other.verify] }))).toBe('REJECT_EVIDENCE_ALTERED');
    writeFileSync(file, `${JSON.stringify(envelope)}\n`);
    expect(codeOf(() => verify(folder, { keys: [owner.verify, other.verify] }))).toBe('accepted');
  });
});

describe('stack and state', () => {
  const document = documentOf();
  const [first, last] = document.readback.ledger.chain.map(({ entry_hash }) => entry_hash);
  const stateOf = (answers: Readonly<Record<string, object>>, stack = STACK) => stackStateOf(exportOf(stack, answers));

  test('of another stack is refused, by name and by state', () => {
    const folder = scratch.package(owner);
    expect(codeOf(() => verify(folder, { stack: 'other' }))).toBe('REJECT_EVIDENCE_OTHER_STACK');
    expect(codeOf(() => verify(folder, { stack: STACK }))).toBe('accepted');
    const answers = { 'w8-gate': { ledgerHead: last }, 'evidence-package': { digest: digestOfPackage(folder) } };
    expect(codeOf(() => verify(folder, { state: stateOf(answers, 'other') }))).toBe('REJECT_EVIDENCE_OTHER_STACK');
    expect(codeOf(() => verify(folder, { state: stateOf(answers) }))).toBe('accepted');
  });

  test('older than the state is refused, and so is a state that says nothing', () => {
    const folder = scratch.package(owner);
    const digest = digestOfPackage(folder);
    const newer = chainOf('a', 'b', 'c').at(-1)?.entry_hash;
    const good = { 'w1-gate': { ledgerHead: first }, 'w8-gate': { ledgerHead: last }, 'evidence-package': { digest } };
    const cases: readonly Readonly<Record<string, object>>[] = [
      { ...good, 'w7-gate': { ledgerHead: newer } },
      { ...good, 'evidence-package': { digest: sha256Hex('a later one') } },
      { 'evidence-package': { digest } },
      { 'w8-gate': { ledgerHead: last } },
    ];
    for (const answers of cases)
      expect(codeOf(() => verify(folder, { state: stateOf(answers) }))).toBe('HOLD_EVIDENCE_STALE');
    // What W9 read back after the package was written is newer by nature.
    const after = { ...good, 'w9-gate': { ledgerHead: newer } };
    expect(verify(folder, { state: stateOf(after) }).verified.at(-1)).toMatchObject({ name: 'state', checked: 3 });
  });

  test('cannot be read from something else', () => {
    for (const text of ['', '{}', '{"deployment":{}}']) {
      expect(codeOf(() => stackStateOf(Buffer.from(text)))).toBe('ERROR_READ_FAILED');
    }
  });
});

describe('what was not executed', () => {
  const check = documentOf().checks[0];
  const withCheck = (changes: object) => documentOf({ checks: [{ ...check, ...changes } as never] });

  test('never becomes a package that passed', () => {
    const cases = [{ outcome: 'not executed', checked: 0 }, { outcome: 'failed' }, { checked: 0 }];
    for (const changes of cases)
      expect(codeOf(() => scratch.package(owner, withCheck(changes)))).toBe('HOLD_EVIDENCE_INCOMPLETE');
    expect(codeOf(() => scratch.package(owner, documentOf({ checks: [] })))).toBe('HOLD_EVIDENCE_INCOMPLETE');
    expect(codeOf(() => scratch.package(owner, withCheck({})))).toBe('accepted');
  });

  test('is refused in a package that says it passed, whoever signed it', () => {
    const folder = scratch.package(owner);
    redo(folder, (document) => ({ ...document, checks: document.checks.map((one) => ({ ...one, checked: 0 })) }));
    expect(codeOf(() => verify(folder))).toBe('REJECT_EVIDENCE_MALFORMED');
  });
});
