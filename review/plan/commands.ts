import type { PlanDocument } from '../../domain/planning/document.ts';
import type { StepId } from '../../domain/steps/step.ts';

/** One command to copy, and what it is for. */
export interface Offered {
  readonly what: string;
  readonly command: string;
}

/** What somebody who has read a plan may want to do with it. The file is the one that the operator or CI hands over. */
export function commandsOf({ stack, direction }: PlanDocument): readonly Offered[] {
  const own = ` --stack ${stack}`;
  const isApply = direction === 'apply';
  const again = isApply ? `npx c1 plan${own}` : `npx c1 retire --plan${own}`;
  return [
    { what: 'Make the plan again and compare the digest', command: again },
    { what: 'Approve every step', command: decide('approve', stack) },
    { what: 'Approve some steps only', command: decide('approve', stack, ['W1', 'W2']) },
    { what: 'Deny, for good', command: decide('deny', stack) },
    ...(isApply ? [{ what: 'Apply, once approved', command: `npx pulumi up${own}` }] : []),
    { what: 'Watch this page while it runs', command: `npx c1 review --serve${own} --plan plan.json` },
    ...(isApply ? [{ what: 'See what taking it back would change', command: `npx c1 retire --plan${own}` }] : []),
    { what: 'Take it back, from the last step to the first', command: `npx pulumi destroy${own}` },
  ];
}

export function decide(decision: 'approve' | 'deny', stack: string, steps: readonly StepId[] = []): string {
  const some = steps.length === 0 ? '' : ` --steps ${steps.join(',')}`;
  return `npx c1 ${decision} --stack ${stack} --plan plan.json${some} --as <your name>`;
}
