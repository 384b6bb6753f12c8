// The engine's own cost: the same resources as the real program, with the same inputs and dependencies, whose commands
// do nothing. What they are stands in resources.json, which trivial.ts writes.
import { readFileSync } from 'node:fs';
import { local } from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import type { PlannedResource } from '../planned-resources.ts';

const made = new Map<string, pulumi.Resource>();
for (const planned of JSON.parse(readFileSync('resources.json', 'utf8')) as readonly PlannedResource[]) {
  made.set(planned.urn, make(planned));
}

function make({ type, name, inputs, command, parent, dependencies }: PlannedResource): pulumi.Resource {
  const owner = made.get(parent ?? '');
  const options = {
    ...(owner === undefined ? {} : { parent: owner }),
    dependsOn: dependencies.map((urn) => made.get(urn)).filter((found) => found !== undefined),
  };
  if (command === null) return new pulumi.ComponentResource(type, name, inputs, options);
  const nothing = { create: command.line, update: command.line, delete: 'true', addPreviousOutputInEnv: false };
  const stdin = command.stdin === null ? {} : { stdin: command.stdin };
  const args = { ...nothing, ...stdin, dir: '.', logging: local.Logging.None };
  return new local.Command(name, args, { ...options, deleteBeforeReplace: true });
}
