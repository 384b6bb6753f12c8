import { expect, test } from 'vitest';
import { c1NamesOnly } from '../../policy/rules/c1-names-only.ts';
import { contractsWithoutMutation } from '../../policy/rules/contracts-without-mutation.ts';
import { knownResources } from '../../policy/rules/known-resources.ts';
import { noSecretInput } from '../../policy/rules/no-secret-input.ts';
import { singleUseGrant } from '../../policy/rules/single-use-grant.ts';
import { asking, calling, command, component, seenBy } from './fixtures.ts';

test.each([
  'postgresql:index/role:Role',
  'command:remote:Command',
  'pulumi-nodejs:dynamic:Resource',
  'C1:registry:DotTool',
])('%s is no resource of this program', (type) => {
  expect(seenBy(knownResources, component(type))).toContain(type);
});

test.each(['pulumi:providers:postgresql', 'command:local:Command', 'c1:registry:DotTool', 'pulumi:pulumi:Stack'])(
  '%s is a resource of this program',
  (type) => {
    expect(seenBy(knownResources, component(type))).toBe('');
  },
);

test.each([
  ['a key that says so', component('pulumi:providers:postgresql', { password: 'x' }), 'password'],
  ['a key in camelCase', component('c1:species:Species', { ownerToken: 'x' }), 'ownerToken'],
  ['a key inside a payload', asking('./dot-x', { login: { api_key: 'x' } }), 'stdin.login.api_key'],
  ['an address with a password', asking('./dot-x', { note: 'postgres://me:x@host/db' }), 'stdin.note'],
  ['a private key', asking('./dot-x', { note: '-----BEGIN OPENSSH PRIVATE KEY-----' }), 'stdin.note'],
  ['a password on the command line', command({ create: 'PGPASSWORD=x ./dot-x' }), 'create'],
  ['a mark', { ...command(), secrets: ['stdin'] }, 'stdin marked as a secret'],
])('a secret is seen by %s, and its value is not repeated', (_title, resource, place) => {
  const seen = seenBy(noSecretInput, resource);
  expect(seen).toContain(place);
  expect(seen).not.toMatch(/me:x@|BEGIN|PGPASSWORD=x/);
});

test('digests, addresses without a password and words that contain one are no secrets', () => {
  const digest = { sha256: 'f00d', endpoint_ref: 'http://executor:8090/dispatch', tokenizer: 'x', note: 'a@b: c' };
  expect(seenBy(noSecretInput, asking('./dot-x --cloud', digest))).toBe('');
  expect(seenBy(noSecretInput, component('c1:surface:Collection', { secretary: 'x' }))).toBe('');
});

test.each([
  ['another carrier in a code', calling('./dot-admission-record --only DOT_C2_VOCAB_BUILD'), 'DOT_C2_'],
  ['another carrier in a bin', calling('./dot-c3-vocab-build --cloud'), 'dot-c3-'],
  ['another carrier in a payload', asking('./dot-x', { carrier: 'C7' }), 'C7'],
  ['another code', calling('./dot-admission-record --only DOT-015'), '--only DOT-015'],
  ['another prefix', calling('./dot-dot-register-c1-hardened --only-prefix dot-'), '--only-prefix dot-'],
  ['another schema', calling('./dot-schema-ensure --schema public'), '--schema public'],
  ['another table', calling('./dot-schema-table-registry-ensure --table dot_tools'), '--table dot_tools'],
  ['another patched DOT', calling('./dot-apr-execute --patch DOT-015'), '--patch DOT-015'],
  ['a flag that lacks its name', calling('./dot-apr-execute --authorize'), '--authorize without a value'],
])('%s is no C1 name', (_title, resource, seen) => {
  expect(seenBy(c1NamesOnly, resource)).toContain(seen);
});

test('C1 names are taken, with = as well', () => {
  expect(seenBy(c1NamesOnly, command())).toBe('');
  expect(seenBy(c1NamesOnly, calling('./dot-schema-ensure --schema=c1 --object manifest_bytes'))).toBe('');
});

const CONTRACT = {
  dot_code: 'DOT_C1_VOCAB_BUILD',
  no_mutation_assertion: true,
  error_behavior: 'fail_closed_no_mutation',
};
const REGISTER = './dot-c1-contract-register --cloud --step W5 --only DOT_C1_VOCAB_BUILD';

test.each([
  ['false', { ...CONTRACT, no_mutation_assertion: false }],
  ['the word true', { ...CONTRACT, no_mutation_assertion: 'true' }],
  ['open', { ...CONTRACT, error_behavior: 'continue' }],
  ['nothing', { dot_code: 'DOT_C1_VOCAB_BUILD' }],
])('a contract that says %s is refused in the row that is shown and in the request that is sent', (_title, row) => {
  expect(seenBy(contractsWithoutMutation, component('c1:contract:AgentApiContract', row))).toContain('row with');
  expect(seenBy(contractsWithoutMutation, asking(REGISTER, row))).toContain('tool with');
});

test('a contract without mutation is taken; its command without a request is not', () => {
  expect(seenBy(contractsWithoutMutation, component('c1:contract:AgentApiContract', CONTRACT))).toBe('');
  expect(seenBy(contractsWithoutMutation, asking(REGISTER, CONTRACT))).toBe('');
  expect(seenBy(contractsWithoutMutation, calling(REGISTER))).toContain('tool with');
});

const GRANT = { single_use: true, commit_allowed: false, ttl_seconds: 86_400 };
const ISSUE = './dot-c1-grant-issue --cloud --step W7';
const MINT = './dot-apr-execute --cloud --step W7 --authorize DOT_C1_VOCAB_BUILD';

test.each([
  ['more than one use', { ...GRANT, single_use: false }],
  ['a commit', { ...GRANT, commit_allowed: true }],
  ['no end', { ...GRANT, ttl_seconds: 0 }],
  ['an end after years', { ...GRANT, ttl_seconds: 100_000_000 }],
  ['an end in words', { ...GRANT, ttl_seconds: '86400' }],
])('a grant with %s is refused, asked for and minted', (_title, order) => {
  expect(seenBy(singleUseGrant, asking(ISSUE, order))).toContain('tool with');
  expect(seenBy(singleUseGrant, asking(MINT, order))).toContain('tool with');
});

test('a grant that is used once and expires is taken; one that nothing is said of is not', () => {
  expect(seenBy(singleUseGrant, asking(ISSUE, GRANT))).toBe('');
  expect(seenBy(singleUseGrant, asking(MINT, GRANT))).toBe('');
  expect(seenBy(singleUseGrant, calling(ISSUE))).toContain('single_use=undefined');
  expect(seenBy(singleUseGrant, component('c1:authority:Grant', { ...GRANT, single_use: false }))).toContain(
    'row with',
  );
  expect(seenBy(singleUseGrant, component('c1:authority:Grant', GRANT))).toBe('');
});

test('applying a patch and revoking ask for no grant', () => {
  expect(seenBy(singleUseGrant, calling('./dot-apr-execute --cloud --step H1 --patch DOT-310'))).toBe('');
  expect(seenBy(singleUseGrant, command({ delete: `${ISSUE} --retire` }))).toBe('');
});
