import { C1Error } from '../../domain/codes.ts';
import type { PlanDocument } from '../../domain/planning/document.ts';
import { type MadePlan, walkPlan } from '../walk.ts';

/** What the engine said it did, by its own word: created, updated, deleted, unchanged … */
export type Summary = Readonly<Record<string, number>>;

export type Say = (what: string) => void;

export interface RunOptions {
  readonly say: Say;
  readonly signal: AbortSignal;
}

const COMMAND = 'command:local:Command';

/** Walks a plan, says how far it is, and gives what the engine did. @throws C1Error as `walkPlan` */
export async function run(stateDir: string, made: MadePlan, { say, signal }: RunOptions): Promise<Summary> {
  const onLine = counting(commandsOf(made.document), say);
  return summaryOf((await walkPlan(stateDir, made, { onLine, signal })).stdout);
}

function commandsOf({ resources }: PlanDocument): number {
  return resources.filter(({ type }) => type === COMMAND).length;
}

const SAY_EVERY_MS = 2_000;

function counting(total: number, say: Say): (line: string) => void {
  let done = 0;
  let said = Date.now();
  return (line) => {
    if (!line.includes(COMMAND) || !/ (?:created|updated|deleted)\b/.test(line)) return;
    done += 1;
    if (Date.now() - said < SAY_EVERY_MS) return;
    said = Date.now();
    say(`${done} of ${total} commands`);
  };
}

/** The lines below `Resources:`. @throws C1Error ERROR_ENGINE_FAILED when there are none */
export function summaryOf(output: string): Summary {
  const [, block = ''] = output.split(/^Resources:\n/m);
  const lines = (block.split('\n\n')[0] ?? '').matchAll(/(\d+) ([a-z]+)/g);
  const summary = Object.fromEntries([...lines].map(([, count, what]) => [what, Number(count)]));
  if (Object.keys(summary).length > 0) return summary;
  throw new C1Error('ERROR_ENGINE_FAILED', { seen: 'no summary in the output', expected: 'resources by operation' });
}

/** @throws C1Error HOLD_PREVIEW_DELTA_MISMATCH when the engine did anything else than `only`, beside leaving things as they are */
export function assertOnly(summary: Summary, only: string): number {
  const count = summary[only];
  const others = Object.keys(summary).filter((what) => what !== only && what !== 'unchanged');
  if (count !== undefined && others.length === 0) return count;
  const seen = Object.entries(summary).map(([what, number]) => `${number} ${what}`);
  throw new C1Error('HOLD_PREVIEW_DELTA_MISMATCH', { seen: seen.join(', '), expected: `only ${only}` });
}
