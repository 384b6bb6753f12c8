import type { Client } from 'pg';
import { type Json, sameJson } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { type Delta, deltaDigest, type RowRef, refOf, type ScopeRef } from '../../domain/deltas.ts';
import { type DotCode, dotOf } from '../../domain/dots.ts';
import type { DotPlan, Plan } from '../../domain/plans/plan.ts';
import { type RefsAnswer, rowOf, type Snapshot, snapshotOf } from '../../domain/snapshot.ts';
import { callGateway, type GatewayCall, gatewayCall, rowCalls } from './gateway.ts';
import { type RunInput, type RunRequest, requestOf } from './request.ts';

/** `consume` is the one use of a grant; it needs the authorizations of a dry run, which the bin checks. */
export type RunKind = 'step' | 'propose' | 'vote' | 'consume';

/** A DOT as its bin runs it: the plan, and the gateway calls that make the planned deltas happen. */
export interface DotProgram<P> {
  readonly plan: DotPlan<P>;
  /** The calls for a plan; the rows' own functions where it has none. */
  readonly calls?: (input: RunInput<P>, deltas: readonly Delta[], snapshot: Snapshot) => readonly GatewayCall[] | null;
  /** How the run is journalled: a step needs an approved plan, a request and a vote do not. */
  readonly kind?: RunKind | ((input: RunInput<P>) => RunKind);
  /** What happens outside the database, e.g. to files. Idempotent: a NOOP completes what an earlier run left undone. */
  readonly effects?: (client: Client, input: RunInput<P>, snapshot: Snapshot) => Promise<Effects>;
}

/** Done after the last write and before the commit, so that a killed run is simply run again; undone when nothing was committed. */
export interface Effects {
  readonly place: () => void;
  readonly undo: () => void;
}

export interface RunResult {
  readonly code: 'OK_APPLIED' | 'OK_PLANNED' | 'NOOP_ALREADY_THERE' | 'NOOP_NOT_OURS' | 'NOOP_CLAIM_MOVED';
  readonly deltas: readonly Delta[];
  readonly requestId: string | null;
  readonly readback: Json;
}

/** Called once the request is known, so that an interrupted run can name it. */
export type OnRequest = (requestId: string) => void;

interface RunOptions {
  readonly dryRun: boolean;
  readonly onRequest: OnRequest;
}

interface Planned {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
}

/**
 * Runs a DOT: plan on live rows, journal the intent by itself, then one transaction that re-plans, opens the run, writes,
 * closes it and reads back (architecture.md, decision 3).
 *
 * @throws C1Error whatever the plan or the gateway stops with; HOLD_PRESTATE_MOVED when rows moved between plan and write
 */
export async function runDot<P extends Json>(
  client: Client,
  program: DotProgram<P>,
  input: RunInput<P>,
  options: RunOptions,
): Promise<RunResult> {
  const planned = await planNow(client, program.plan, input);
  if (planned.plan.kind === 'noop') {
    if (!options.dryRun) (await program.effects?.(client, input, planned.snapshot))?.place();
    return noop(planned, subjectOf(program.plan, input, planned), planned.plan.code);
  }
  if (options.dryRun) return dryRun(planned.plan);
  if (planned.plan.kind === 'takeClaim') return takeClaim(client, input, planned.plan.refs);
  const request = requestOf(input, subjectOf(program.plan, input, planned), planned.plan.deltas, planned.snapshot);
  options.onRequest(request.requestId);
  const state = await call<string>(client, 'declare_run', [
    input.dot,
    kindOf(program, input),
    request.body,
    request.deltaDigest,
  ]);
  if (state === 'applied') return alreadyApplied(client, program.plan, input, request);
  return write(client, program, input, request);
}

function kindOf<P>({ kind = 'step' }: DotProgram<P>, input: RunInput<P>): RunKind {
  return typeof kind === 'function' ? kind(input) : kind;
}

async function planNow<P>(client: Client, plan: DotPlan<P>, input: RunInput<P>): Promise<Planned> {
  const snapshot = await readSnapshot(client, plan.scope(input.payload));
  return { snapshot, plan: plan[input.direction](snapshot, input.payload, input.claimant) };
}

export async function readSnapshot(client: Client, refs: readonly ScopeRef[]): Promise<Snapshot> {
  return snapshotOf(refs, await call<RefsAnswer>(client, 'read_refs', [JSON.stringify(refs)]));
}

async function write<P extends Json>(
  client: Client,
  program: DotProgram<P>,
  input: RunInput<P>,
  request: RunRequest,
): Promise<RunResult> {
  await client.query('begin');
  const state = await call<string>(client, 'open_run', [
    input.dot,
    kindOf(program, input),
    request.body,
    request.deltaDigest,
  ]);
  if (state === 'applied') {
    await client.query('rollback');
    return alreadyApplied(client, program.plan, input, request);
  }
  const { deltas, snapshot } = await replan(client, program.plan, input, request);
  const effects = await program.effects?.(client, input, snapshot);
  for (const one of program.calls?.(input, deltas, snapshot) ?? rowCalls(deltas)) await callGateway(client, one);
  const closed = await call<{ readonly ledgerSeq: number | null }>(client, 'close_run', [request.requestId]);
  const readback = { ...(await readBack(client, deltas)), ledgerSeq: closed.ledgerSeq };
  await commitWith(client, input.dot, request, effects);
  return { code: 'OK_APPLIED', deltas, requestId: request.requestId, readback };
}

/** The run is open, its row is locked: the rows must still be the ones that the intent was journalled with. */
async function replan<P>(
  client: Client,
  plan: DotPlan<P>,
  input: RunInput<P>,
  request: RunRequest,
): Promise<{ readonly deltas: readonly Delta[]; readonly snapshot: Snapshot }> {
  const { plan: again, snapshot } = await planNow(client, plan, input);
  const deltas = again.kind === 'change' ? again.deltas : [];
  if (deltaDigest({ ...input, deltas }) === request.deltaDigest) return { deltas, snapshot };
  throw new C1Error('HOLD_PRESTATE_MOVED', {
    seen: `other rows than those of request ${request.requestId}`,
    expected: 'the rows that were planned',
  });
}

/** Reads every changed row again inside the transaction; what differs rolls the change back. */
async function readBack(client: Client, deltas: readonly Delta[]): Promise<{ readonly rows: number }> {
  const refs = deltas.map(({ surface, key }) => ({ surface, key }));
  const snapshot = await readSnapshot(client, refs);
  const different = deltas.find((delta) => !sameJson(rowOf(snapshot, delta)?.image ?? null, delta.after));
  if (different === undefined && deltas.length > 0) return { rows: deltas.length };
  throw new C1Error('HOLD_PRESTATE_MOVED', {
    seen: `a readback without ${different === undefined ? 'rows' : refOf(different)}`,
    expected: 'every row as it was written',
  });
}

/** Files first: what a kill leaves then is files that the next run finds done, never rows that claim files. */
async function commitWith(client: Client, dot: DotCode, request: RunRequest, effects?: Effects): Promise<void> {
  effects?.place();
  try {
    await commit(client, dot, request);
  } catch (cause) {
    const isOpen = cause instanceof C1Error && cause.code === 'HOLD_OUTCOME_UNKNOWN';
    if (!isOpen) effects?.undo();
    throw cause;
  }
}

/** A connection that breaks during the commit leaves the outcome open: the journal knows it. */
async function commit(client: Client, dot: DotCode, request: RunRequest): Promise<void> {
  try {
    await client.query('commit');
  } catch (cause) {
    // A refusal by a deferred guard is an answer; only a lost connection leaves the outcome open.
    if (cause instanceof Error && 'severity' in cause && cause.severity === 'ERROR') throw cause;
    throw new C1Error(
      'HOLD_OUTCOME_UNKNOWN',
      {
        seen: `no answer to the commit of request ${request.requestId}`,
        expected: 'committed or rolled back',
        next: statusCommand(dot, request.requestId),
      },
      { cause },
    );
  }
}

async function takeClaim<P>(client: Client, input: RunInput<P>, refs: readonly RowRef[]): Promise<RunResult> {
  const { stack, resource } = input.claimant;
  await call(client, 'take_claim', [input.dot, JSON.stringify(refs), stack, resource]);
  return { code: 'NOOP_CLAIM_MOVED', deltas: [], requestId: null, readback: { rows: refs.length } };
}

async function alreadyApplied<P>(
  client: Client,
  plan: DotPlan<P>,
  input: RunInput<P>,
  request: RunRequest,
): Promise<RunResult> {
  const again = await planNow(client, plan, input);
  if (again.plan.kind === 'noop') return noop(again, subjectOf(plan, input, again), again.plan.code);
  throw new C1Error('HOLD_PRESTATE_MOVED', {
    seen: `request ${request.requestId} applied, and yet rows to change`,
    expected: 'the rows as that request left them',
  });
}

function subjectOf<P>(plan: DotPlan<P>, { payload }: RunInput<P>, { snapshot }: Planned): RowRef {
  return plan.subject(payload, snapshot);
}

function noop(planned: Planned, subject: RowRef, code: 'NOOP_ALREADY_THERE' | 'NOOP_NOT_OURS'): RunResult {
  const requestId = planned.snapshot.claims.get(refOf(subject))?.requestId ?? null;
  return { code, deltas: [], requestId, readback: { rows: planned.snapshot.rows.size } };
}

function dryRun(plan: Exclude<Plan, { readonly kind: 'noop' }>): RunResult {
  const deltas = plan.kind === 'change' ? plan.deltas : [];
  return { code: 'OK_PLANNED', deltas, requestId: null, readback: null };
}

function call<T>(client: Client, name: string, args: readonly unknown[]): Promise<T> {
  return callGateway(client, gatewayCall(name, args));
}

/** What tells whether a request was applied. */
export function statusCommand(dot: DotCode, requestId: string): string {
  return `${dotOf(dot).bin} --status ${requestId}`;
}
