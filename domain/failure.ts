import { C1Error } from './codes.ts';

/** What is said of a failure: one line, of bounded length, whatever the input was that it quotes. */
export function failureOf(error: unknown): C1Error {
  const known = error instanceof C1Error ? error : internal(error);
  const { code, seen, expected, next } = known;
  const said = { seen: plain(seen), expected: plain(expected), next: plain(next) };
  if (said.seen === seen && said.expected === expected && said.next === next) return known;
  return new C1Error(code, said, { cause: known });
}

function internal(error: unknown): C1Error {
  const seen = error instanceof Error ? error.message : String(error);
  return new C1Error('ERROR_INTERNAL', { seen, expected: 'no fault' }, { cause: error });
}

const LONGEST_PART = 1_500;

/** Line breaks become spaces; other control and invisible characters, which could forge or hide text, are spelled out. */
function plain(text: string): string {
  const line = text
    .replaceAll(/\s*[\r\n\u2028\u2029]\s*/gu, ' ')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
  return line.length <= LONGEST_PART ? line : `${line.slice(0, LONGEST_PART)} … (${line.length} characters)`;
}

const LINE = /^([A-Z][A-Z0-9_]+): seen (.*), expected (.*?)\. Next: (.*)\.$/s;

/** The parts of a C1Error's message, as another process or the database wrote it; null where it is none. */
export function failureParts(line: string) {
  const [, code, seen, expected, next] = LINE.exec(line) ?? [];
  if (code === undefined || seen === undefined || expected === undefined || next === undefined) return null;
  return { code, seen, expected, next };
}
