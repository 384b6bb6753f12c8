import { type Json, sha256Hex } from '../canonical.ts';

const LONGEST = 4_000;

/**
 * A file inside a row (the bins that H1 and W1 patch are half a megabyte) stands in a plan document by its size and
 * SHA-256, and nothing is cut in silence; a row's delta digest is of the whole of it.
 */
export function shorten(value: Json): Json {
  if (typeof value === 'string') return value.length > LONGEST ? mark(value) : value;
  if (Array.isArray(value)) return value.map(shorten);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shorten(each)]));
}

function mark(text: string): string {
  return `<${text.length} characters with SHA-256 ${sha256Hex(text)}; whole in the release folder and in the row>`;
}
