import * as pulumi from '@pulumi/pulumi';
import { afterEach, expect, test } from 'vitest';
import { readConfig } from '../../components/config.ts';
import { C1Error } from '../../domain/codes.ts';
import { LAST_STEP } from '../../domain/program.ts';

const GOOD = { 'c1:target': 'embedded', 'c1:approvals': 'none' };

afterEach(() => pulumi.runtime.setAllConfig({}));

test('a stack that says all it must is accepted, and the last built step is the default', () => {
  pulumi.runtime.setAllConfig(GOOD);
  const grant = { grantGeneration: 1, evidenceGeneration: 1, expectedManifestHash: null };
  expect(readConfig()).toEqual({ target: 'embedded', approvals: 'none', through: LAST_STEP, ...grant });
  pulumi.runtime.setAllConfig({ ...GOOD, 'c1:through': 'W2' });
  expect(readConfig().through).toBe('W2');
});

test('another grant and an expected manifest are asked for by the stack', () => {
  pulumi.runtime.setAllConfig({ ...GOOD, 'c1:grantGeneration': '2', 'c1:expectedManifestHash': 'a'.repeat(64) });
  expect(readConfig()).toMatchObject({ grantGeneration: 2, expectedManifestHash: 'a'.repeat(64) });
});

test('approvals are required unless a stack says otherwise', () => {
  pulumi.runtime.setAllConfig({ 'c1:target': 'embedded' });
  expect(readConfig().approvals).toBe('required');
});

test.each([
  ['an unknown key', { 'c1:thruogh': 'W3' }, 'c1:thruogh'],
  ['a mistyped namespace', { 'cl:through': 'W3' }, 'cl:through'],
  ['a namespace with a Cyrillic letter', { 'с1:through': 'W3' }, 'с1:through'],
  ['a key without namespace', { through: 'W3' }, 'through'],
  ['a step that there is none of', { 'c1:through': 'W10' }, 'c1:through'],
  ['a step in small letters', { 'c1:through': 'w3' }, 'c1:through'],
  ['an empty step', { 'c1:through': '' }, 'c1:through'],
  ['a target that is not built', { 'c1:target': 'vps' }, 'c1:target'],
  ['evidence of no generation', { 'c1:evidenceGeneration': '1.5' }, 'c1:evidenceGeneration'],
  ['a generation of none', { 'c1:grantGeneration': '0' }, 'c1:grantGeneration'],
  ['a generation that is no number', { 'c1:grantGeneration': '1e3' }, 'c1:grantGeneration'],
  ['a hash in capitals', { 'c1:expectedManifestHash': 'A'.repeat(64) }, 'c1:expectedManifestHash'],
  ['a hash that is cut', { 'c1:expectedManifestHash': 'a'.repeat(63) }, 'c1:expectedManifestHash'],
  ['approvals spelled wrong', { 'c1:approvals': 'nobody' }, 'c1:approvals'],
])('%s is refused by name', (_title, entry, key) => {
  pulumi.runtime.setAllConfig({ ...GOOD, ...entry });
  const refusal = refusalOf(readConfig);
  expect(refusal.code).toBe('ERROR_CONFIG_INVALID');
  expect(refusal.message).toContain(key);
});

test('every wrong key is named at once', () => {
  pulumi.runtime.setAllConfig({ ...GOOD, 'c1:one': '1', 'c1:two': '2', 'c1:through': 'x' });
  const { message } = refusalOf(readConfig);
  for (const key of ['c1:one', 'c1:two', 'c1:through']) expect(message).toContain(key);
});

function refusalOf(work: () => unknown): C1Error {
  try {
    work();
  } catch (error) {
    if (error instanceof C1Error) return error;
    throw error;
  }
  throw new Error('accepted');
}
