import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Interlude, perform } from './interludes.ts';
import type { PlannedCommand, PlannedResource } from './planned-resources.ts';
import { quote } from './shell.ts';
import { timed } from './timing.ts';

/** A command of the program with its standard input in a file, as a person's runbook would have it. */
export interface RunbookLine {
  readonly name: string;
  readonly folder: string;
  /** The very command line of the resource, with its payload redirected to it. */
  readonly line: string;
}

/** What a runbook does in one start. */
export interface RunbookPart {
  readonly lines: readonly RunbookLine[];
  /** What a person has to do before the next part; none after the last. */
  readonly interlude: Interlude | null;
}

/** All commands of the program in order, c1-reader's open and gate checks included: they are part of every step. */
export async function runbookParts(
  folder: string,
  resources: readonly PlannedResource[],
  interludes: readonly Interlude[],
): Promise<readonly RunbookPart[]> {
  const payloads = join(folder, 'runbook');
  await rm(payloads, { recursive: true, force: true });
  await mkdir(payloads);
  const parts: RunbookPart[] = [];
  let lines: RunbookLine[] = [];
  for (const { name, command } of resources) {
    if (command === null) continue;
    const interlude = interludes.find(({ before }) => before === name);
    if (interlude !== undefined) {
      parts.push({ lines, interlude });
      lines = [];
    }
    const at = parts.reduce((sum, part) => sum + part.lines.length, lines.length) + 1;
    lines.push(await lineOf(payloads, `${at}-${name}`, command));
  }
  return [...parts, { lines, interlude: null }];
}

/**
 * Plays one part after the other.
 *
 * @returns milliseconds that the parts took, without what the person did between them
 */
export async function playParts(
  folder: string,
  parts: readonly RunbookPart[],
  play: (part: number) => Promise<unknown>,
): Promise<number> {
  let milliseconds = 0;
  for (const [at, { interlude }] of parts.entries()) {
    milliseconds += await timed(() => play(at));
    if (interlude !== null) await perform(folder, interlude);
  }
  return milliseconds;
}

async function lineOf(payloads: string, name: string, { folder, line, stdin }: PlannedCommand): Promise<RunbookLine> {
  if (stdin === null) return { name, folder, line: redirected(line, '/dev/null') };
  const file = join(payloads, `${name}.json`);
  await writeFile(file, stdin);
  return { name, folder, line: redirected(line, quote(file)) };
}

/** The whole line reads the file, also where it is more than one command. */
function redirected(line: string, file: string): string {
  return `{ ${line}; } < ${file}`;
}

/** A bash script that runs them one by one and stops at the first that fails. */
export function bashScript(lines: readonly RunbookLine[]): string {
  const calls = lines.map(({ folder, line }) => `(cd ${quote(folder)} && ${line})`);
  return `${['#!/usr/bin/env bash', 'set -euo pipefail', ...calls].join('\n')}\n`;
}

/** A playbook with one task for each. Facts are gathered once a play, as they are unless somebody says otherwise. */
export function playbook(lines: readonly RunbookLine[], folder: string, facts = true): string {
  const tasks = lines.map(({ name, folder: own, line }) => ({
    name,
    'ansible.builtin.shell': { cmd: line, chdir: join(folder, own) },
  }));
  const rest = facts ? {} : { gather_facts: false };
  return stringify([{ hosts: 'localhost', connection: 'local', ...rest, tasks }]);
}
