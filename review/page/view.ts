import type { PlanDocument } from '../../domain/planning/document.ts';
import type { EvidenceDocument } from '../evidence/document.ts';
import { type ApprovalView, type Standing, standingsOf } from '../plan/approval-view.ts';
import type { Reading } from '../plan/runtime-view.ts';
import { type StepView, stepViews } from '../plan/step-state.ts';

/** The evidence package of the stack, as far as it is there and holds. */
export type EvidenceView =
  | { readonly kind: 'none' }
  | { readonly kind: 'held'; readonly document: EvidenceDocument; readonly digest: string; readonly signer: string }
  | { readonly kind: 'faulty'; readonly fault: string };

/** What the page is made of: the plan, and what is known of it at this moment. */
export interface ReviewInput {
  readonly plan: PlanDocument;
  readonly approvals: readonly ApprovalView[];
  /** How many owners have to agree; null where the stack asks for none. */
  readonly quorum: number | null;
  readonly reading: Reading;
  readonly evidence: EvidenceView;
  readonly now: Date;
}

export interface ReviewView extends ReviewInput {
  readonly standings: readonly Standing[];
  readonly steps: readonly StepView[];
}

export function reviewViewOf(input: ReviewInput): ReviewView {
  const { plan, approvals, quorum, reading, now } = input;
  const standings = standingsOf(plan, approvals, quorum, now);
  return { ...input, standings, steps: stepViews(plan, standings, reading) };
}
