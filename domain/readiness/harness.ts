import { C1Error } from '../codes.ts';
import { BAD_INPUT_COUNT, type BadInput, type Route } from './bad-input.ts';

/** How one half was answered: refused with a code, or accepted; `text` is every word of it. */
export interface Answered {
  readonly route: Route;
  readonly code: string | null;
  readonly text: string;
}

export interface CaseResult {
  readonly number: number;
  readonly name: string;
  readonly code: string;
  /** How many bad halves were refused with exactly that code, and how many good ones were accepted. */
  readonly refused: number;
  readonly accepted: number;
  readonly routes: readonly Route[];
  readonly repeat: string;
}

export function repeatOf(number: number): string {
  return `dot-c1-bad-input-harness --cloud --case ${number}`;
}

/**
 * One case with its answers.
 *
 * @throws C1Error HOLD_BAD_INPUT_HARNESS when a bad half was not refused with exactly its code, gave away a PASS, digest or
 * seal, or a good half was refused
 */
export function judge(
  { number, name, code, routes }: Pick<BadInput, 'number' | 'name' | 'code' | 'routes'>,
  bad: readonly Answered[],
  good: readonly Answered[],
): CaseResult {
  for (const one of bad) {
    if (one.code !== code) throw failed(number, `${name} by ${one.route}: ${one.code ?? 'accepted'}`, code);
    const given = givenAway(one.text);
    if (given !== null)
      throw failed(number, `${name} by ${one.route}: ${code} with ${given}`, 'no PASS, digest or seal');
  }
  for (const one of good) {
    if (one.code !== null) throw failed(number, `${name} made good, by ${one.route}: ${one.code}`, 'accepted');
  }
  const counts = { refused: bad.length, accepted: good.length };
  if (counts.refused === 0 || counts.accepted === 0) throw failed(number, 'a half that was never sent', 'both halves');
  return { number, name, code, ...counts, routes, repeat: repeatOf(number) };
}

const GIFTS: readonly (readonly [string, RegExp])[] = [
  ['a digest', /[0-9a-f]{64}/i],
  ['a PASS', /\bPASS(ED)?\b/i],
  ['a seal', /\bseal\b|WITHHELD_DRY_RUN/i],
  ['an acceptance', /"?(validated|accepted)"?\s*[:=]\s*true/i],
];

/** What a refusal must not say; null when it says none of it. */
export function givenAway(text: string): string | null {
  return GIFTS.find(([, pattern]) => pattern.test(text))?.[0] ?? null;
}

/** Each of the 24 once: 23 is not 24. @throws C1Error HOLD_BAD_INPUT_HARNESS */
export function assertWhole(results: readonly { readonly number: number }[]): void {
  const numbers = new Set(results.map(({ number }) => number));
  const missing = Array.from({ length: BAD_INPUT_COUNT }, (_, at) => at + 1).filter((number) => !numbers.has(number));
  if (missing.length === 0 && results.length === BAD_INPUT_COUNT) return;
  const seen = `${results.length} of ${BAD_INPUT_COUNT} cases, without ${missing.join(', ') || 'a missing one'}`;
  throw new C1Error('HOLD_BAD_INPUT_HARNESS', { seen, expected: `each of the ${BAD_INPUT_COUNT} once` });
}

function failed(number: number, seen: string, expected: string): C1Error {
  return new C1Error('HOLD_BAD_INPUT_HARNESS', { seen: `case ${number}, ${seen}`, expected, next: repeatOf(number) });
}
