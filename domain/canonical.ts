import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** A JSON value as it is stored in a row image: numbers are integers within ±(2^53−1). */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * RFC 8785 canonical JSON text of `value`.
 *
 * @throws TypeError when `value` has no JSON form (undefined, NaN, functions).
 * @see executor.md, manifest cser-v1
 */
export function canonicalJson(value: Json): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('value has no JSON form');
  return text;
}

/** Lower-case hex SHA-256 of the UTF-8 bytes of `text`. */
export function sha256Hex(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Lower-case hex SHA-256 of the canonical JSON of `value`. PostgreSQL computes the same in `iu_core.digest`. */
export function digestOf(value: Json): string {
  return sha256Hex(canonicalJson(value));
}

export function sameJson(left: Json, right: Json): boolean {
  return canonicalJson(left) === canonicalJson(right);
}
