import type { Json } from '../../domain/canonical.ts';

/** A starting row: column to value, without the columns that PostgreSQL numbers itself. */
export type SeedRow = Readonly<Record<string, Json>>;

const FIRST_DAY = Date.UTC(2025, 0, 6, 8);
const DAY_MS = 86_400_000;

/** A fixed time, `days` (and a few minutes) after the runtime's first day, so that two installs are equal. */
export function dayAt(days: number): string {
  return new Date(FIRST_DAY + days * DAY_MS + (days % 60) * 60_000).toISOString();
}

export function pick<T>(values: readonly [T, ...T[]], at: number): T {
  return values[at % values.length] ?? values[0];
}

/** Whole numbers from `first` to `last`, both included. */
export function span(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

/** `DOT-007`. */
export function numberedCode(prefix: string, number: number): string {
  return `${prefix}-${String(number).padStart(3, '0')}`;
}
