import * as z from 'zod/mini';
import { STEP_IDS } from '../steps/step.ts';
import { SURFACE_NAMES } from '../surfaces.ts';
import '../english.ts';
import { lifecycles } from './lifecycle.ts';
import { occasion } from './occasion.ts';

/**
 * What `dot-c1-evidence-readback --cloud --whole` answers (readiness.md, "Evidence package"): everything that the runtime
 * itself can say, of one snapshot. With the definitions of the steps, the 24 results and the preflight it is the evidence.
 */
export const READBACK_SCHEMA = 'c1-evidence-readback/1';

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const count = z.int().check(z.nonnegative());
const time = z.string();
const image = z.nullable(z.record(z.string(), z.json()));
const surface = z.enum(SURFACE_NAMES);
const counts = z.partialRecord(surface, z.int());

/** What the readback is asked: for what it is proven, and the planned net live rows of each step and surface. */
export const readbackRequest = z.extend(occasion, { planned: z.partialRecord(z.enum(STEP_IDS), counts) });
export type ReadbackRequest = z.infer<typeof readbackRequest>;

/**
 * One surface. `expected` is `before` and what the journal's runs since the baseline add; of the handbook entries are
 * counted, of every other surface live rows. `planned` is what the steps are to add in all, null where nobody said.
 */
export const surfaceCount = z.strictObject({
  surface,
  kind: z.enum(['state', 'history', 'catalog', 'outside']),
  before: count,
  planned: z.nullable(z.int()),
  applied: z.int(),
  expected: count,
  observed: count,
  total: count,
  /** Digest of the rows at the baseline, and of the rows now with what runs did since undone; null outside the database. */
  digest_before: z.nullable(sha256),
  digest_undone: z.nullable(sha256),
});
export type SurfaceCount = z.infer<typeof surfaceCount>;

/** A step as the journal has it: net live rows per surface as planned and as applied, and how many runs made them. */
export const stepCount = z.strictObject({
  step: z.string(),
  planned: z.nullable(counts),
  applied: counts,
  runs: count,
});

const delta = z.strictObject({
  surface,
  key: z.string(),
  op: z.enum(['insert', 'update', 'reinstate', 'retire']),
  before: image,
  after: image,
});

/**
 * A run of the journal since the baseline. `deltas` are what really changed, which the gateway compared with the plan;
 * `code` is null where nothing was committed: the run was refused, killed, or made again under the same id.
 */
export const journalRun = z.strictObject({
  position: z.nullable(z.int()),
  request_id: sha256,
  dot_code: z.string(),
  bin: z.string(),
  kind: z.string(),
  step: z.string(),
  direction: z.enum(['apply', 'retire']),
  stack: z.string(),
  resource: z.string(),
  subject: z.string(),
  deltas: z.array(delta),
  delta_digest: sha256,
  code: z.nullable(z.literal('OK_APPLIED')),
  ledger_seq: z.nullable(z.int()),
  login: z.string(),
  started_at: time,
  applied_at: z.nullable(time),
});
export type JournalRun = z.infer<typeof journalRun>;

/** A row that a resource owns now, read back: as its DOT last wrote it and as it is are the same digest. */
export const ownedRow = z.strictObject({
  surface,
  key: z.string(),
  stack: z.string(),
  resource: z.string(),
  step: z.string(),
  request_id: z.string(),
  live: z.boolean(),
  written_sha256: sha256,
  seen_sha256: sha256,
});

/**
 * An entry of the handbook with every field that its hash is of: SHA-256 of the canonical JSON of all but `entry_hash`.
 * `written_at` is in seconds since 1970 as PostgreSQL writes them.
 */
export const ledgerEntry = z.strictObject({
  seq: z.int(),
  subject: z.string(),
  entry_kind: z.string(),
  direction: z.string(),
  dot_code: z.string(),
  image_hash: sha256,
  request_id: z.nullable(z.string()),
  supersedes: z.nullable(z.int()),
  prev_hash: sha256,
  entry_hash: sha256,
  written_by: z.string(),
  written_at: z.string(),
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;

const row = z.record(z.string(), z.json());

const vote = z.strictObject({ voter: z.string(), decision: z.string(), signature: z.string(), at: time });
/** A request with its votes; a patch's content stands there by its digest. */
export const approvalRequest = z.strictObject({
  apr_code: z.string(),
  request_type: z.string(),
  action_code: z.string(),
  risk_class: z.string(),
  status: z.string(),
  proposed_action: z.json(),
  proposer: z.string(),
  proposer_signature: z.string(),
  created_at: time,
  applied_at: z.nullable(time),
  quorum: z.boolean(),
  votes: z.array(vote),
});

export const evidenceReadback = z.strictObject({
  schema: z.literal(READBACK_SCHEMA),
  verdict: z.string(),
  read_at: time,
  /** Null where a person asks. */
  proven_for: z.nullable(occasion),
  runtime: z.strictObject({
    label: z.array(z.string()),
    target: z.strictObject({ system: z.string(), database: z.string() }),
    /** Position of the journal that the snapshot is of. */
    journal_position: count,
    guard: z.strictObject({ installed: sha256, seen: sha256 }),
    migrations: z.array(z.strictObject({ migration: z.string(), sha256 })),
  }),
  baseline: z.strictObject({
    stack: z.string(),
    status: z.literal('open'),
    journal_position: count,
    recorded_at: time,
  }),
  surfaces: z.array(surfaceCount),
  steps: z.array(stepCount),
  runs: z.array(journalRun),
  rows: z.array(ownedRow),
  /** The whole chain, first entry first. */
  ledger: z.strictObject({
    entries: count,
    at_baseline: count,
    runs: count,
    head: sha256,
    chain: z.array(ledgerEntry),
  }),
  gates: z.strictObject({ dry_run_only: z.boolean(), execute_enabled: z.boolean(), real_run_enabled: z.boolean() }),
  /** Every file of the DOT folder that install and applied patches left, with the digest of its bytes now. */
  bins: z.array(z.strictObject({ file: z.string(), sha256 })),
  /** The live tool rows of C1, with the digest of the row and of the file. */
  tools: z.array(z.strictObject({ code: z.string(), file: z.string(), row_sha256: sha256, file_sha256: sha256 })),
  executor: z.strictObject({ release: z.string(), digest: sha256 }),
  manifest: z.strictObject({
    /** The exact bytes, which are canonical JSON in UTF-8. */
    bytes: z.string(),
    operations: count,
    since: time,
    hashes: z.strictObject({ node: sha256, postgresql: sha256, sha256sum: sha256 }),
  }),
  approvals: z.strictObject({
    /** Whether steps need an approved delta in this runtime. */
    required: z.nullable(z.string()),
    deltas: z.array(row),
    /** Names and public keys of who may sign, as their file has them. */
    allowed_signers: z.string(),
    requests: z.array(approvalRequest),
  }),
  /** Rows as they are, with everything that only the runtime can make. */
  grants: z.array(row),
  ownership: z.array(row),
  contracts: z.array(row),
  lifecycle: lifecycles,
  /** What was checked, and how much of it; never zero. */
  checks: z.array(z.strictObject({ name: z.string(), checked: z.int().check(z.positive()) })),
});
export type EvidenceReadback = z.infer<typeof evidenceReadback>;

/** What it answers without `--whole`, within what a line of a command may be: the verdict, the counts, and what to hold against. */
export const readbackSummary = z.strictObject({
  schema: z.literal(READBACK_SCHEMA),
  verdict: z.string(),
  proven_for: z.nullable(occasion),
  surfaces: z.array(z.strictObject({ surface, before: count, expected: count, observed: count })),
  runs: count,
  ledger_head: sha256,
  manifest_hash: sha256,
  checks: z.array(z.strictObject({ name: z.string(), checked: z.int().check(z.positive()) })),
});
export type ReadbackSummary = z.infer<typeof readbackSummary>;
