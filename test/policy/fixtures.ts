import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { canonicalJson, type Json } from '../../domain/canonical.ts';
import { type PlannedDeltas, parsePlannedDeltas } from '../../domain/planned-deltas.ts';
import { COMMAND_TYPE } from '../../policy/command.ts';
import type { Declared, ResourceRule } from '../../policy/rule.ts';

export const planned: PlannedDeltas = parsePlannedDeltas(parse(readFileSync('planned-deltas.yaml', 'utf8')));

export const DOT_FOLDER = '.c1/opt/incomex/dot/bin';
const TOOL =
  './dot-dot-register-c1-hardened --cloud --step W4 --only-prefix dot-c1- --only DOT_C1_PREFLIGHT --max-new 1';

/** A command as the program declares it, with other inputs where given; `undefined` takes one out. */
export function command(inputs: Readonly<Record<string, Json | undefined>> = {}, name = 'tool'): Declared {
  const create = inputs.create ?? `${TOOL} --for dryrun/${name}`;
  const all = {
    create,
    update: create,
    delete: `${TOOL} --retire --for dryrun/${name}`,
    dir: DOT_FOLDER,
    logging: 'none',
    addPreviousOutputInEnv: false,
    ...inputs,
  };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return { type: COMMAND_TYPE, name, inputs: Object.fromEntries(given), deleteBeforeReplace: true, secrets: [] };
}

/** The same with all three command lines. */
export function calling(line: string, inputs: Readonly<Record<string, Json>> = {}): Declared {
  return command({ create: line, update: line, delete: line, ...inputs });
}

export function asking(line: string, request: Json): Declared {
  return calling(line, { stdin: canonicalJson(request) });
}

export function component(type: string, inputs: Readonly<Record<string, Json>> = {}, name = 'row'): Declared {
  return { type, name, inputs, deleteBeforeReplace: false, secrets: [] };
}

/** What a rule saw, in one line; empty when it is content. */
export function seenBy(rule: ResourceRule, resource: Declared): string {
  return rule
    .check(resource)
    .map(({ seen }) => seen)
    .join('; ');
}
