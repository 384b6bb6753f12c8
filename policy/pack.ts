import {
  type PolicyResource,
  type ResourceValidationArgs,
  type ResourceValidationPolicy,
  Secret,
  type StackValidationPolicy,
} from '@pulumi/policy';
import { C1Error } from '../domain/codes.ts';
import type { Declared, Placed, ResourceRule, Rule, Violation } from './rule.ts';

type Report = (message: string) => void;

/** A rule as the engine takes it. Every rule is mandatory. */
export function policyOf(rule: Rule): ResourceValidationPolicy | StackValidationPolicy {
  const { name, description } = rule;
  if ('check' in rule) return { name, description, ...resourcePolicy(rule) };
  return {
    name,
    description,
    enforcementLevel: 'mandatory',
    validateStack: ({ resources }, report) => {
      reportAll(rule, rule.checkStack(resources.map(placed)), report);
    },
  };
}

/**
 * Marks of secrets are there only for a policy that might change them: a validation sees plain values. So each rule
 * that asks for them is declared as one that remediates, and its remediation notes the marks and changes nothing. What it
 * then reports is mandatory all the same.
 */
function resourcePolicy(rule: ResourceRule): Partial<ResourceValidationPolicy> {
  const marked = new Map<string, readonly string[]>();
  const validateResource = (args: ResourceValidationArgs, report: Report) => {
    try {
      reportAll(rule, rule.check(declared(args, marked.get(args.urn))), report);
    } catch (cause) {
      // An input that is known only after the update is an observed value, and no rule could judge it.
      const seen = `${args.name}: ${cause instanceof Error ? cause.message : String(cause)}`;
      reportAll(rule, [{ seen, expected: 'inputs that are known at preview' }], report);
    }
  };
  if (rule.seesSecrets !== true) return { enforcementLevel: 'mandatory', validateResource };
  const remediateResource = ({ urn, props }: ResourceValidationArgs) => {
    marked.set(urn, secretsIn(props, ''));
  };
  return { enforcementLevel: 'remediate', validateResource, remediateResource };
}

function declared(
  { type, name, props, opts }: Pick<ResourceValidationArgs, 'type' | 'name' | 'props' | 'opts'>,
  secrets: readonly string[] = [],
): Declared {
  // Reads every value once, so that an unknown one is an error here and not in the middle of a rule.
  const inputs = JSON.parse(JSON.stringify(props)) as Declared['inputs'];
  return { type, name, inputs, deleteBeforeReplace: opts.deleteBeforeReplace === true, secrets };
}

function placed({ type, name, props, parent }: PolicyResource): Placed {
  const known = Object.keys(props).flatMap((key) => {
    try {
      return [[key, props[key]] as const];
    } catch {
      return [];
    }
  });
  return { type, name, known: Object.fromEntries(known), parent: parent?.name ?? null };
}

/** The library's view of the inputs unpacks each secret as it is read; what the properties hold by themselves is marked. */
function secretsIn(value: unknown, path: string): readonly string[] {
  if (value instanceof Secret) return [path];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(Object.getOwnPropertyDescriptors(value)).flatMap(([key, { value: inner }]) =>
    secretsIn(inner, path === '' ? key : `${path}.${key}`),
  );
}

function reportAll({ next }: Rule, violations: readonly Violation[], report: Report): void {
  for (const violation of violations) report(new C1Error('REJECT_POLICY_VIOLATION', { ...violation, next }).message);
}
