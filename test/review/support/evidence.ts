import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { digestOf, sha256Hex } from '../../../domain/canonical.ts';
import { type VerifyKey, verifyKeyOf } from '../../../domain/evidence/keys.ts';
import { EVIDENCE_SCHEMA } from '../../../domain/evidence/statement.ts';
import { STAGING_LABELS } from '../../../domain/label.ts';
import { type LedgerEntry, READBACK_SCHEMA } from '../../../domain/readiness/readback.ts';
import type { EvidenceDocument } from '../../../review/evidence/document.ts';
import { packageOf, writePackage } from '../../../review/evidence/package.ts';

export const STACK = 'dryrun';
const A = 'a'.repeat(64);
const AT = '2026-06-23T10:00:00Z';

export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly verify: VerifyKey;
}

export function keyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return { privateKey, publicKey, verify: verifyKeyOf(publicKey) };
}

/** A chain as the handbook makes it. */
export function chainOf(...subjects: readonly string[]): readonly LedgerEntry[] {
  const chain: LedgerEntry[] = [];
  for (const [at, subject] of subjects.entries()) {
    const fields = {
      ...{ seq: at + 1, subject, entry_kind: 'run', direction: 'apply', dot_code: 'DOT_KB_WRITE', image_hash: A },
      ...{ request_id: A, supersedes: null, prev_hash: chain.at(-1)?.entry_hash ?? '0'.repeat(64) },
      ...{ written_by: 'dot_kb_write', written_at: `${at}.000000` },
    };
    chain.push({ ...fields, entry_hash: digestOf(fields) });
  }
  return chain;
}

const MANIFEST = '{"operations":[]}';

/** A small document that is whole: every field has something in it. */
export function documentOf(changes: Partial<EvidenceDocument> = {}): EvidenceDocument {
  const proven_for = { definitions: { W8: A }, grant_generation: 1 };
  const chain = [...chainOf('dot_tools/DOT_C1_PREFLIGHT', 'species/gov-canonical-op-vocab')];
  const hash = sha256Hex(MANIFEST);
  const target = { system: '7000000000000000000', database: '16384' };
  const step = { id: 'W8', title: 'Readiness', goal: 'Prove <it> & "more".', commands: ['dot-c1-preflight --cloud'] };
  return {
    schema: EVIDENCE_SCHEMA,
    label: [...STAGING_LABELS],
    verdict: 'REHEARSAL GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION',
    result: { engineering: 'PASS', authority: 'NOT PASS', authority_why: 'staging' },
    flags: { READY_FOR_PRODUCTION: 'NO' },
    order: {
      proven_for,
      planned: {},
      steps: [{ ...step, retires: [], readback: 'READY', blast_radius: 'none', stops: ['no'], attack: 'fail-open' }],
    },
    checks: [{ name: 'preflight', repeat: 'dot-c1-preflight --cloud', outcome: 'passed', checked: 8, seen: '8/8' }],
    preflight: [{ number: 1, name: 'surface', ok: true, expected: 'there', seen: 'there' }],
    bad_inputs: [
      {
        ...{ number: 1, name: 'manifest missing', code: 'REJECT_MANIFEST_MISSING', refused: 1, accepted: 1 },
        ...{ routes: ['executor'], repeat: 'dot-c1-bad-input-harness --cloud --case 1' },
      },
    ],
    readback: {
      ...{ schema: READBACK_SCHEMA, verdict: 'REHEARSAL READ', read_at: AT, proven_for },
      runtime: {
        ...{ label: [...STAGING_LABELS], target, journal_position: 2, migrations: [] },
        guard: { installed: A, seen: A },
      },
      baseline: { stack: STACK, status: 'open', journal_position: 0, recorded_at: AT },
      surfaces: [
        {
          ...{ surface: 'dot_tools', kind: 'state', before: 309, planned: 8, applied: 8, expected: 317, observed: 317 },
          ...{ total: 317, digest_before: A, digest_undone: A },
        },
      ],
      steps: [{ step: 'W8', planned: null, applied: {}, runs: 0 }],
      runs: [],
      rows: [],
      ledger: { entries: chain.length, at_baseline: 0, runs: 2, head: chain.at(-1)?.entry_hash ?? A, chain },
      gates: { dry_run_only: true, execute_enabled: false, real_run_enabled: false },
      bins: [{ file: 'dot-kb-write', sha256: A }],
      tools: [],
      executor: { release: 'agent-api-executor-local:c1', digest: A },
      manifest: {
        ...{ bytes: MANIFEST, operations: 14, since: AT },
        hashes: { node: hash, postgresql: hash, sha256sum: hash },
      },
      approvals: { required: 'none', deltas: [], allowed_signers: '', requests: [] },
      ...{ grants: [], ownership: [], contracts: [], lifecycle: { dots: [], orphans: [] } },
      checks: [{ name: 'ledger', checked: chain.length }],
    },
    ...changes,
  };
}

/** A folder for packages, gone with `dispose`. */
export function scratchFolder() {
  const root = mkdtempSync(path.join(tmpdir(), 'c1-evidence-'));
  let made = 0;
  return {
    root,
    /** A new package, whole and signed. */
    package: (keys: KeyPair, document = documentOf()): string => {
      made += 1;
      const folder = path.join(root, `package-${made}`);
      writePackage(folder, packageOf(document, keys.privateKey));
      return folder;
    },
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** What `pulumi stack export` prints of a stack with these answers. */
export function exportOf(stack: string, answers: Readonly<Record<string, object>>): Buffer {
  const resources = Object.entries(answers).map(([name, said]) => ({
    urn: `urn:pulumi:${stack}::c1::c1:step:Evidence$command:local:Command::${name}`,
    outputs: { stdout: JSON.stringify(said) },
  }));
  return Buffer.from(JSON.stringify({ version: 3, deployment: { resources } }));
}
