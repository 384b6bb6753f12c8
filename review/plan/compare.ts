import { canonicalJson, digestOf, type Json } from '../../domain/canonical.ts';
import { refOf } from '../../domain/deltas.ts';
import type { Difference, PlanDocument, PlannedStep } from '../../domain/planning/document.ts';
import { digestOfPlan } from './document.ts';

/**
 * What changed since an earlier plan: rows first, then what they stand on. A document that was altered after it was
 * written is a difference by itself.
 */
export function planChanges(now: PlanDocument, earlier: PlanDocument): readonly Difference[] {
  const altered = alteredFile(earlier);
  if (altered !== null) return [altered];
  const changes = changesBetween(factsOf(now), factsOf(earlier));
  if (changes.length > 0 || now.plan_digest === earlier.plan_digest) return changes;
  return [{ where: 'plan_digest', seen: now.plan_digest, expected: earlier.plan_digest }];
}

/**
 * What else would be applied now than what an earlier plan said, where some of it may have been applied since: rows that
 * are still to come are those of the plan, under the same commands, on the same target. Rows that came since, and the
 * bins that they brought, are no difference.
 */
export function progressChanges(now: PlanDocument, earlier: PlanDocument): readonly Difference[] {
  const altered = alteredFile(earlier);
  if (altered !== null) return [altered];
  const known = comingOf(earlier);
  const coming = [...comingOf(now)].filter(([where, digest]) => known.get(where) !== digest);
  return [
    ...changesBetween(lastingOf(now), lastingOf(earlier)),
    ...coming.map(([where, digest]) => {
      const expected = `${known.get(where) ?? 'nothing of it'}, as in the earlier plan`;
      return { where, seen: `rows to come with digest ${digest}`, expected };
    }),
  ];
}

/** What no progress changes. */
function lastingOf({ direction, stack, config, target, source, versions, release, steps }: PlanDocument): Facts {
  const own = { direction, stack, config, target, source, versions, release };
  return new Map([
    ...Object.entries(own).map(([name, value]) => [name, canonicalJson(value as unknown as Json)] as const),
    ...steps.map((step) => [`${step.id} definition`, step.definition_digest] as const),
  ]);
}

function comingOf({ steps }: PlanDocument): Facts {
  return new Map(
    steps.flatMap(({ id, rows }) =>
      rows
        .filter(({ deltas }) => deltas.length > 0)
        .map(({ name, delta_digest }) => [`${id} row ${name}`, delta_digest] as const),
    ),
  );
}

function alteredFile(earlier: PlanDocument): Difference | null {
  const real = digestOfPlan(earlier);
  if (real === earlier.plan_digest) return null;
  const seen = `content with digest ${real}`;
  return { where: 'plan file', seen, expected: `${earlier.plan_digest}, as it says itself` };
}

type Facts = ReadonlyMap<string, string>;

function changesBetween(now: Facts, earlier: Facts): readonly Difference[] {
  const names = [...new Set([...earlier.keys(), ...now.keys()])];
  return names
    .filter((where) => now.get(where) !== earlier.get(where))
    .map((where) => ({
      where,
      seen: now.get(where) ?? 'absent',
      expected: `${earlier.get(where) ?? 'absent'}, as in the earlier plan`,
    }));
}

function factsOf(plan: PlanDocument): Facts {
  const named = (name: string, found: object) =>
    Object.entries(found).map(([key, value]) => [`${name}/${key}`, shown(value as Json)] as const);
  return new Map<string, string>([
    ...plan.steps.flatMap(stepFacts),
    ...plan.resources.map(({ type, name, op }) => [`resource ${type} ${name}`, op] as const),
    ...named('target', plan.target),
    ...named('config', { stack: plan.stack, direction: plan.direction, ...plan.config }),
    ...named('source', plan.source),
    ...named('versions', plan.versions),
    ...named('bins', plan.bins),
    ...named('release', plan.release),
    ...named('prestate', plan.prestate),
    ...named('ledger', plan.ledger),
  ]);
}

function stepFacts({ id, rows, expected, definition_digest, step_digest }: PlannedStep) {
  return [
    ...rows.flatMap((row) =>
      row.deltas.map((delta) => {
        const content = { before: delta.before, after: delta.after } as Json;
        return [`${id} ${refOf(delta)}`, `${delta.op} with digest ${digestOf(content)}`] as const;
      }),
    ),
    ...rows.map((row) => [`${id} command ${row.name}`, `${row.create} < ${digestOf(row.payload)}`] as const),
    ...Object.entries(expected).map(([surface, count]) => [`${id} ${surface}`, `${count} expected`] as const),
    [`${id} definition`, definition_digest] as const,
    [`${id} step digest`, step_digest] as const,
  ];
}

function shown(value: Json): string {
  return typeof value === 'string' ? value : canonicalJson(value);
}
