import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import type { Client } from 'pg';
import * as z from 'zod/mini';
import type { ScopeRef } from '../../domain/deltas.ts';
import { EVIDENCE_FOLDER } from '../../domain/evidence/record.ts';
import { LABEL_LINE, verdictOf } from '../../domain/label.ts';
import { parseStep } from '../../domain/names.ts';
import { parsePayload } from '../../domain/payloads.ts';
import { assertPrewrite, PREWRITE_REFS } from '../../domain/prewrite.ts';
import { liveC1Tools } from '../../domain/registrar.ts';
import { assertIntegrity, type RuntimeState } from '../../domain/runtime-state.ts';
import { type RefsAnswer, snapshotOf } from '../../domain/snapshot.ts';
import { READER_CHECKS, type ReaderCheck } from '../../domain/steps/step.ts';
import { SURFACE_NAMES } from '../../domain/surfaces.ts';
import { BEGIN_READ, type RuntimeConfig, readRuntimeConfig, withConnection } from '../kernel/connection.ts';
import { type PlanStatements, readPlanStatements } from '../kernel/plan-approvals.ts';
import { perform, runProgram } from '../kernel/program.ts';
import { readStandardInput } from '../kernel/standard-input.ts';
import { discard, writeWhole } from './answer-file.ts';
import { assertStepApproved } from './approval.ts';
import { assertBins, assertFolder, assertRestored } from './bins.ts';
import { assertChannel } from './channel.ts';
import { type CheckResult, checkGate, checkOpen, checkRetire, checkRetired } from './checks.ts';
import { assertExecutor, insideRefs, withExecutor } from './executor.ts';
import { assertHandler, HANDLER_REQUESTS } from './handler.ts';
import { LOGIN, one, readDatabase } from './read-state.ts';
import { assertRegistrar } from './registrar.ts';

/**
 * The read-only program behind preview, open and gate: no DOT, never staged, logs in as auditor_ro and cannot write
 * (steps.md, "Shape of a step"). A failed read is a stop, never "row absent".
 */
const VERSION = '1.0.0';
const STEP_FLAG = '--step <step>';

const binName = z.string().check(z.regex(/^[a-z][a-z0-9-]*$/));
// A request that checks no bin would pass for one that checked them all.
const bins = z.array(binName).check(z.minLength(1));
const surface = z.enum(SURFACE_NAMES);
const snapshotRequest = z.strictObject({
  refs: z.array(
    z.union([
      z.strictObject({ surface, key: z.string() }),
      z.strictObject({ surface, prefix: z.string() }),
      z.strictObject({ surface, count: z.literal('live') }),
    ]),
  ),
  bins,
  /** Bins that a step of this program brings: checked as soon as they are there by the records. */
  staged: z._default(z.array(binName), []),
});
const checks = z._default(z.array(z.enum(READER_CHECKS)), []);
const openRequest = z.strictObject({
  bins,
  checks,
  /** What owners have to have approved: the step as it is declared; absent where the stack asks for none. */
  approval: z.optional(z.strictObject({ stack: z.string(), definition: z.string().check(z.regex(/^[0-9a-f]{64}$/)) })),
});
const gateRequest = z.strictObject({
  expected: z.partialRecord(surface, z.int()),
  checks,
  /** SHA-256 of what the step's rows are asked; it is there so that a readback after a change is another one than before. */
  rows: z.optional(z.string().check(z.regex(/^[0-9a-f]{64}$/))),
});

/** What a check does beside what its request says. */
interface Further<T> {
  readonly checks: readonly ReaderCheck[];
  readonly alongside: Alongside<T>;
}
type Alongside<T> = (client: Client) => Promise<T>;
const NOTHING: Alongside<null> = async () => null;

/** Every tool row of C1 by its code, retired ones too. */
const C1_TOOLS = { surface: 'dot_tools', prefix: 'DOT_C1_' } as const;

const home = dirname(realpathSync(process.argv[1] ?? ''));
const dotFolder = join(home, '..', 'opt', 'incomex', 'dot');
const executorFolder = join(home, '..', 'opt', 'incomex', 'executor');

main();

function main(): void {
  const command = new Command('c1-reader')
    .description(`Read-only checks of the governed runtime. Embedded runtime: ${LABEL_LINE}.`)
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  const sub = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
  sub('snapshot', 'rows, claims and state of one database snapshot, as a JSON file')
    .requiredOption('--out <file>', 'where to write it')
    .action(({ out }: { out: string }) => perform(() => snapshot(out)));
  sub('open', 'what must hold before a step writes')
    .requiredOption(STEP_FLAG, 'the step')
    .action(({ step }: { step: string }) => perform(() => open(parseStep(step))));
  sub('gate', 'the readback of a step')
    .requiredOption(STEP_FLAG, 'the step')
    .action(({ step }: { step: string }) => perform(() => gate(parseStep(step))));
  sub('retire-check', 'what must hold before a step retires')
    .requiredOption(STEP_FLAG, 'the step')
    .action(({ step }: { step: string }) => perform(() => retireCheck(parseStep(step))));
  sub('retired', 'the readback of a retire')
    .requiredOption(STEP_FLAG, 'the step')
    .action(({ step }: { step: string }) => perform(() => retired(parseStep(step))));
  sub('prewrite', 'whether the runtime is what the first write expects').action(() => perform(prewrite));
  runProgram(command, 'the commands of --help');
}

async function snapshot(out: string): Promise<object> {
  // An older answer must not be taken for this one's when it fails.
  discard(out);
  const asked = readStandardInput().then((input) => parsePayload(snapshotRequest, input, 'request'));
  // The state is read while whoever asks still works out which rows he needs.
  const read = await readAll(
    asked.then(({ refs }) => refs),
    NOTHING,
  );
  const request = await asked;
  const known = read.state.bins ?? {};
  assertBins(join(dotFolder, 'bin'), [...request.bins, ...request.staged.filter((name) => name in known)], known);
  writeWhole(out, JSON.stringify({ state: read.state, refs: read.refs }));
  return { code: 'OK_READ', refs: request.refs.length, bins: request.bins.length };
}

async function open(step: string): Promise<object> {
  const { approval, ...request } = parsePayload(openRequest, await readStandardInput(), 'request');
  const { stack, definition } = approval ?? { stack: '', definition: '' };
  return answer('open', step, { checks: request.checks, alongside: approvalsOf(stack) }, (state, found) => {
    const checked = assertBins(join(dotFolder, 'bin'), request.bins, state.bins ?? {});
    const result = checkOpen(state, step);
    const asked = { stack, step, direction: 'apply', definition, bins: state.bins ?? {} } as const;
    return { ...result, checked: result.checked + checked + assertStepApproved(found, config(), asked) };
  });
}

/** A step of which nothing is left has nothing to approve. */
function retireCheck(step: string): Promise<object> {
  return answer('retire-check', step, { checks: [], alongside: approvalsOf(null) }, (state, found) => {
    const result = checkRetire(state);
    if (!state.steps.includes(step)) return result;
    const stack = state.baseline?.stack ?? '';
    const asked = { stack, step, direction: 'retire', definition: null, bins: null } as const;
    return { ...result, checked: result.checked + assertStepApproved(found, config(), asked) };
  });
}

function approvalsOf(stack: string | null): Alongside<PlanStatements> {
  return (client) => readPlanStatements(client, stack);
}

async function gate(step: string): Promise<object> {
  const { expected, checks } = parsePayload(gateRequest, await readStandardInput(), 'request');
  return answer('gate', step, { checks, alongside: NOTHING }, (state) => checkGate(state, step, expected));
}

/** The files that H1 and W1 put in place are part of what they take back. */
function retired(step: string): Promise<object> {
  return answer('retired', step, { checks: [], alongside: NOTHING }, (state) => {
    const result = checkRetired(state, step);
    const files = assertRestored(join(dotFolder, 'bin'), step, state.bins ?? {});
    return { ...result, checked: result.checked + files };
  });
}

/** Judges the state, then does the further checks that the request names. */
async function answer<T>(
  check: string,
  step: string,
  { checks: further, alongside }: Further<T>,
  judge: (state: RuntimeState, beside: T) => CheckResult,
): Promise<object> {
  const refsOfChecks = further.flatMap((one) => REFS_OF[one]);
  // A program of its own, which runs while the database is asked.
  const deploy = further.includes('executor') ? assertExecutor(executorFolder, config().limits.answer) : null;
  deploy?.catch(() => {});
  const { state, refs, beside } = await readAll(refsOfChecks, alongside);
  const result = judge(state, beside);
  let { checked } = result;
  if (further.includes('handler')) {
    checked += await assertHandler(join(dotFolder, 'bin'), refs, config().limits.answer);
  }
  if (further.includes('registrar')) {
    checked += await assertRegistrar(join(dotFolder, 'bin'), liveC1Tools(refs.rows), config().limits.answer);
  }
  checked += (await deploy) ?? 0;
  // What few gates ask for is loaded when it is asked for.
  if (further.includes('issuer')) checked += await asAuditor((await import('./grant.ts')).assertIssuer);
  if (further.includes('grant')) checked += await asAuditor((await import('./grant.ts')).assertGrant);
  if (further.includes('evidence')) {
    const stack = state.baseline?.stack ?? '';
    const folder = join(home, '..', EVIDENCE_FOLDER, stack);
    const { assertEvidence } = await import('./evidence.ts');
    const halt = await asAuditor((client) => assertEvidence(client, config(), folder, stack));
    return { ...halt, check, step, ...result, checked: checked + halt.checked };
  }
  if (!further.includes('prewrite')) return { code: 'OK_READ', check, step, ...result, checked };
  const ready = await judgePrewrite(state, refs);
  return { ...ready, check, step, ...result, checked: checked + ready.checked };
}

const REFS_OF: Readonly<Record<ReaderCheck, readonly ScopeRef[]>> = {
  handler: [HANDLER_REQUESTS],
  registrar: [C1_TOOLS],
  prewrite: PREWRITE_REFS,
  executor: [],
  issuer: [],
  grant: [],
  evidence: [],
};

/** In one snapshot that only reads. */
async function asAuditor<T>(check: (client: Client) => Promise<T>): Promise<T> {
  return withConnection(config(), LOGIN, 'c1-reader', async (client) => {
    await client.query(BEGIN_READ);
    return check(client);
  });
}

/** The gate before the first write, asked at any time. */
async function prewrite(): Promise<object> {
  const { state, refs } = await readAll(PREWRITE_REFS, NOTHING);
  const integrity = assertIntegrity(state);
  const ready = await judgePrewrite(state, refs);
  return { ...ready, check: 'prewrite', checked: ready.checked + integrity };
}

async function judgePrewrite(state: RuntimeState, refs: RefsAnswer) {
  const { moved, channel } = await withConnection(config(), LOGIN, 'c1-reader', async (client) => ({
    moved: await movedSinceInstall(client),
    channel: await assertChannel(client, config(), join(dotFolder, 'bin')),
  }));
  const { profile, facts } = assertPrewrite(state, snapshotOf(PREWRITE_REFS, refs), moved);
  const files = assertFolder(dotFolder, state.bins ?? {});
  const code = 'C1_LEGO_PREWRITE_GATE_READY_FOR_OWNER_APPROVED_W1_W9' as const;
  const verdict = verdictOf(config().label, code);
  return { code, verdict, profile, facts, checked: facts.length + channel + files };
}

async function movedSinceInstall(client: Client): Promise<readonly string[]> {
  return (await one<{ moved: string[] }>(client, 'select iu_core.moved_since_install() as moved')).moved;
}

/** The database and what is outside of it. */
async function readAll<T>(refs: readonly ScopeRef[] | Promise<readonly ScopeRef[]>, alongside: Alongside<T>) {
  const asked = Promise.resolve(refs);
  const inside = asked.then(insideRefs);
  // A request that is refused may be so before anybody waits for it; who does says why.
  inside.catch(() => {});
  const { beside, ...read } = await readDatabase(config(), inside, alongside);
  return { ...withExecutor(executorFolder, await asked, read), beside };
}

function config(): RuntimeConfig {
  return readRuntimeConfig(join(dotFolder, 'config', 'runtime.json'));
}
