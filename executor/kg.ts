import * as z from 'zod/mini';
import { SEAL } from '../domain/dry-run.ts';
import { type Contract, drift, isEndpointBound, planOf, planQuery } from './contract.ts';
import type { Fixture, FixtureMap, Output, Tools } from './fixture.ts';
import { refuseShape } from './shape.ts';

/**
 * The pair that was there before C1. Its answer, once and for all: what the contract says, whether its endpoint is bound,
 * and that nothing was written; for the contract's own mode also the seal of a dry run.
 */
const KG_NAMESPACE = 'DRYRUN-NS:dot:kg:explain';

interface Side {
  readonly code: string;
  readonly pair: string;
  readonly role: Contract['role'];
  readonly mode: 'DRY_RUN' | 'VERIFY_ONLY';
}

const SIDES: readonly Side[] = [
  { code: 'DOT_KG_EXPLAIN', pair: 'DOT_KG_EXPLAIN_VERIFY', role: 'producer', mode: 'DRY_RUN' },
  { code: 'DOT_KG_EXPLAIN_VERIFY', pair: 'DOT_KG_EXPLAIN', role: 'verifier', mode: 'VERIFY_ONLY' },
];

export const KG_FIXTURES: FixtureMap = new Map(SIDES.map((side) => [side.code, fixtureOf(side)]));

function fixtureOf(side: Side): Fixture {
  const asked = z.strictObject({ dot_code: z.literal(side.code), mode: z.enum(['PLAN_ONLY', side.mode]) });
  return {
    produce: (body, tools) => produceKg(side, askedMode(asked.safeParse(body)), tools),
    check: checkKgOutput,
  };
}

type Asked = z.core.util.SafeParseResult<{ readonly mode: 'PLAN_ONLY' | Side['mode'] }>;

function askedMode(asked: Asked): string {
  if (asked.success) return asked.data.mode;
  throw refuseShape(asked.error.issues, 'dot_code and mode');
}

async function produceKg(side: Side, mode: string, { database }: Tools): Promise<Output> {
  const [rows] = await database.read(planQuery(side.code));
  const { contract, gates, writesDb } = planOf(rows?.[0], side.code);
  const endpoint_present = isEndpointBound(contract);
  return {
    dot_code: side.code,
    mode,
    validated: isOwn(contract, side),
    endpoint_present,
    true_dry_run_possible: endpoint_present && gates.dry_run_only,
    writes_db: writesDb,
    write_obs: false,
    ...(mode === 'PLAN_ONLY' ? {} : { output_namespace: contract.output_namespace, seal: SEAL }),
  };
}

function isOwn({ role, paired_dot, mode, output_namespace, no_mutation_assertion }: Contract, side: Side): boolean {
  const isPair = role === side.role && paired_dot === side.pair && mode === side.mode;
  return isPair && output_namespace === KG_NAMESPACE && no_mutation_assertion;
}

/** @throws C1Error HOLD_DRIFT */
export function checkKgOutput({ validated, writes_db, write_obs }: Output): void {
  if (validated === true && writes_db === false && write_obs === false) return;
  throw drift('a contract of KG that is not as it was', 'the contract under which KG has always answered');
}
