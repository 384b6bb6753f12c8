import type { Code } from '../codes.ts';
import { withoutDigests } from '../digests.ts';
import type { Asked, Facts, Gates, Grant, RuntimeManifest } from './shapes.ts';

export const MODES = ['PLAN_ONLY', 'DRY_RUN', 'VERIFY_ONLY'] as const;
export type Mode = (typeof MODES)[number];

/** Everything that a check may look at, in its right shape. */
export interface Case {
  readonly asked: Asked;
  readonly mode: Mode;
  readonly facts: Facts;
  readonly grant: Grant | null;
  readonly manifest: RuntimeManifest | null;
  readonly gates: Gates;
}

export interface Refusal {
  readonly accepted: false;
  readonly code: Code;
  readonly seen: string;
  readonly expected: string;
}

/** Null where it finds no fault. */
export type Check = (of: Case) => Refusal | null;

/** It gives no digest away, neither the one that is expected nor the one that was tried. */
export function refusal(code: Code, seen: string, expected: string): Refusal {
  return { accepted: false, code, seen: withoutDigests(seen), expected: withoutDigests(expected) };
}

/** The refusal of the first check that refuses. */
export function firstRefusal(checks: readonly Check[], of: Case): Refusal | null {
  for (const check of checks) {
    const found = check(of);
    if (found !== null) return found;
  }
  return null;
}

const LONGEST_SHOWN = 120;

/** A value for a message: quoted, and never pages of it. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** Values that a bound field never has: nothing, or a word for everything. */
export function isOpen(value: string | null | undefined): boolean {
  return value === null || value === undefined || /^\s*(\*|%|any|all|generic)?\s*$/iu.test(value);
}
