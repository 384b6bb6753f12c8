import { type ResourceValidationArgs, Secret, unknownCheckingProxy } from '@pulumi/policy';
import { expect, test } from 'vitest';
import { policyOf } from '../../policy/pack.ts';
import { allowedCommands } from '../../policy/rules/allowed-commands.ts';
import { noSecretInput } from '../../policy/rules/no-secret-input.ts';
import { command } from './fixtures.ts';

/** How the engine marks a text that it will know only after the update. */
const UNKNOWN_TEXT = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
const { type, name, inputs } = command();

test('an input that is not known at preview is refused, whichever rule looks', async () => {
  const [refused] = await reported(allowedCommands, { ...inputs, delete: UNKNOWN_TEXT });
  expect(refused).toMatch(/^REJECT_POLICY_VIOLATION: seen tool: .*can't be known during preview/);
  expect(await reported(allowedCommands, inputs)).toEqual([]);
});

test('what is marked as a secret is refused by its place, deep inside as well', async () => {
  const refused = await reported(noSecretInput, { ...inputs, environment: { NOTE: new Secret('hunter2') } });
  expect(refused.join()).toContain('environment.NOTE marked as a secret');
  expect(refused.join()).not.toContain('hunter2');
  expect(await reported(noSecretInput, { ...inputs, environment: { NOTE: 'hello' } })).toEqual([]);
});

/** As the library calls a policy: first what may change the inputs and sees the marks, then what judges. */
async function reported(
  rule: typeof allowedCommands,
  props: Readonly<Record<string, unknown>>,
): Promise<readonly string[]> {
  const policy = policyOf(rule);
  if (!('validateResource' in policy) || typeof policy.validateResource !== 'function') return ['no such policy'];
  const messages: string[] = [];
  const args = { type, name, urn: 'urn', props: unknownCheckingProxy(props), opts: { deleteBeforeReplace: true } };
  await policy.remediateResource?.(args as unknown as ResourceValidationArgs);
  await policy.validateResource(args as unknown as ResourceValidationArgs, (message) => messages.push(String(message)));
  return messages;
}
