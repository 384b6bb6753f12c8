import type { Json } from '../domain/canonical.ts';
import { C1Error } from '../domain/codes.ts';
import { type Acceptance, accept, decide } from '../domain/decide.ts';
import { MODES } from '../domain/decision/check.ts';
import type { DecisionState } from '../domain/decision/reads.ts';
import { type Asked, asked } from '../domain/decision/shapes.ts';
import { CONTRACTED_DOT_CODES } from '../domain/dots.ts';
import { assertMade, assertOperations, SEAL } from '../domain/dry-run.ts';
import type { EnteredEvidence } from '../domain/dry-run-authorization.ts';
import { EXECUTOR_ENDPOINT } from '../domain/executor.ts';
import { manifestOf } from '../domain/manifest.ts';
import { contractRow } from '../domain/payloads.ts';
import { pairOf, signaturesFault } from './authorizations.ts';
import type { Body } from './body.ts';
import * as reads from './c1-reads.ts';
import { drift, isEndpointBound } from './contract.ts';
import type { Fixture, FixtureMap, Output, Tools } from './fixture.ts';
import { planFor } from './plans.ts';
import { refuseShape } from './shape.ts';

const BOUND = { endpoint_ref: EXECUTOR_ENDPOINT, contract_status: 'endpoint_bound' };

const FIXTURE: Fixture = { produce: produceC1Vocab, check: checkC1VocabOutput };

/** What C1 adds beside the pair of KG: producer and verifier, each in the modes that `decide` gives it. */
export const C1_FIXTURES: FixtureMap = new Map(CONTRACTED_DOT_CODES.map((code) => [code, FIXTURE]));

/**
 * Answers for the vocabulary of C1, reading only: PLAN_ONLY says whether a dry run could be, DRY_RUN makes one,
 * VERIFY_ONLY checks a manifest against the grant and leaves the grant as it is.
 *
 * @throws C1Error with the code of whatever refuses
 */
export async function produceC1Vocab(body: Body['value'], tools: Tools): Promise<Output> {
  const { authorizations, ...rest } = body;
  // Nowhere but in a dry run is it a field that is known.
  const request = askedOf(rest.mode === 'DRY_RUN' ? rest : body);
  const [rows] = await tools.database.read(reads.c1PlanQuery(request.dot_code));
  if (request.mode === 'PLAN_ONLY' && request.rows === undefined) {
    return planFor(`${JSON.stringify(request)} ${reads.planTextOf(rows)}`, () => {
      const plan = reads.c1PlanOf(rows, request.dot_code);
      return planned(request, plan, reads.planState(plan));
    });
  }
  const plan = reads.c1PlanOf(rows, request.dot_code);
  const [decision, vocabulary, evidence] = await tools.database.read(
    reads.DECISION,
    reads.VOCABULARY,
    ...(request.mode === 'DRY_RUN' ? [reads.ENTERED_EVIDENCE] : []),
  );
  const state = reads.stateOf(decision, vocabulary);
  if (request.mode === 'PLAN_ONLY') return planned(request, plan, state);
  if (request.mode === 'VERIFY_ONLY') return verified(request, plan, state);
  return dryRun(request, plan, state, { authorizations, tools, entered: reads.enteredOf(evidence) });
}

/** Before anything is read: `decide` checks the shape as well, but a database is not asked in vain. */
function askedOf(body: Body['value']): Asked {
  const parsed = asked.safeParse(body);
  if (!parsed.success) throw refuseShape(parsed.error.issues, 'dot_code, mode, and what that mode takes');
  const { mode } = parsed.data;
  if (MODES.some((known) => known === mode)) return parsed.data;
  throw refuseShape([{ path: ['mode'], message: JSON.stringify(mode.slice(0, 80)) }], MODES.join(', '));
}

function decided(request: Asked, { facts, grant, manifest, gates }: DecisionState, authorized = false): Acceptance {
  const known = { ...facts, dry_run_authorized: authorized };
  return accept(decide({ asked: request, facts: known }, grant, manifest, gates));
}

function planned(request: Asked, plan: reads.C1Plan, state: DecisionState): Output {
  decided(request, state);
  const head = headOf(request, plan);
  const endpoint_present = isEndpointBound(plan.contract);
  return {
    ...head,
    endpoint_present,
    true_dry_run_possible: head.validated && endpoint_present && plan.gates.dry_run_only,
    ...tailOf(plan),
  };
}

function verified(request: Asked, plan: reads.C1Plan, state: DecisionState): Output {
  const { auth_code, checks } = decided(request, state);
  return { ...headOf(request, plan), ...tailOf(plan), auth_code, checks };
}

interface DryRunTools {
  readonly authorizations: unknown;
  readonly entered: EnteredEvidence;
  readonly tools: Tools;
}

async function dryRun(request: Asked, plan: reads.C1Plan, state: DecisionState, given: DryRunTools): Promise<Output> {
  const { tools, authorizations, entered } = given;
  const pair = pairOf(authorizations, plan.gates.now, entered);
  if (typeof pair === 'string') throw unauthorized(request, state, pair);
  // Before any program is started for whoever asks: everything else has to be as it should.
  const { auth_code } = decided(request, state, true);
  const fault = await signaturesFault(pair, tools.allowedSigners);
  if (fault !== null) throw unauthorized(request, state, fault);
  assertEndpoint(plan);
  const { VOCABULARY_COUNT, DATABASE_HASH, c1PlanQuery } = reads;
  const [before, rows, hash, after] = await tools.database.read(
    VOCABULARY_COUNT,
    c1PlanQuery(request.dot_code),
    DATABASE_HASH,
    VOCABULARY_COUNT,
  );
  const made = reads.c1PlanOf(rows, request.dot_code);
  return {
    ...headOf(request, made),
    ...tailOf(made),
    manifest: manifestOf(made.operations) as unknown as Json,
    database_hash: String(reads.answerOf(hash)),
    seal: SEAL,
    rows_before: Number(reads.answerOf(before)),
    rows_after: Number(reads.answerOf(after)),
    auth_code,
  };
}

/** @throws C1Error HOLD_ENDPOINT_MISSING */
function assertEndpoint({ contract }: reads.C1Plan): void {
  if (isEndpointBound(contract)) return;
  const seen = `${contract.dot_code} with endpoint_ref ${contract.endpoint_ref}, ${contract.contract_status}`;
  throw new C1Error('HOLD_ENDPOINT_MISSING', { seen, expected: 'a contract with an endpoint that is bound' });
}

/** What is decided without authorizations; where nothing but them is missing, what is wrong with them is said. */
function unauthorized(request: Asked, state: DecisionState, fault: string): unknown {
  const refused = (cause: unknown) =>
    new C1Error('HOLD_DRYRUN_NOT_AUTHORIZED', { seen: fault, expected: 'both signed authorizations' }, { cause });
  try {
    decided(request, state, false);
  } catch (cause) {
    return cause instanceof C1Error && cause.code === 'HOLD_DRYRUN_NOT_AUTHORIZED' ? refused(cause) : cause;
  }
  return refused(undefined);
}

function headOf({ dot_code, mode }: Asked, plan: reads.C1Plan) {
  return { dot_code, mode, validated: isOwnContract(plan) };
}

function tailOf({ operations, hash, writesDb }: reads.C1Plan) {
  return { writes_db: writesDb, write_obs: false, operations: operations.length, manifest_hash: hash };
}

/** Every column as W5 bound it; whether there is an endpoint is said apart. */
function isOwnContract({ contract }: reads.C1Plan): boolean {
  const unbound = contract.role === 'producer' && !isEndpointBound(contract);
  return contractRow.safeParse(unbound ? { ...contract, ...BOUND } : contract).success;
}

/**
 * Nothing that is not whole leaves the service.
 *
 * @throws C1Error HOLD_DRIFT, REJECT_ACTION_SET_MISMATCH, HOLD_MANIFEST_NOT_REPRODUCED, HOLD_COUNTER_DRIFT
 */
export function checkC1VocabOutput(output: Output): void {
  const { validated, writes_db, write_obs, operations, mode } = output;
  if (validated !== true || writes_db !== false || write_obs !== false) {
    throw drift('a contract of C1 that is not as it was bound', 'the contract as W5 bound it');
  }
  assertOperations(operations);
  if (mode === 'DRY_RUN') assertMade(output);
}
