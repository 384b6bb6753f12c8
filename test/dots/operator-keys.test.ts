import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operatorKeys } from '../../dots/kernel/plan-approvals.ts';

// Whose key signed an approval is told by its fingerprint: ours must be ssh-keygen's, and what it cannot read is a stop.

const folder = mkdtempSync(join(tmpdir(), 'c1-keys-'));

beforeAll(() => {
  for (const type of ['ed25519', 'rsa', 'ecdsa']) {
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', join(folder, type)]);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Type and key, without the comment. */
function keyOf(type: string): string {
  return readFileSync(join(folder, `${type}.pub`), 'utf8')
    .split(' ')
    .slice(0, 2)
    .join(' ');
}

function fingerprintsOf(key: string): readonly string[] {
  writeFileSync(join(folder, 'allowed_signers'), `operator_1 ${key}\n`);
  return operatorKeys({ folder }, 'operator_1');
}

test.each(['ed25519', 'rsa', 'ecdsa'])('the fingerprint of a key of type %s is the one of ssh-keygen', (type) => {
  const said = execFileSync('ssh-keygen', ['-l', '-f', join(folder, `${type}.pub`)], { encoding: 'utf8' });
  expect(fingerprintsOf(keyOf(type))).toEqual([said.split(' ')[1]]);
});

test.each<[string, (key: string) => string]>([
  ['cut short', (key) => key.slice(0, -4)],
  ['with four letters more', (key) => `${key}AAAA`],
  ['with a stray sign', (key) => `${key}=`],
  ['under the name of another type', (key) => key.replace('ssh-ed25519', 'ssh-rsa')],
])('an operator key %s is a stop, and no key of nobody', (_, spoil) => {
  const key = keyOf('ed25519');
  expect(() => fingerprintsOf(spoil(key))).toThrow(/^HOLD_SIGNERS_MISSING/);
  expect(fingerprintsOf(key)).toHaveLength(1);
});
