import type { Json } from '../domain/canonical.ts';
import type { Declared } from './rule.ts';

export const COMMAND_TYPE = 'command:local:Command';

/** The three command lines of a resource that are there, each with the input that it stands in. */
export function linesOf({ type, inputs }: Declared): readonly (readonly [input: string, line: string])[] {
  if (type !== COMMAND_TYPE) return [];
  return ['create', 'update', 'delete'].flatMap((input) =>
    inputs[input] === undefined ? [] : [[input, String(inputs[input])] as const],
  );
}

/** `./dot-x --flag` → `dot-x`; null where the line does not start with a program of its own folder. */
export function binOf(line: string): string | null {
  return /^\.\/([a-z0-9-]+)(?: |$)/.exec(line)?.[1] ?? null;
}

/** Flags with their values, in order; a flag without a value has null. */
export function flagsOf(line: string): readonly (readonly [flag: string, value: string | null])[] {
  const words = line.split(' ').slice(1);
  return words.flatMap((word, at) => {
    if (!word.startsWith('-')) return [];
    const [flag = '', inline] = word.split('=', 2);
    const next = words[at + 1];
    return [[flag, inline ?? (next === undefined || next.startsWith('-') ? null : next)] as const];
  });
}

type Request = Readonly<Record<string, Json>>;

/** What a command takes on standard input, as far as it is a JSON object. */
export function requestOf({ inputs }: Declared): Request | null {
  if (typeof inputs.stdin !== 'string') return null;
  try {
    const value = JSON.parse(inputs.stdin) as Json;
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Request) : null;
  } catch {
    return null;
  }
}
