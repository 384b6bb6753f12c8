import type { Direction } from '../../domain/deltas.ts';
import type { PlanDocument } from '../../domain/planning/document.ts';
import type { StepId } from '../../domain/steps/step.ts';

/** One command to copy, and what it is for. */
export interface Offered {
  readonly what: string;
  readonly command: string;
}

/** What somebody who has read a plan may want to do with it. The file is the one that the operator or CI hands over. */
export function commandsOf({ stack, direction }: PlanDocument): readonly Offered[] {
  return [
    ...common(stack, direction),
    ...(direction === 'apply' ? toApply(stack) : toRetire(stack)),
    {
      what: 'Watch this page while it runs',
      command: `npx c1 review --serve --stack ${stack} --plan ${FILES[direction]}`,
    },
  ];
}

/** As the guides name them. */
const FILES = { apply: 'plan.json', retire: 'retire.json' } as const;

function common(stack: string, direction: Direction): readonly Offered[] {
  const again = direction === 'apply' ? 'plan' : 'retire --plan';
  return [
    { what: 'Make the plan again and compare the digest', command: `npx c1 ${again} --stack ${stack}` },
    { what: 'Approve every step', command: decide('approve', stack, direction) },
    { what: 'Approve some steps only', command: decide('approve', stack, direction, ['W1', 'W2']) },
    { what: 'Deny, for good', command: decide('deny', stack, direction) },
    { what: 'See who decided what, as the runtime has it', command: `npx c1 approvals --stack ${stack}` },
  ];
}

function toApply(stack: string): readonly Offered[] {
  return [
    { what: 'Apply, once approved', command: `npx c1 apply --stack ${stack} --yes --against plan.json` },
    { what: 'The same by plain pulumi', command: `npx pulumi up --stack ${stack}` },
    {
      what: 'See what taking it back would change',
      command: `npx c1 retire --plan --stack ${stack} --out retire.json`,
    },
    { what: 'Take it back, from the last step to the first', command: `npx pulumi destroy --stack ${stack}` },
  ];
}

function toRetire(stack: string): readonly Offered[] {
  return [
    { what: 'Take it back, once approved', command: `npx c1 retire --stack ${stack} --yes --against retire.json` },
    { what: 'Apply it again after that', command: `npx pulumi up --stack ${stack}` },
  ];
}

export function decide(
  decision: 'approve' | 'deny',
  stack: string,
  direction: Direction,
  steps: readonly StepId[] = [],
): string {
  const some = steps.length === 0 ? '' : ` --steps ${steps.join(',')}`;
  return `npx c1 ${decision} --stack ${stack} --plan ${FILES[direction]}${some} --as <your name>`;
}
