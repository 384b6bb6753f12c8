import type * as z from 'zod/mini';
import { C1Error } from '../../../domain/codes.ts';
import { parseJsonStrictly } from '../../../domain/strict-json.ts';
import { rowPayload } from '../../../dots/kernel/row-payload.ts';

/** What a bin would make of a text on standard input: the code of the refusal, or `taken`. */
export function readAs(schema: z.ZodMiniType<object>, text: string): string {
  try {
    rowPayload(schema, 'row', {}, parseJsonStrictly(Buffer.from(text)));
    return 'taken';
  } catch (cause) {
    return cause instanceof C1Error ? cause.code : String(cause);
  }
}

/** Each bin runs a part of the list, another one than its neighbours: together they run all of it. */
export function everyThird<T>(list: readonly T[], offset: number): readonly T[] {
  return list.filter((_, at) => (at + offset) % 3 === 0);
}
