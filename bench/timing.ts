import type { Runs } from './measurement.ts';

/** One of the things that are compared. */
export interface Side {
  readonly name: string;
  /** Before each run, not timed: back to where the run begins. */
  readonly prepare?: () => Promise<void>;
  /** One run; gives its milliseconds. */
  readonly run: () => Promise<number>;
  /** What makes caches warm where a whole run would be long; a run of its own without it. */
  readonly warmUp?: () => Promise<unknown>;
}

/**
 * Warms each side up once, then runs them in turn, each round in the other order, so that a machine that gets slower or
 * faster meanwhile does so to all of them.
 */
export async function interleave<Name extends string>(
  sides: readonly (Side & { readonly name: Name })[],
  rounds: number,
  say: (what: string) => void,
): Promise<Readonly<Record<Name, Runs>>> {
  const runs = {} as Record<Name, number[]>;
  for (const { name } of sides) runs[name] = [];
  for (const side of sides) {
    say(`warm-up: ${side.name}`);
    await side.prepare?.();
    await (side.warmUp ?? side.run)();
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const side of round % 2 === 0 ? sides.toReversed() : sides) {
      say(`run ${round} of ${rounds}: ${side.name}`);
      await side.prepare?.();
      runs[side.name].push(await side.run());
    }
  }
  return runs;
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** The run that the rest of the machine disturbed least: what differs between two runs of one program is never its own. */
export function least(runs: Runs): number {
  if (runs.length === 0) throw new RangeError('no run');
  return Math.min(...runs);
}

/** `preview 1.61 s, empty 1.20 s`: the least of each. */
export function figuresOf(runs: Readonly<Record<string, Runs>>): string {
  return Object.entries(runs)
    .map(([name, side]) => `${name} ${duration(least(side))}`)
    .join(', ');
}

export function duration(milliseconds: number): string {
  return milliseconds < 1_000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1_000).toFixed(2)} s`;
}
