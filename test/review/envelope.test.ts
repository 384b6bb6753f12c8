import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, verify as verifyBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { crypto, dsse } from '@sigstore/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertSigned, preAuthEncoding, readEnvelope } from '../../domain/evidence/envelope.ts';
import { signingKeyOf, verifyKeyOf } from '../../domain/evidence/keys.ts';
import { evidenceSigners } from '../../domain/evidence/signers.ts';
import { EVIDENCE_ENVELOPE, EVIDENCE_KIND } from '../../domain/evidence/statement.ts';
import { packageOf } from '../../review/evidence/package.ts';
import { codeOf, documentOf, keyPair, scratchFolder } from './support/evidence.ts';

const scratch = scratchFolder();
const ssh = (name: string) => path.join(scratch.root, name);
const read = (name: string) => readFileSync(ssh(name), 'utf8');

function makeSshKey(name: string, ...words: readonly string[]): void {
  execFileSync('ssh-keygen', ['-q', '-N', '', '-C', `test ${name}`, '-f', ssh(name), '-t', 'ed25519', ...words]);
}

beforeAll(() => {
  makeSshKey('plain');
  makeSshKey('locked', '-N', 'a passphrase');
  makeSshKey('rsa', '-t', 'rsa', '-b', '2048');
});
afterAll(() => scratch.dispose());

const envelopeBy = (privateKey: string) => packageOf(documentOf(), privateKey)[EVIDENCE_ENVELOPE] ?? Buffer.of();

describe('the envelope', () => {
  test('signs what the DSSE specification says', () => {
    const encoded = preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
    expect(encoded.toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
    const accented = Buffer.from('é');
    expect(preAuthEncoding('t', accented)).toEqual(dsse.preAuthEncoding('t', accented));
  });

  test('is accepted by an implementation that is not ours, and an altered one is not', () => {
    const { privateKey, publicKey } = keyPair();
    const { payloadType, payload, signatures } = JSON.parse(envelopeBy(privateKey).toString('utf8'));
    const key = crypto.createPublicKey(publicKey);
    const accepts = (type: string, body: Buffer) =>
      crypto.verify(dsse.preAuthEncoding(type, body), key, Buffer.from(signatures[0].sig, 'base64'));
    const body = Buffer.from(payload, 'base64');
    expect(accepts(payloadType, body)).toBe(true);
    expect(JSON.parse(body.toString('utf8'))).toMatchObject({ _type: 'https://in-toto.io/Statement/v1' });
    const altered = Buffer.from(body);
    altered[10] = (altered[10] ?? 0) ^ 1;
    expect(accepts(payloadType, altered)).toBe(false);
    expect(accepts('application/json', body)).toBe(false);
  });
});

describe('keys', () => {
  test('of OpenSSH and of PEM sign alike, and are named as ssh-keygen names them', () => {
    const { keyid, pem } = signingKeyOf(read('plain'));
    const listed = execFileSync('ssh-keygen', ['-l', '-f', ssh('plain.pub')], { encoding: 'utf8' });
    expect(listed).toContain(keyid);
    expect(verifyKeyOf(read('plain.pub')).keyid).toBe(keyid);
    expect(signingKeyOf(pem).keyid).toBe(keyid);
    const opened = readEnvelope(envelopeBy(read('plain')), EVIDENCE_KIND);
    expect(assertSigned(opened, [verifyKeyOf(read('plain.pub'))])).toBe(keyid);
    expect(
      assertSigned(opened, [verifyKeyOf(createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString())]),
    ).toBe(keyid);
  });

  test('that are locked, of another kind or none at all are refused, and never quoted', () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
    for (const text of [read('locked'), read('rsa'), ec.toString(), 'no key', read('plain.pub')]) {
      expect(codeOf(() => signingKeyOf(text))).toBe('REJECT_UNKNOWN_SIGNER');
    }
    expect(codeOf(() => signingKeyOf(read('plain')))).toBe('accepted');
    for (const text of [read('rsa.pub'), read('plain'), '']) {
      expect(codeOf(() => verifyKeyOf(text))).toBe('REJECT_UNKNOWN_SIGNER');
    }
    expect(() => signingKeyOf(read('locked'))).toThrow(/passphrase/);
    expect(() => signingKeyOf(read('locked'))).not.toThrow(read('locked').split('\n')[1]);
  });
});

describe('allowed signers', () => {
  const line = (options: string) => `operator_1 ${options}${read('plain.pub').trim()}`;

  test.each([['namespaces="c1-evidence" '], ['namespaces="c1-apr,c1-evidence" '], ['']])(
    'count for evidence with options %j',
    (options) => {
      const keys = evidenceSigners(`# comment\n\n${line(options)}\n`, '');
      expect(keys.map(({ keyid }) => keyid)).toEqual([signingKeyOf(read('plain')).keyid]);
    },
  );

  test.each([
    ['namespaces="c1-apr" '],
    ['cert-authority,namespaces="c1-evidence" '],
    ['valid-before="20200101",namespaces="c1-evidence" '],
  ])('do not count with options %j', (options) => {
    expect(codeOf(() => evidenceSigners(line(options), ''))).toBe('HOLD_SIGNERS_MISSING');
  });

  test('do not count when their key is revoked, or is none of Ed25519', () => {
    const [type, base64] = read('plain.pub').split(' ');
    const revoked = [read('plain.pub'), `# gone\n\n${type}\t ${base64}\n`, 'SSHKRL\n\u0000and bytes'];
    for (const list of revoked) expect(codeOf(() => evidenceSigners(line(''), list))).toBe('HOLD_SIGNERS_MISSING');
    expect(evidenceSigners(line(''), read('rsa.pub'))).toHaveLength(1);
    expect(codeOf(() => evidenceSigners(`operator_1 ${read('rsa.pub')}`, ''))).toBe('HOLD_SIGNERS_MISSING');
  });
});

test('a signature by ssh-keygen -Y is another thing, which is why the key itself signs', () => {
  const signed = execFileSync('ssh-keygen', ['-Y', 'sign', '-q', '-n', 'c1-evidence', '-f', ssh('plain')], {
    input: 'x',
  });
  const raw = Buffer.from(signed.toString().replace(/-----.*-----|\n/g, ''), 'base64').subarray(-64);
  expect(verifyBytes(null, Buffer.from('x'), verifyKeyOf(read('plain.pub')).key, raw)).toBe(false);
});
