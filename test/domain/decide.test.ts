import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../domain/canonical.ts';
import { accept, decide } from '../../domain/decide.ts';
import { changed, type DecisionInput, decideOn, GOOD } from '../support/decision.ts';

const codeOf = (input: DecisionInput) => {
  const decision = decideOn(input);
  return decision.accepted ? 'accepted' : decision.code;
};
const manifest = GOOD.asked.manifest;
if (manifest === undefined) throw new TypeError('the good request presents a manifest');
const [first, second] = manifest.operations;
const buildOf = (mode: string) => changed('asked.dot_code', 'DOT_C1_VOCAB_BUILD', changed('asked.mode', mode));

/** The manifest with another value, and with the hash that it then has: only what it says is at fault. */
function manifestWith(path: string, value: unknown): DecisionInput {
  const other = changed(`asked.manifest.${path}`, value);
  const { hash: _hash, ...rest } = other.asked.manifest ?? manifest ?? {};
  return changed('asked.manifest.hash', digestOf(rest as never), other);
}

test('a request in which nothing is wrong is accepted, with what was decided on and how many checks it passed', () => {
  const facts = { accepted: true, manifest_hash: manifest.hash, operations: 3, checks: expect.any(Number) };
  const { auth_code } = GOOD.grant ?? {};
  const dot_code = 'DOT_C1_VOCAB_VERIFY';
  expect(decideOn(GOOD)).toEqual({ ...facts, dot_code, mode: 'VERIFY_ONLY', auth_code });
  expect(accept(decideOn(GOOD)).checks).toBeGreaterThan(20);
  expect(codeOf(buildOf('DRY_RUN'))).toBe('accepted');
  const plan = changed('grant', null, buildOf('PLAN_ONLY'));
  expect(decideOn(plan)).toMatchObject({ accepted: true, mode: 'PLAN_ONLY', auth_code: null });
});

test.each([
  ['a grant of exactly 7 days', changed('grant.expires_at', '2026-01-08T10:00:00.123Z')],
  ['a manifest of the moment in which the grant was proposed', changed('manifest.since', '2026-01-01T09:00:00Z')],
])('%s is still accepted', (_, input) => {
  expect(codeOf(input)).toBe('accepted');
});

describe('one fault in a request that was accepted gives its own code', () => {
  test.each([
    ['REJECT_NO_GRANT', 'no grant', changed('grant', null)],
    ['REJECT_GENERIC_GRANT', 'carrier of all', changed('grant.carrier', '*')],
    ['REJECT_GENERIC_GRANT', 'no lane', changed('grant.lane', null)],
    ['REJECT_GENERIC_GRANT', 'any plan', changed('grant.plan_ref', 'ANY')],
    ['REJECT_GENERIC_GRANT', 'no scope', changed('grant.scope', null)],
    ['REJECT_GENERIC_GRANT', 'scope without target', changed('grant.scope.target', undefined)],
    ['REJECT_GENERIC_GRANT', 'scope without namespace', changed('grant.scope.namespace', undefined)],
    ['REJECT_GENERIC_GRANT', 'every operation', changed('grant.action_set', ['*'])],
    ['REJECT_GENERIC_GRANT', 'no operation', changed('grant.action_set', [])],
    ['REJECT_GENERIC_GRANT', 'good more than once', changed('grant.single_use', false)],
    ['REJECT_GENERIC_GRANT', 'made for no request', changed('grant.request_ref', null)],
    ['REJECT_GENERIC_GRANT', 'not named by its request', changed('grant.auth_code', 'GBA-C1-OTHER')],
    ['REJECT_GENERIC_GRANT', 'good for 7 days and a bit', changed('grant.expires_at', '2026-01-08T10:00:01Z')],
    ['REJECT_GRANT_UNBOUND', 'no hash', changed('grant.manifest_hash', null)],
    ['REJECT_GRANT_UNBOUND', 'an empty hash', changed('grant.manifest_hash', '')],
    ['REJECT_GRANT_UNBOUND', 'a hash in capitals', changed('grant.manifest_hash', manifest.hash.toUpperCase())],
    ['REJECT_WRONG_CARRIER', 'grant of C2', changed('grant.carrier', 'C2')],
    ['REJECT_WRONG_CARRIER', 'manifest of C2', manifestWith('carrier', 'C2')],
    ['REJECT_WRONG_LANE', 'grant of another lane', changed('grant.lane', 'real_run')],
    ['REJECT_WRONG_LANE', 'manifest of another lane', manifestWith('lane', 'production')],
    ['REJECT_WRONG_PLAN', 'grant of another plan', changed('grant.plan_ref', 'LEGO2-C1-PLAN')],
    ['REJECT_WRONG_PLAN', 'manifest of another plan', manifestWith('plan', 'LEGO2-C1-PLAN')],
    ['REJECT_AUTH_NOT_ACTIVE', 'a draft', changed('grant.status', 'draft')],
    ['REJECT_AUTH_NOT_ACTIVE', 'a status that nobody knows', changed('grant.status', 'Active')],
    ['REJECT_AUTH_NOT_ACTIVE', 'given in the future', changed('grant.granted_at', '2026-01-01T11:00:00.001Z')],
    ['REJECT_AUTH_EXPIRED', 'expired by its status', changed('grant.status', 'expired')],
    ['REJECT_AUTH_EXPIRED', 'expired by the clock', changed('grant.expires_at', '2026-01-01T11:00:00Z')],
    ['REJECT_AUTH_REVOKED', 'revoked by its status', changed('grant.status', 'revoked')],
    ['REJECT_AUTH_REVOKED', 'revoked by its time', changed('grant.revoked_at', '2026-01-01T10:30:00Z')],
    ['REJECT_AUTH_ALREADY_CONSUMED', 'consumed by its status', changed('grant.status', 'consumed')],
    ['REJECT_AUTH_ALREADY_CONSUMED', 'consumed by its time', changed('grant.consumed_at', '2026-01-01T10:30:00Z')],
    ['REJECT_AUTH_STALE', 'manifest newer than the grant', changed('manifest.since', '2026-01-01T10:00:01Z')],
    ['REJECT_AUTH_STALE', 'manifest newer than the proposal', changed('manifest.since', '2026-01-01T09:30:00Z')],
    ['REJECT_AUTH_STALE', 'manifest of an unknown time', changed('manifest.since', '')],
    ['REJECT_MANIFEST_MISSING', 'none presented', changed('asked.manifest', undefined)],
    ['REJECT_MANIFEST_MISSING', 'none in the runtime', changed('manifest', null)],
    ['REJECT_MANIFEST_HASH_MISMATCH', 'another hash presented', changed('asked.manifest.hash', 'f'.repeat(64))],
    ['REJECT_MANIFEST_HASH_MISMATCH', 'in another order', manifestWith('operations', manifest.operations.toReversed())],
    [
      'REJECT_MANIFEST_HASH_MISMATCH',
      'in another order under the right hash',
      changed('asked.manifest.operations', manifest.operations.toReversed()),
    ],
    ['REJECT_MANIFEST_HASH_MISMATCH', 'another in the grant', changed('grant.manifest_hash', 'f'.repeat(64))],
    ['REJECT_ACTION_SET_MISMATCH', 'an extra value', manifestWith('operations.3', { ...first, operation_code: 'z' })],
    ['REJECT_ACTION_SET_MISMATCH', 'a missing value', manifestWith('operations', [first, second])],
    ['REJECT_ACTION_SET_MISMATCH', 'an inactive value', manifestWith('operations.0.status', 'inactive')],
    ['REJECT_ACTION_SET_MISMATCH', 'of another act type', manifestWith('act_type', 'content_action')],
    ['REJECT_ACTION_SET_MISMATCH', 'less in the grant', changed('grant.action_set', ['birth_record'])],
    ['REJECT_ACTION_SET_MISMATCH', 'a row of none', changed('asked.rows.1.operation_code', 'z')],
    ['REJECT_DUPLICATE_OPERATION', 'one twice', manifestWith('operations.3', first)],
    ['REJECT_PROTOCOL_VERSION', 'of one operation', manifestWith('operations.1.protocol_version', '2')],
    ['REJECT_PROTOCOL_VERSION', 'of the manifest', manifestWith('protocol_version', '2')],
    ['REJECT_PROTOCOL_VERSION', 'of a row', changed('asked.rows.1.protocol_version', '2')],
    ['REJECT_SEMANTIC_REWRITE', 'another definition', changed('asked.rows.0.semantic_definition', 'a death')],
    ['REJECT_SEMANTIC_REWRITE', 'no definition', changed('asked.rows.0.semantic_definition', null)],
    ['REJECT_SEMANTIC_REWRITE', 'another status', changed('asked.rows.0.status', 'inactive')],
    ['REJECT_SCOPE_NOT_C1', 'a C2 DOT', changed('asked.dot_code', 'DOT_C2_VOCAB_VERIFY')],
    ['REJECT_SCOPE_NOT_C1', 'a look-alike', changed('asked.dot_code', 'DOT_С1_VOCAB_VERIFY')],
    ['REJECT_SCOPE_NOT_C1', 'another C1 DOT', changed('asked.dot_code', 'DOT_C1_PREFLIGHT')],
    ['REJECT_SCOPE_NOT_C1', 'a C2 target', changed('asked.target', 'DRYRUN-NS:dot:c2:vocab')],
    ['REJECT_SCOPE_NOT_C1', 'a grant of C2', changed('grant.scope.namespace', 'DRYRUN-NS:dot:c2:vocab')],
    ['REJECT_SCOPE_NOT_C1', 'a grant of another DOT', changed('grant.scope.target', 'DOT_KG_EXPLAIN')],
    ['REJECT_SCOPE_NOT_C1', 'a grant of more', changed('grant.scope.also', 'DRYRUN-NS:dot:c2:vocab')],
    ['REJECT_SCOPE_NOT_C1', 'a grant to commit', changed('grant.commit_allowed', true)],
    ['REJECT_SCOPE_NOT_C1', 'sovereign authority', changed('grant.requires_sovereign_esign', true)],
    ['REJECT_ROLLBACK_DELETE', 'rollback by delete', changed('asked.rollback', 'delete')],
    ['REJECT_ROLLBACK_DELETE', 'rollback of the grant', changed('grant.rollback_plan_ref', 'delete')],
    ['C1_PROD_REAL_RUN_BLOCKED', 'a real run', changed('asked.mode', 'REAL_RUN')],
    ['C1_PROD_REAL_RUN_BLOCKED', 'not dry_run_only', changed('gates.dry_run_only', false)],
    ['C1_PROD_REAL_RUN_BLOCKED', 'execute_enabled', changed('gates.execute_enabled', true)],
    ['C1_PROD_REAL_RUN_BLOCKED', 'real_run_enabled', changed('gates.real_run_enabled', true)],
    ['REJECT_PRODUCTION_TARGET', 'production', changed('asked.target', 'PROD-NS:dot:c1:vocab')],
    [
      'REJECT_PRODUCTION_TARGET',
      'the table itself',
      changed('asked.target', 'c1.governance_canonical_operation_vocab'),
    ],
    ['REJECT_PRODUCTION_TARGET', 'in the manifest', manifestWith('output_namespace', 'current-corpus')],
    ['REJECT_PRODUCTION_TARGET', 'in the grant', changed('grant.scope.namespace', 'production')],
    ['REJECT_NO_QUORUM', 'no quorum', changed('facts.quorum', false)],
    ['REJECT_NO_QUORUM', 'no request', changed('facts.proposed_at', null)],
    ['REJECT_OWNERSHIP_MISSING', 'no row', changed('facts.ownership', null)],
    ['REJECT_OWNERSHIP_MISSING', 'a retired row', changed('facts.ownership.status', 'retired')],
    ['REJECT_OWNERSHIP_MISSING', 'of another object', changed('facts.ownership.object', 'c2.vocab')],
    ['REJECT_OWNERSHIP_MISSING', 'by another authority', changed('facts.ownership.authority', 'manual')],
    ['REJECT_OWNERSHIP_MISSING', 'of nobody', changed('facts.ownership.owner', ' ')],
    ['REJECT_MALFORMED_REQUEST', 'an unknown mode', changed('asked.mode', 'EXPLAIN')],
    ['REJECT_MALFORMED_REQUEST', 'a mode of the other DOT', changed('asked.mode', 'DRY_RUN')],
    ['REJECT_MALFORMED_REQUEST', 'a mode in small letters', changed('asked.mode', 'verify_only')],
    ['REJECT_MALFORMED_REQUEST', 'no mode', changed('asked.mode', undefined)],
    ['REJECT_MALFORMED_REQUEST', 'an unknown field', changed('asked.force', true)],
    ['REJECT_MALFORMED_REQUEST', 'facts by the caller', changed('asked.facts', GOOD.facts)],
    ['REJECT_MALFORMED_REQUEST', 'a field of the manifest', changed('asked.manifest.extra', 1)],
    ['REJECT_MALFORMED_REQUEST', 'half a character', changed('asked.target', '\uD800')],
    ['REJECT_MALFORMED_REQUEST', 'a grant without status', changed('grant.status', undefined)],
    ['REJECT_MALFORMED_REQUEST', 'a grant that never expires', changed('grant.expires_at', 'infinity')],
    ['REJECT_MALFORMED_REQUEST', 'a fact that is not known', changed('facts.quorum', null)],
    ['REJECT_MALFORMED_REQUEST', 'gates that are not known', changed('gates', null)],
    ['HOLD_DRYRUN_NOT_AUTHORIZED', 'no authorization', changed('facts.dry_run_authorized', false, buildOf('DRY_RUN'))],
    ['REJECT_NO_GRANT', 'a dry run without grant', changed('grant', null, buildOf('DRY_RUN'))],
  ])('%s: %s', (code, _fault, input) => {
    const decision = decideOn(input);
    expect(decision).toMatchObject({ accepted: false, code, seen: expect.any(String), expected: expect.any(String) });
    expect(() => accept(decision)).toThrow(new RegExp(`^${code}: seen .+, expected .+\\. Next: `));
    expect(JSON.stringify(decision)).not.toMatch(/[0-9a-f]{64}/i);
  });
});

test('a refusal shows enough of two hashes to tell them apart, and neither whole', () => {
  const refused = decideOn(changed('asked.manifest.hash', 'F'.repeat(64)));
  const expected = `"${manifest.hash.slice(0, 12)}…"`;
  expect(refused).toMatchObject({
    code: 'REJECT_MANIFEST_HASH_MISMATCH',
    seen: `manifest hash "${'F'.repeat(12)}…"`,
    expected,
  });
});

test.each([
  ...[
    'REAL_RUN',
    'real_run',
    'Real_Run',
    'rEaL_rUn',
    'REAL-RUN',
    'REAL RUN',
    ' REAL_RUN\n',
    'REALRUN',
    'REAL_RUN;DRY_RUN',
  ],
  ...[
    'ＲＥＡＬ＿ＲＵＮ',
    'RÉAL_RUN',
    'REАL_RUN',
    'R\u200BEAL_RUN',
    '𝐑𝐄𝐀𝐋_𝐑𝐔𝐍',
    'REAL\u0000RUN',
    'ʀᴇᴀʟ_ʀᴜɴ',
    'DRY_RUN REAL_RUN',
  ],
])('%j is a real run, whatever else is wrong with the request', (mode) => {
  expect(codeOf(changed('asked.mode', mode))).toBe('C1_PROD_REAL_RUN_BLOCKED');
  expect(codeOf(changed('asked.dot_code', 'DOT_KG_EXPLAIN', changed('asked.mode', mode)))).toBe(
    'C1_PROD_REAL_RUN_BLOCKED',
  );
  expect(decide({ asked: { mode }, facts: GOOD.facts }, null, null, GOOD.gates)).toMatchObject({
    code: 'C1_PROD_REAL_RUN_BLOCKED',
  });
});

describe('checks run in their order', () => {
  /** Each with a fault of its own; all those after the first are hidden by it. */
  const ORDER: readonly (readonly [string, string, unknown])[] = [
    ['C1_PROD_REAL_RUN_BLOCKED', 'asked.mode', 'REAL_RUN'],
    ['REJECT_MALFORMED_REQUEST', 'asked.force', true],
    ['REJECT_SCOPE_NOT_C1', 'asked.dot_code', 'DOT_C2'],
    ['C1_PROD_REAL_RUN_BLOCKED', 'gates.execute_enabled', true],
    ['REJECT_PRODUCTION_TARGET', 'asked.target', 'production'],
    ['REJECT_ROLLBACK_DELETE', 'asked.rollback', 'delete'],
    ['REJECT_WRONG_CARRIER', 'asked.manifest.carrier', 'C2'],
    ['REJECT_WRONG_LANE', 'asked.manifest.lane', 'other'],
    ['REJECT_WRONG_PLAN', 'asked.manifest.plan', 'other'],
    ['REJECT_PROTOCOL_VERSION', 'asked.manifest.protocol_version', '2'],
    ['REJECT_DUPLICATE_OPERATION', 'asked.manifest.operations.1', first],
    ['REJECT_MANIFEST_HASH_MISMATCH', 'asked.manifest.hash', 'other'],
    ['REJECT_SEMANTIC_REWRITE', 'asked.rows.0.status', 'other'],
    ['REJECT_GRANT_UNBOUND', 'grant.manifest_hash', null],
    ['REJECT_GENERIC_GRANT', 'grant.single_use', false],
    ['REJECT_WRONG_CARRIER', 'grant.carrier', 'C2'],
    ['REJECT_WRONG_LANE', 'grant.lane', 'other'],
    ['REJECT_WRONG_PLAN', 'grant.plan_ref', 'other'],
    ['REJECT_SCOPE_NOT_C1', 'grant.commit_allowed', true],
    ['REJECT_ROLLBACK_DELETE', 'grant.rollback_plan_ref', 'delete'],
    ['REJECT_AUTH_NOT_ACTIVE', 'grant.status', 'draft'],
    ['REJECT_AUTH_EXPIRED', 'grant.expires_at', '2026-01-01T10:30:00Z'],
    ['REJECT_AUTH_STALE', 'manifest.since', '2026-01-01T10:30:00Z'],
    ['REJECT_ACTION_SET_MISMATCH', 'grant.action_set', ['other']],
    ['REJECT_NO_QUORUM', 'facts.quorum', false],
    ['REJECT_OWNERSHIP_MISSING', 'facts.ownership', null],
  ];

  test('whatever comes later is wrong as well', () => {
    let all = GOOD;
    for (const [code, path, value] of ORDER.toReversed()) {
      all = changed(path, value, all);
      expect(codeOf(all), `${path} first`).toBe(code);
    }
  });
});

describe('a message', () => {
  test('never quotes pages of what was sent', () => {
    const long = 'x'.repeat(1_000_000);
    for (const path of [
      'asked.dot_code',
      'asked.mode',
      'asked.target',
      'asked.rollback',
      'grant.carrier',
      `asked.${long}`,
    ]) {
      const decision = decideOn(changed(path, 'y'.repeat(1_900)));
      expect(JSON.stringify(decision).length).toBeLessThan(2_000);
    }
    expect(codeOf(changed('asked.target', long))).toBe('REJECT_MALFORMED_REQUEST');
  });
});

/** Paths to every value of the good input, objects and lists too. */
function pathsOf(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, one]) => pathsOf(one, path === '' ? key : `${path}.${key}`));
  return path === '' ? below : [path, ...below];
}

/** What may be otherwise, or left out, without anything being asked for that was not. The runtime's own manifest is read, not sent. */
const FREE =
  /^(grant\.(granted_at|expires_at)|facts\.proposed_at|gates\.now|manifest\.since|facts\.ownership\.owner|asked\.rows.*|asked\.rollback|asked\.target|facts\.vocabulary.*|facts\.dry_run_authorized)$/;

test('no random value in place of a good one is accepted', () => {
  const paths = pathsOf(GOOD).filter((path) => !FREE.test(path) && !/^manifest(\.manifest|$)/.test(path));
  expect(paths.length).toBeGreaterThan(50);
  const goodText = JSON.stringify(GOOD);
  const value = fc.oneof(
    fc.jsonValue(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(undefined, null, '', '*', 'C1', 'C2', 'active', 'PLAN_ONLY', 'DRY_RUN', [], {}),
  );
  fc.assert(
    fc.property(fc.constantFrom(...paths), value, (path, other) => {
      const input = changed(path, other);
      fc.pre(JSON.stringify(input) !== goodText);
      const decision = decideOn(input);
      if (!decision.accepted) return;
      // PLAN_ONLY asks for less, and looks at no grant.
      expect([path, decision.mode]).toEqual(['asked.mode', 'PLAN_ONLY']);
    }),
    { numRuns: 1_500 },
  );
});

test('whatever is sent, the answer is a decision, and only a whole request is accepted', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (asked, grant) => {
      expect(decide({ asked, facts: GOOD.facts }, grant, GOOD.manifest, GOOD.gates).accepted).toBe(false);
    }),
  );
  const own = JSON.parse('{"target":"DOT_C1_VOCAB_BUILD","namespace":"DRYRUN-NS:dot:c1:vocab","__proto__":{"a":1}}');
  expect(codeOf({ ...GOOD, grant: GOOD.grant && { ...GOOD.grant, scope: own } })).toBe('REJECT_SCOPE_NOT_C1');
});
