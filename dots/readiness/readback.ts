import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import * as z from 'zod/mini';
import { digestOf } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { EXECUTOR_ROW } from '../../domain/executor.ts';
import { verdictOf } from '../../domain/label.ts';
import { manifestBytes } from '../../domain/manifest.ts';
import {
  type EvidenceReadback,
  evidenceReadback,
  READBACK_SCHEMA,
  type ReadbackRequest,
} from '../../domain/readiness/readback.ts';
import { checkAnswer } from '../../domain/readiness/readback-checks.ts';
import { assertIntegrity, type RuntimeState } from '../../domain/runtime-state.ts';
import { assertQuorum, readRequest, readVotes } from '../kernel/approvals.ts';
import type { RuntimeConfig } from '../kernel/connection.ts';
import { callGateway } from '../kernel/gateway.ts';
import { signersOf } from '../kernel/ssh.ts';
import { assertBins } from '../reader/bins.ts';
import { assertBaselineOpen } from '../reader/checks.ts';
import { assertExecutor, withExecutor } from '../reader/executor.ts';
import { assertGrant } from '../reader/grant.ts';
import { parseState } from '../reader/read-state.ts';
import { assertSummed } from '../vocab/files.ts';
import { readState } from '../vocab/state.ts';
import { readLifecycles } from './lifecycle.ts';
import type { Places } from './places.ts';
import { type ReadParts, readParts } from './readback-reads.ts';

interface Read {
  readonly state: RuntimeState;
  readonly parts: ReadParts;
  readonly executor: EvidenceReadback['executor'];
}

/**
 * Everything that the evidence says of the runtime, once all of it was checked.
 *
 * @param client in a transaction that only reads, of one snapshot
 * @param request null where a person asks: then nothing is held against a plan
 * @throws C1Error HOLD_BASELINE_MISSING; HOLD_COUNTER_DRIFT naming surface, expected and observed; whatever a readback of the
 * steps before stops with
 */
export async function readEvidence(
  client: Client,
  config: RuntimeConfig,
  places: Places,
  request: ReadbackRequest | null,
): Promise<EvidenceReadback> {
  // A program of its own, which runs while the database is asked.
  const deploy = assertExecutor(places.executor, config.limits.answer);
  deploy.catch(() => {});
  const state = parseState(await callGateway(client, { sql: 'select iu_core.read_state() as answer', args: [] }));
  assertBaselineOpen(state);
  const read = deployed(places.executor, state, await readParts(client));
  const integrity = assertIntegrity(read.state);
  const [manifest, lifecycle] = [await manifestIn(client), await readLifecycles(client)];
  const found = { ...runtimeOf(config, read), ...countsOf(read, request), manifest, lifecycle };
  const looked = checkAnswer(found);
  const approvals = await approvalsIn(client, config, read);
  const checks = [
    ...[{ name: 'integrity', checked: integrity }, ...looked],
    { name: 'bins', checked: assertBins(places.bins, Object.keys(state.bins ?? {}), state.bins ?? {}) },
    { name: 'tools', checked: read.parts.tools.length },
    { name: 'executor', checked: await deploy },
    { name: 'grant', checked: await assertGrant(client) },
    { name: 'approvals', checked: approvals.checked },
  ];
  const { planned: _, ...provenFor } = request ?? { planned: null };
  return whole({
    ...{ schema: READBACK_SCHEMA, verdict: verdictOf(config.label, verdictFor(request)), read_at: read.parts.read_at },
    proven_for: request === null ? null : (provenFor as EvidenceReadback['proven_for']),
    ...found,
    ...{ executor: read.executor, approvals: approvals.said, checks },
  });
}

function verdictFor(request: ReadbackRequest | null): string {
  return request === null ? 'READBACK WHOLE, held against no plan' : 'READBACK WHOLE';
}

/** An empty check proves nothing, and an answer of another shape is none. */
function whole(answer: unknown): EvidenceReadback {
  const parsed = evidenceReadback.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new C1Error('ERROR_READ_FAILED', {
    seen: z.prettifyError(parsed.error),
    expected: 'a whole evidence readback',
  });
}

/** @throws C1Error HOLD_EXECUTOR_RELEASE while none for C1 is in use */
function deployed(folder: string, state: RuntimeState, parts: ReadParts): Read {
  const nothing = { rows: [], claims: [], runs: [], counts: [] };
  const found = withExecutor(folder, [EXECUTOR_ROW], { state, refs: nothing });
  const [row] = found.refs.rows;
  if (row === undefined) {
    throw new C1Error('HOLD_EXECUTOR_RELEASE', {
      seen: 'no release for C1 in use',
      expected: 'the one that W6 deploys',
    });
  }
  const { release, digest } = row.image;
  return { state: found.state, parts, executor: { release: String(release), digest: String(digest) } };
}

function runtimeOf(config: RuntimeConfig, { state, parts }: Read) {
  const { target, guard } = state;
  return {
    runtime: { ...{ label: config.label, target, guard }, ...picked(parts) },
    gates: parts.gates,
    bins: Object.entries(state.bins ?? {}).map(([file, sha256]) => ({ file, sha256 })),
    tools: parts.tools.map(({ code, file, image }) => ({
      ...{ code, file, row_sha256: digestOf(image), file_sha256: state.bins?.[file] },
    })),
    ...{ grants: parts.grants, ownership: parts.ownership, contracts: parts.contracts },
  };
}

function picked({ migrations, journal_position }: ReadParts) {
  return { migrations, journal_position };
}

/** Counters, steps, runs, rows and chain: what is checked as one answer. */
function countsOf({ state, parts }: Read, request: ReadbackRequest | null) {
  const { ledger, baseline } = state;
  return {
    baseline: {
      ...{ stack: baseline?.stack ?? '', status: 'open' as const, recorded_at: parts.baseline_at },
      journal_position: baseline?.position ?? 0,
    },
    surfaces: surfacesOf(state, parts, request),
    steps: stepsOf(state, parts, request),
    runs: [...parts.runs],
    rows: parts.rows.map(({ written, seen, ...row }) => ({
      ...{ ...row, written_sha256: digestOf(written), seen_sha256: digestOf(seen) },
    })),
    ledger: {
      ...{ entries: ledger.entries, at_baseline: ledger.atBaseline, runs: ledger.runs, head: ledger.head ?? '' },
      chain: [...parts.chain],
    },
  };
}

function surfacesOf(state: RuntimeState, parts: ReadParts, request: ReadbackRequest | null) {
  const before = { ...state.baseline?.counters, dot_ledger: state.ledger.atBaseline };
  const outside = {
    ...{ ...EXECUTOR_ROW, kind: 'outside' as const, digest_before: null, digest_undone: null },
    ...{ live: state.counters.executor_image?.live ?? 0, total: state.counters.executor_image?.total ?? 0 },
    applied: state.stepDeltas.W6?.executor_image ?? 0,
  };
  return [...parts.surfaces, outside].map(({ surface, kind, live, total, applied, digest_before, digest_undone }) => {
    const start = (before as Readonly<Record<string, number>>)[surface] ?? 0;
    const planned = request === null ? null : plannedOf(request, surface);
    const counted = { before: start, planned, applied, expected: start + applied, observed: live, total };
    return { surface, kind, ...counted, digest_before, digest_undone };
  });
}

function plannedOf({ planned }: ReadbackRequest, surface: EvidenceReadback['surfaces'][number]['surface']): number {
  return Object.values(planned).reduce((sum, rows) => sum + (rows[surface] ?? 0), 0);
}

function stepsOf({ stepDeltas }: RuntimeState, { runs }: ReadParts, request: ReadbackRequest | null) {
  const named: Readonly<Record<string, Readonly<Record<string, number>>>> = request?.planned ?? {};
  const all = new Set([...Object.keys(named), ...Object.keys(stepDeltas), ...runs.map(({ step }) => step)]);
  return [...all].map((step) => ({
    ...{ step, planned: named[step] ?? null, applied: stepDeltas[step] ?? {} },
    runs: runs.filter((run) => run.step === step && run.code !== null).length,
  }));
}

/** Three computations that agree: Node's, PostgreSQL's over its own bytes, the program's. */
async function manifestIn(client: Client): Promise<EvidenceReadback['manifest']> {
  const { manifest, databaseHash } = await readState(client);
  const bytes = manifestBytes(manifest.manifest.operations);
  assertSummed(bytes, manifest.hash);
  if (databaseHash === null) {
    const seen = 'no function of the manifest';
    throw new C1Error('HOLD_MANIFEST_NOT_REPRODUCED', { seen, expected: 'three computations' });
  }
  return {
    ...{ bytes: bytes.toString('utf8'), operations: manifest.manifest.operations.length, since: manifest.since },
    hashes: { node: manifest.hash, postgresql: databaseHash, sha256sum: manifest.hash },
  };
}

/** Every request that was acted on was signed by its proposer and by its quorum, whatever became of a key since. */
async function approvalsIn(client: Client, { secretsDir }: RuntimeConfig, { state, parts }: Read) {
  const signers = signersOf(secretsDir);
  let checked = 0;
  for (const { apr_code, status } of parts.requests) {
    if (status !== 'applied') continue;
    const request = await readRequest(client, apr_code);
    checked += 1 + assertQuorum(signers, request, await readVotes(client, apr_code), { undoes: true }).length;
  }
  const allowed_signers = readFileSync(join(signers.folder, 'allowed_signers'), 'utf8');
  const required = state.approvals;
  return { checked, said: { required, deltas: parts.approved, requests: parts.requests, allowed_signers } };
}
