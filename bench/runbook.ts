import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Interlude } from './interludes.ts';
import type { PlannedCommand, PlannedResource } from './planned-resources.ts';
import { quote } from './shell.ts';

/** A command of the program with its standard input in a file, as a person's runbook would have it. */
export interface RunbookLine {
  readonly name: string;
  readonly folder: string;
  /** The very command line of the resource, with its payload redirected to it. */
  readonly line: string;
}

/** All commands of the program in order, c1-reader's open and gate checks included: they are part of every step. */
export async function runbookLines(
  folder: string,
  resources: readonly PlannedResource[],
  interludes: readonly Interlude[],
): Promise<readonly RunbookLine[]> {
  const payloads = join(folder, 'runbook');
  await rm(payloads, { recursive: true, force: true });
  await mkdir(payloads);
  const commands = resources.flatMap((resource) => withInterludes(resource, interludes));
  return Promise.all(commands.map(({ name, command }, at) => lineOf(payloads, `${at + 1}-${name}`, command)));
}

interface Named {
  readonly name: string;
  readonly command: PlannedCommand;
}

function withInterludes({ name, command }: PlannedResource, interludes: readonly Interlude[]): readonly Named[] {
  if (command === null) return [];
  const before = interludes.filter((interlude) => interlude.before === name).flatMap(({ commands }) => commands);
  return [...before.map((own, at) => ({ name: `${name}-interlude-${at + 1}`, command: own })), { name, command }];
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

/** A playbook with one task for each; facts are not gathered, which nobody here needs. */
export function playbook(lines: readonly RunbookLine[], folder: string): string {
  const tasks = lines.map(({ name, folder: own, line }) => ({
    name,
    'ansible.builtin.shell': { cmd: line, chdir: join(folder, own) },
  }));
  return stringify([{ hosts: 'localhost', connection: 'local', gather_facts: false, tasks }]);
}
