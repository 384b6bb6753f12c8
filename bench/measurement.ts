import type { Lab } from './lab.ts';

/** What a measurement needs: a server of its own, how often to run each side, and where to say how far it is. */
export interface Bench {
  readonly lab: Lab;
  readonly runs: number;
  readonly say: (what: string) => void;
}

/** One side's runs in milliseconds, as they came. */
export type Runs = readonly number[];

/** One line of the table. */
export interface Measured {
  readonly kind: 'measured';
  readonly name: string;
  /** What is compared with what, e.g. `preview / empty program`. */
  readonly compares: string;
  readonly value: number;
  readonly unit: 'times' | 'writes';
  /** The most that quality.md allows; null for a figure that only explains another. */
  readonly limit: number | null;
  /** How the value comes about, for people: the least of each side's runs. */
  readonly figures: string;
  /** Every run of every side, for programs. */
  readonly runs: Readonly<Record<string, Runs>>;
}

/** A measurement that did not happen is a failure, never a pass. */
export interface NotMeasured {
  readonly kind: 'not measured';
  readonly name: string;
  readonly compares: string;
  readonly limit: number | null;
  readonly reason: string;
}

export type Row = Measured | NotMeasured;

export interface Measurement {
  readonly name: string;
  readonly title: string;
  /** One row at least. Whatever it throws stands in the table as the reason why nothing was measured. */
  readonly measure: (bench: Bench) => Promise<readonly Row[]>;
}

export function resultOf(row: Row): 'pass' | 'over' | 'not measured' | 'info' {
  if (row.kind === 'not measured') return row.kind;
  if (row.limit === null) return 'info';
  return row.value <= row.limit ? 'pass' : 'over';
}
