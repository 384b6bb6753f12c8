import { join } from 'node:path';
import * as z from 'zod/mini';
import { canonicalJson, type Json } from '../domain/canonical.ts';
import { C1Error, isCode } from '../domain/codes.ts';
import { failureParts } from '../domain/failure.ts';
import { type Ended, runInGroup } from '../dots/reader/subprocess.ts';

const LIMIT_MS = 60_000;
/** The whole readback of a runtime is a quarter of a megabyte; one that is a hundred times as long is another fault. */
const LIMIT_BYTES = 32 * 1024 * 1024;

/** A bin with its flags after `--cloud`, and what it gets on standard input. */
export interface Asked {
  readonly bin: string;
  readonly words: readonly string[];
  readonly stdin: Json;
}

/**
 * What a bin read back.
 *
 * @param folder of the bins
 * @throws C1Error whatever it stops with; ERROR_READ_FAILED when it cannot be run, or says nothing of ours
 */
export async function readbackOf(folder: string, asked: Asked): Promise<unknown> {
  const ended = await run(folder, asked);
  if (ended.status !== 0) throw failureIn(asked.bin, ended);
  try {
    return (JSON.parse(ended.stdout) as { readonly readback: unknown }).readback;
  } catch (cause) {
    throw unread(asked.bin, 'an answer that is no JSON', cause);
  }
}

/** The refusal of a bin that has to refuse; null where it did not. @throws C1Error ERROR_READ_FAILED */
export async function refusalOf(folder: string, asked: Asked): Promise<C1Error | null> {
  const ended = await run(folder, asked);
  return ended.status === 0 ? null : failureIn(asked.bin, ended);
}

async function run(folder: string, { bin, words, stdin }: Asked): Promise<Ended> {
  const options = { input: canonicalJson(stdin), limitBytes: LIMIT_BYTES };
  return runInGroup(join(folder, bin), ['--cloud', ...words], folder, LIMIT_MS, options).catch((cause: unknown) => {
    throw unread(bin, faultOf(cause), cause);
  });
}

/** By its code, where the system says one: its message names a path of this machine, and this becomes evidence. */
function faultOf(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause) return `a program that cannot be run (${String(cause.code)})`;
  return cause instanceof Error ? cause.message : String(cause);
}

/** What stopped the bin stops whoever asked it, with its own code. */
function failureIn(bin: string, { stderr }: Ended): C1Error {
  const parts = failureParts(stderr.trim().split('\n').at(-1) ?? '');
  if (parts === null || !isCode(parts.code)) return unread(bin, 'no outcome');
  return new C1Error(parts.code, { ...parts, seen: `${bin}: ${parts.seen}` });
}

/** @throws C1Error ERROR_READ_FAILED when the answer is of another shape */
export function answered<T>(schema: z.ZodMiniType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new C1Error('ERROR_READ_FAILED', {
    seen: z.prettifyError(parsed.error),
    expected: 'the answer of a readiness DOT',
  });
}

function unread(bin: string, seen: string, cause?: unknown): C1Error {
  return new C1Error('ERROR_READ_FAILED', { seen: `${bin}: ${seen}`, expected: 'its whole answer' }, { cause });
}
