import { C1Error } from '../domain/codes.ts';

/** As the registry writes codes: whatever is not, is no code that another executor could know. */
const CODE = /^[A-Z][A-Z0-9]*([_-][A-Z0-9]+)*$/;
const LONGEST = 63;
/** A carrier as a word of a code, with the letters that are taken for the digit 1. */
const CARRIER = /(^|[_-])C[1-7IL]([_-]|$)/;

/**
 * Whether a code may be passed on to the executor that was there before: plain, and of no carrier. C1's own never is, nor
 * what looks like it, nor C2 to C7.
 */
export function isForeign(dotCode: string): boolean {
  return dotCode.length <= LONGEST && CODE.test(dotCode) && !CARRIER.test(dotCode);
}

/** @param known codes that this release serves */
export function outOfScope(dotCode: string, known: readonly string[]): C1Error {
  const seen = `dot_code ${asciiOf(dotCode)}`;
  return new C1Error('REJECT_SCOPE_NOT_C1', { seen, expected: known.join(', ') });
}

/** Spelled so that a look-alike is seen to be one. */
function asciiOf(text: string): string {
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return JSON.stringify(shown).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
