import { C1Error } from '../../domain/codes.ts';
import { type EngineOptions, pulumiOrThrow, STACK } from '../engine.ts';

/** What the engine said it did, by its own word: created, updated, deleted, unchanged … */
export type Summary = Readonly<Record<string, number>>;

export interface Preview {
  /** Resources by operation, as `changeSummary` of `preview --json` has them. */
  readonly summary: Summary;
  /** How many commands the engine will run. */
  readonly commands: number;
  /** What the program printed: the label, the delta table, the rows. */
  readonly report: string;
  readonly config: Readonly<Record<string, string>>;
}

export type Say = (what: string) => void;

export async function preview(): Promise<Preview> {
  const { stdout } = await pulumiOrThrow(['preview', '--stack', STACK, '--json']);
  const { changeSummary, config, diagnostics, steps } = JSON.parse(stdout) as PreviewDocument;
  return {
    summary: changeSummary,
    commands: steps.filter(({ newState }) => newState?.type === COMMAND).length,
    report: diagnostics.map(({ message }) => message).join('\n'),
    config,
  };
}

interface PreviewDocument {
  readonly changeSummary: Summary;
  readonly config: Readonly<Record<string, string>>;
  readonly diagnostics: readonly { readonly message: string }[];
  readonly steps: readonly { readonly newState?: { readonly type: string } }[];
}

const COMMAND = 'command:local:Command';

export interface RunOptions {
  /** Commands to come. */
  readonly total: number;
  readonly say: Say;
  readonly signal: AbortSignal;
}

/**
 * Runs `up` until it waits for the owners, and gives the request that it waits for.
 *
 * @throws C1Error HOLD_COUNTER_DRIFT when it went through without asking anybody; whatever else stops it
 */
export async function runUntilQuorum(options: RunOptions): Promise<string> {
  try {
    await run('up', options);
  } catch (thrown) {
    if (!(thrown instanceof C1Error) || thrown.code !== 'HOLD_APR_AWAITING_QUORUM') throw thrown;
    const [request] = /APR-[A-Za-z0-9-]+/.exec(thrown.seen) ?? [];
    if (request !== undefined) return request;
    throw thrown;
  }
  throw new C1Error('HOLD_COUNTER_DRIFT', {
    seen: 'an up that patched the registrar without the owners',
    expected: 'HOLD_APR_AWAITING_QUORUM',
  });
}

/** Runs `up` or `destroy` without its own preview, and says how far it is. */
export async function run(command: 'up' | 'destroy', options: RunOptions): Promise<Summary> {
  const words = [command, '--stack', STACK, '--yes', '--skip-preview'];
  const { stdout } = await pulumiOrThrow(words, { signal: options.signal, ...counting(options) });
  return summaryOf(stdout);
}

const SAY_EVERY_MS = 2_000;

function counting({ total, say }: RunOptions): EngineOptions {
  let done = 0;
  let said = Date.now();
  return {
    onLine: (line) => {
      if (!line.includes(COMMAND) || !/ (?:created|updated|deleted)\b/.test(line)) return;
      done += 1;
      if (Date.now() - said < SAY_EVERY_MS) return;
      said = Date.now();
      say(`${done} of ${total} commands`);
    },
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
