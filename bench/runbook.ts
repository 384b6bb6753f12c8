import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
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
): Promise<readonly RunbookLine[]> {
  const payloads = join(folder, 'runbook');
  await rm(payloads, { recursive: true, force: true });
  await mkdir(payloads);
  const lines: RunbookLine[] = [];
  for (const { name, command } of resources) {
    if (command !== null) lines.push(await lineOf(payloads, `${lines.length + 1}-${name}`, command));
  }
  return lines;
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
export function playbook(lines: readonly RunbookLine[], folder: string): string {
  const tasks = lines.map(({ name, folder: own, line }) => ({
    name,
    'ansible.builtin.shell': { cmd: line, chdir: join(folder, own) },
  }));
  return stringify([{ hosts: 'localhost', connection: 'local', tasks }]);
}
