/**
 * A Pulumi program that makes what `resources.json` says, so that a test changes the resources and not the program.
 * A value `{ "$secret": x }` becomes a secret.
 */
export const commandProgram = `
import { readFileSync } from 'node:fs';
import { local } from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';

const { resources, options = {}, runs = {} } = JSON.parse(readFileSync('resources.json', 'utf8'), (_key, value) =>
  value !== null && typeof value === 'object' && '$secret' in value ? pulumi.secret(value.$secret) : value);

export const outputs: Record<string, unknown> = {};
for (const [name, args] of Object.entries(resources)) {
  const { stdout, stderr } = new local.Command(name, args as local.CommandArgs, options[name]);
  outputs[name] = { stdout, stderr };
}
for (const [name, args] of Object.entries(runs)) {
  const { stdout, stderr } = await local.run(args as local.RunArgs);
  outputs[name] = { stdout, stderr };
}
`;
