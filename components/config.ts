import * as pulumi from '@pulumi/pulumi';
import * as z from 'zod/mini';
import { C1Error } from '../domain/codes.ts';
import '../domain/english.ts';
import { LAST_STEP } from '../domain/program.ts';
import { STEP_IDS } from '../domain/steps/step.ts';

/** What a stack may say (`Pulumi.<stack>.yaml`, namespace `c1`); anything else is refused by name. */
const stackConfig = z.strictObject({
  'c1:target': z.enum(['embedded']),
  'c1:approvals': z._default(z.enum(['required', 'none']), 'required'),
  'c1:through': z._default(z.enum(STEP_IDS), LAST_STEP),
});

export interface StackConfig {
  readonly target: 'embedded';
  readonly approvals: 'required' | 'none';
  readonly through: (typeof STEP_IDS)[number];
}

/** Pulumi's own namespaces may stand beside ours; a look-alike of `c1` may not. */
const FOREIGN_NAMESPACES = ['pulumi', 'command', 'postgresql'];

/**
 * Reads and validates the whole stack configuration once.
 *
 * @throws C1Error ERROR_CONFIG_INVALID naming each key that is unknown or whose value is not allowed
 */
export function readConfig(): StackConfig {
  const all = Object.entries(pulumi.runtime.allConfig());
  const ours = Object.fromEntries(all.filter(([key]) => !FOREIGN_NAMESPACES.includes(key.split(':')[0] ?? '')));
  const result = stackConfig.safeParse(ours);
  if (!result.success) throw invalid(result.error, ours);
  const { 'c1:target': target, 'c1:approvals': approvals, 'c1:through': through } = result.data;
  return { target, approvals, through };
}

function invalid(error: z.core.$ZodError, seen: Readonly<Record<string, string>>): C1Error {
  const problems = error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys')
      return `unknown key ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
    const key = issue.path.join('.');
    const allowed = issue.code === 'invalid_value' ? ` (allowed: ${issue.values.join(', ')})` : '';
    return `${key} ${seen[key] === undefined ? 'missing' : JSON.stringify(seen[key])}${allowed}`;
  });
  return new C1Error('ERROR_CONFIG_INVALID', {
    seen: problems.join('; '),
    expected: `only ${Object.keys(stackConfig.shape).join(', ')}, each with an allowed value`,
    next: `pulumi config --stack ${pulumi.getStack()}, then correct Pulumi.${pulumi.getStack()}.yaml`,
  });
}
