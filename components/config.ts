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
  // Raised to ask for another grant after one that was used or is over.
  'c1:grantGeneration': z._default(z.string().check(z.regex(/^[1-9][0-9]{0,5}$/, 'a whole number from 1')), '1'),
  // Raised to have readiness proven and the evidence made anew, though no definition changed.
  'c1:evidenceGeneration': z._default(z.string().check(z.regex(/^[1-9][0-9]{0,5}$/, 'a whole number from 1')), '1'),
  // Of production rows that are not ours to have; where it is given, any other manifest is a stop.
  'c1:expectedManifestHash': z.optional(z.string().check(z.regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex'))),
});

export interface StackConfig {
  readonly target: 'embedded';
  readonly approvals: 'required' | 'none';
  readonly through: (typeof STEP_IDS)[number];
  readonly grantGeneration: number;
  readonly evidenceGeneration: number;
  readonly expectedManifestHash: string | null;
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
  const grantGeneration = Number(result.data['c1:grantGeneration']);
  const evidenceGeneration = Number(result.data['c1:evidenceGeneration']);
  const expectedManifestHash = result.data['c1:expectedManifestHash'] ?? null;
  return { target, approvals, through, grantGeneration, evidenceGeneration, expectedManifestHash };
}

/** The configuration as a plan document has it. */
export function shownConfig({ approvals, through, grantGeneration, expectedManifestHash }: StackConfig) {
  return { approvals, through, grant_generation: grantGeneration, expected_manifest_hash: expectedManifestHash };
}

function invalid(error: z.core.$ZodError, seen: Readonly<Record<string, string>>): C1Error {
  const problems = error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys')
      return `unknown key ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
    const key = issue.path.join('.');
    const allowed = issue.code === 'invalid_value' ? ` (allowed: ${issue.values.join(', ')})` : ` (${issue.message})`;
    return `${key} ${seen[key] === undefined ? 'missing' : JSON.stringify(seen[key])}${allowed}`;
  });
  return new C1Error('ERROR_CONFIG_INVALID', {
    seen: problems.join('; '),
    expected: `only ${Object.keys(stackConfig.shape).join(', ')}, each with an allowed value`,
    next: `pulumi config --stack ${pulumi.getStack()}, then correct Pulumi.${pulumi.getStack()}.yaml`,
  });
}
