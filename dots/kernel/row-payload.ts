import type * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import { parsePayload } from '../../domain/payloads.ts';

/**
 * The payload of a bin whose flags name the row and whose standard input is the row.
 *
 * Every flag given must say what the row says; a row without standard input is made of the flags alone. `null` on standard
 * input is no row.
 *
 * @throws C1Error ERROR_PAYLOAD_INVALID
 */
export function rowPayload<T extends object>(
  schema: z.ZodMiniType<T>,
  where: string,
  flags: Readonly<Record<string, unknown>>,
  stdin: unknown,
): T {
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const row = parsePayload(schema, stdin === undefined ? given : stdin, where);
  for (const [name, value] of Object.entries(given)) assertSame(where, name, value, row);
  return row;
}

function assertSame(where: string, name: string, flag: unknown, row: object): void {
  const seen = Object.entries(row).find(([key]) => key === name)?.[1];
  if (seen === undefined || seen === flag) return;
  throw new C1Error('ERROR_PAYLOAD_INVALID', {
    seen: `${where}.${name} ${JSON.stringify(seen)} on standard input and ${JSON.stringify(flag)} as a flag`,
    expected: 'the same in both',
  });
}
