import type { PatchOrder, PatchProposal } from '../apr.ts';
import { digestOf } from '../canonical.ts';
import { aprExecute } from '../plans/apr-execute.ts';
import { aprPropose } from '../plans/apr-propose.ts';
import { denialsOf } from '../plans/apr-request.ts';
import { type StepId, type StepRow, stepRow } from './step.ts';

/** The DOTs of a step that patches a DOT: one asks the owners, the other applies what they approved. */
export const PATCH_DOTS = ['dot-apr-propose', 'dot-apr-execute'] as const;

export interface PatchRowsOptions {
  readonly step: StepId;
  readonly order: PatchOrder;
  /** The order with the content itself. */
  readonly proposal: PatchProposal;
  /** Resource names of the request and of the patch, and the patch's type. */
  readonly request: string;
  readonly patch: string;
  readonly type: string;
}

/** H1, W1: the request to patch one DOT, and the patch. */
export function patchRows({ step, order, proposal, request, patch, type }: PatchRowsOptions): readonly StepRow[] {
  const propose = `dot-apr-propose --cloud --step ${step} --action patch_ops_code --dot-code ${order.dot_code}`;
  const execute = `dot-apr-execute --cloud --step ${step}`;
  return [
    stepRow({
      type: 'c1:authority:ApprovalRequest',
      name: request,
      inputs: { ...order, order_digest: digestOf(order) },
      create: propose,
      retire: `${propose} --retire`,
      dotPlan: aprPropose,
      payload: proposal,
      standardInput: order,
      denials: (snapshot) => denialsOf(snapshot, proposal),
    }),
    stepRow({
      type,
      name: patch,
      inputs: { dot_code: order.dot_code, version: order.version, sha256: order.new_content_sha256 },
      create: `${execute} --patch ${order.dot_code}`,
      retire: `${execute} --restore ${order.dot_code}`,
      after: [request],
      dotPlan: aprExecute,
      payload: { dot_code: order.dot_code },
      standardInput: null,
    }),
  ];
}
