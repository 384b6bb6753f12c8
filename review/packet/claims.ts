import type { EvidenceDocument } from '../evidence/document.ts';

/** A claim, what of it is in the evidence, and the command by which anybody can see it for himself. */
export interface Claim {
  readonly claim: string;
  readonly seen: string;
  readonly command: string;
}

const PSQL = 'psql "$(npx c1 runtime url)" -Atc';

/** @param folder of the evidence as it was named, for the commands that read it */
export function claimsOf(
  { readback, preflight, bad_inputs, checks }: EvidenceDocument,
  folder: string,
): readonly Claim[] {
  const { surfaces, ledger, manifest, executor, gates, lifecycle, baseline } = readback;
  const changed = surfaces.filter(({ applied }) => applied !== 0);
  const things = checks.reduce((sum, { checked }) => sum + checked, 0);
  return [
    {
      claim: 'The evidence is whole, signed, and as it was written',
      seen: `${checks.length} checks, ${things} things looked at`,
      command: `npx c1 evidence verify ${folder} --stack ${baseline.stack}; npm run verify:independent`,
    },
    {
      claim: 'Every surface has its planned rows more, and every other row is as it was',
      seen: changed.map(({ surface, before, observed }) => `${surface} ${before} → ${observed}`).join(', '),
      command: 'dot-c1-evidence-readback --cloud; npx c1 runtime snapshot',
    },
    {
      claim: 'Schema, table, key, registry, tools, contracts, catalogue and grant are there (seed 004, V1 to V7)',
      seen: 'word for word in test/readiness/support/seed-004.sql',
      command: 'psql "$(npx c1 runtime url)" -At -f test/readiness/support/seed-004.sql',
    },
    {
      claim: `Preflight is READY ${preflight.length}/${preflight.length}`,
      seen: preflight.map(({ name }) => name).join(', '),
      command: 'dot-c1-preflight --cloud',
    },
    {
      claim: `${bad_inputs.length} bad inputs are refused, their good halves accepted, and nothing moves`,
      seen: `${bad_inputs.reduce((sum, { refused }) => sum + refused, 0)} refusals with their exact codes`,
      command: 'dot-c1-bad-input-harness --cloud',
    },
    {
      claim: 'The manifest is the same in three computations',
      seen: `${manifest.operations} operations, SHA-256 ${manifest.hashes.node}`,
      command: `dot-c1-vocab-build --cloud --dry-run --manifest m.json; sha256sum m.json ${folder}/manifest.json`,
    },
    {
      claim: 'The handbook is a chain without a break',
      seen: `${ledger.entries} entries, head ${ledger.head}`,
      command: `npx c1 evidence verify ${folder}; ${PSQL} "select iu_core.verify_ledger() is null"`,
    },
    {
      claim: 'Each of the eight DOTs has its whole life, and there is no orphan',
      seen: `${lifecycle.dots.length} DOTs, ${lifecycle.orphans.length} orphans`,
      command: 'dot-c1-evidence-readback --cloud --whole | jq .readback.lifecycle',
    },
    {
      claim: 'The gates are closed, and a real run is refused by name',
      seen: `dry_run_only=${gates.dry_run_only}, execute_enabled=${gates.execute_enabled}, real_run_enabled=${gates.real_run_enabled}`,
      command: `${PSQL} "table public.dot_runtime_gate"; dot-c1-bad-input-harness --cloud --case 16`,
    },
    {
      claim: 'The executor only validates, and answers KG as before',
      seen: `${executor.release}, ${executor.digest}`,
      command: 'npx c1 runtime status; dot-c1-preflight --cloud',
    },
    {
      claim: 'Everything can be taken back, and a delete is refused',
      seen: 'planned by the same plans that the bins run',
      command: 'dot-c1-rollback-check --cloud',
    },
    {
      claim: 'The program has nothing left to do, and nothing drifted',
      seen: `stack ${baseline.stack}`,
      command: `npx pulumi preview -s ${baseline.stack} --expect-no-changes`,
    },
  ];
}

/**
 * Seed 001, "Follow-on": what a real run would need. Recorded so that none of it is forgotten, and none of it taken for
 * something that holds up a dry run.
 */
export const FOLLOW_ON: readonly string[] = [
  'gate flips: real_run_enabled, execute_enabled',
  'hardening gap 2: revoke the generic Directus schema-create',
  'hardening gap 3: an isolated role of least privilege for whoever executes DOTs',
  'hardening gap 4: a policy that blocks the generic Directus create',
  'the sandbox schema of a C1 real run, forked from DOT_R2_B2_STAGING_SCHEMA_SHELL',
  'apply and seal, with write-once enforced live',
  'a fresh proof that production is not touched and that a delete fails fast',
  "the owner's grant for a real run",
];
