import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { digestOf, sha256Hex } from '../../../domain/canonical.ts';
import { C1Error } from '../../../domain/codes.ts';
import { deltaDigest } from '../../../domain/deltas.ts';
import { C1_DOT_CODES } from '../../../domain/dots.ts';
import { OPERATION_COUNT } from '../../../domain/dry-run.ts';
import { type VerifyKey, verifyKeyOf } from '../../../domain/evidence/keys.ts';
import { EVIDENCE_SCHEMA } from '../../../domain/evidence/statement.ts';
import { STAGING_LABELS } from '../../../domain/label.ts';
import { BAD_INPUTS } from '../../../domain/readiness/bad-input.ts';
import { repeatOf } from '../../../domain/readiness/harness.ts';
import { PREFLIGHT_CHECKS } from '../../../domain/readiness/preflight.ts';
import { type JournalRun, type LedgerEntry, READBACK_SCHEMA } from '../../../domain/readiness/readback.ts';
import { checkAnswer } from '../../../domain/readiness/readback-checks.ts';
import { checksOf, sayingsOf } from '../../../review/evidence/borne-out.ts';
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

const OPERATIONS = Array.from({ length: OPERATION_COUNT }, (_, at) => ({ operation_code: `op_${at + 10}` }));
const MANIFEST = JSON.stringify({ operations: OPERATIONS });

/** The eight with their whole lives. */
function livesOf(): EvidenceDocument['readback']['lifecycle'] {
  const entry = { seq: 1, image_hash: A, entry_hash: A };
  const dots = C1_DOT_CODES.map((dot_code) => ({
    ...{ dot_code, reuse_reason: 'none does it', retire_path: 'its DOT', missing: [] },
    birth: { species: 'gov-canonical-op-vocab', born_by: 'dot', path: 'dot-birth-backfill', at: AT },
    admission: { authority: 'owner', risk_class: 'high', path: 'dot-admission-record', at: AT },
    registration: { file_path: '/opt/incomex/dot/bin', path: 'dot-dot-register', at: AT },
    catalogue: { code: 'CAT-006' as const, counted: 317, live: 317 },
    ledger: { admission: entry, registration: entry },
  }));
  return { dots, orphans: [] };
}

/** A small document that is whole: every field has something in it, and its checks follow from what it holds. */
export function documentOf(changes: Partial<EvidenceDocument> = {}): EvidenceDocument {
  const preflight = PREFLIGHT_CHECKS.map(({ number, name }) => ({
    ...{ number, name, ok: true, expected: 'there', seen: 'there' },
  }));
  const bad_inputs = BAD_INPUTS.map(({ number, name, code, routes }) => ({
    ...{ number, name, code, refused: 1, accepted: 1, routes: [...routes], repeat: repeatOf(number) },
  }));
  const held = { preflight, bad_inputs, readback: readbackOf() };
  const step = { id: 'W8', title: 'Readiness', goal: 'Prove <it> & "more".', commands: ['dot-c1-preflight --cloud'] };
  return {
    ...{ schema: EVIDENCE_SCHEMA, label: [...STAGING_LABELS], ...sayingsOf(STAGING_LABELS), ...held },
    order: {
      ...{ proven_for: PROVEN_FOR, planned: { W4: { dot_tools: 8 } } },
      steps: [{ ...step, retires: [], readback: 'READY', blast_radius: 'none', stops: ['no'], attack: 'fail-open' }],
    },
    checks: [...checksOf(held, 26)],
    ...changes,
  };
}

const PROVEN_FOR = { definitions: { W8: A }, grant_generation: 1, evidence_generation: 1 };

/** A run of the journal, whole by its own digest. */
function runOf(): JournalRun {
  const run = {
    ...{ position: 1, request_id: A, dot_code: 'DOT_DOT_REGISTER', bin: 'dot-dot-register', kind: 'dot', step: 'W4' },
    ...{ direction: 'apply' as const, stack: STACK, resource: 'tool', subject: 'dot_tools/DOT_C1_PREFLIGHT' },
    ...{ deltas: [], code: 'OK_APPLIED' as const, ledger_seq: 1, login: 'dot', started_at: AT, applied_at: AT },
  };
  return { ...run, delta_digest: deltaDigest(run) };
}

export function readbackOf(): EvidenceDocument['readback'] {
  const chain = [...chainOf('dot_tools/DOT_C1_PREFLIGHT', 'species/gov-canonical-op-vocab')];
  const hash = sha256Hex(MANIFEST);
  const target = { system: '7000000000000000000', database: '16384' };
  const counted = {
    baseline: { stack: STACK, status: 'open' as const, journal_position: 0, recorded_at: AT },
    surfaces: [
      {
        ...{ surface: 'dot_tools' as const, kind: 'state' as const, before: 309, planned: 8, applied: 8 },
        ...{ expected: 317, observed: 317, total: 317, digest_before: A, digest_undone: A },
      },
    ],
    steps: [{ step: 'W4', planned: { dot_tools: 8 }, applied: { dot_tools: 8 }, runs: 1 }],
    runs: [runOf()],
    rows: [
      {
        ...{ surface: 'dot_tools' as const, key: 'DOT_C1_PREFLIGHT', stack: STACK, resource: 'tool', step: 'W4' },
        ...{ request_id: A, live: true, written_sha256: A, seen_sha256: A },
      },
    ],
    ledger: { entries: chain.length, at_baseline: 0, runs: 2, head: chain.at(-1)?.entry_hash ?? A, chain },
    gates: { dry_run_only: true, execute_enabled: false, real_run_enabled: false },
    manifest: {
      ...{ bytes: MANIFEST, operations: OPERATION_COUNT, since: AT },
      hashes: { node: hash, postgresql: hash, sha256sum: hash },
    },
    lifecycle: livesOf(),
  };
  const outside = ['bins', 'tools', 'executor', 'grant', 'approvals'].map((name) => ({ name, checked: 1 }));
  return {
    ...{ schema: READBACK_SCHEMA, verdict: 'REHEARSAL READ', read_at: AT, proven_for: PROVEN_FOR, ...counted },
    runtime: {
      ...{ label: [...STAGING_LABELS], target, journal_position: 2, migrations: [] },
      guard: { installed: A, seen: A },
    },
    bins: [{ file: 'dot-kb-write', sha256: A }],
    tools: [],
    executor: { release: 'agent-api-executor-local:c1', digest: A },
    approvals: { required: 'none', deltas: [], allowed_signers: '', requests: [] },
    ...{ grants: [{ auth_code: 'GBA-C1-X', status: 'consumed' }], ownership: [], contracts: [] },
    checks: [{ name: 'integrity', checked: 1 }, ...checkAnswer(counted), ...outside],
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

/** Code of the refusal, or `accepted`. */
export function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof C1Error) return error.code;
    throw error;
  }
  return 'accepted';
}
