import { expect, test } from 'vitest';
import { keysOf } from '../../domain/allowed-signers.ts';

test.each([
  ['by name', 'operator_1 ssh-ed25519 AAAA'],
  ['for another purpose', 'operator_1 namespaces="c1-evidence" ssh-ed25519 AAAA'],
  ['for a pattern of purposes', 'operator_1 namespaces="c1-*" ssh-ed25519 AAAA'],
  ['by a pattern', 'voter_owner_1,operator_* ssh-ed25519 AAAA'],
  ['in quotes', '"voter_owner_1,operator_1" ssh-ed25519 AAAA'],
  ['with options that have blanks', 'operator_1 namespaces="a b",valid-after="2 0" ssh-ed25519 AAAA'],
])('a key of the operator is found that is listed %s', (_, line) => {
  expect(keysOf(`# operator_1 ssh-ed25519 CCCC\nvoter_owner_2 ssh-ed25519 BBBB\n${line}\n`, 'operator_1')).toEqual([
    'ssh-ed25519 AAAA',
  ]);
});

test('a key of somebody else is not his', () => {
  expect(keysOf('operator_11 ssh-ed25519 AAAA\n# operator_1 ssh-ed25519 BBBB\n', 'operator_1')).toEqual([]);
});
