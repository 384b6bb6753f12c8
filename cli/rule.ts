import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod/mini';
import type { WantedRule } from '../runtime/approvals.ts';
import { CHECKOUT } from '../runtime/paths.ts';
import { STACK } from './engine.ts';

const stackFile = z.looseObject({
  config: z.optional(z.looseObject({ 'c1:approvals': z.optional(z.enum(['required', 'none'])) })),
});

/**
 * Whether owners have to approve, where a runtime is made and nobody says so on the command line: as the stack's own file
 * has it. What that file gets wrong is for the program to say; a runtime then asks for approvals.
 */
export function ruleOfStack(): NonNullable<WantedRule['otherwise']> {
  const file = path.join(CHECKOUT, `Pulumi.${STACK}.yaml`);
  if (!existsSync(file)) return {};
  const parsed = stackFile.safeParse(parseYaml(readFileSync(file, 'utf8')));
  const approvals = parsed.success ? parsed.data.config?.['c1:approvals'] : undefined;
  return approvals === undefined ? {} : { approvals };
}
