import type * as pulumi from '@pulumi/pulumi';
import { type PlannedDeltas, plannedCounts } from '../domain/planned-deltas.ts';
import type { Step, StepId } from '../domain/steps/step.ts';
import { Admission } from './admission.ts';
import { Baseline } from './baseline.ts';
import { BuildGrant } from './build-grant.ts';
import { ContractBinding } from './contract-binding.ts';
import { Evidence } from './evidence.ts';
import { ExecutorImage } from './executor-image.ts';
import type { GovernedStep, GovernedStepArgs } from './governed-step.ts';
import { HandlerBinding } from './handler-binding.ts';
import { HandlerLoad } from './handler-load.ts';
import { HandlerPatch } from './handler-patch.ts';
import { HandlerRehearsal } from './handler-rehearsal.ts';
import { HandlerTests } from './handler-tests.ts';
import { PrewriteGate } from './prewrite.ts';
import { Readiness } from './readiness.ts';
import { Registrar } from './registrar.ts';
import { Surface } from './surface.ts';
import { ToolRegistration } from './tool-registration.ts';
import type { Transport } from './transport.ts';

const COMPONENTS: Readonly<Record<StepId, new (args: GovernedStepArgs) => GovernedStep>> = {
  BASELINE: Baseline,
  H1: HandlerPatch,
  H2: HandlerLoad,
  H3: HandlerTests,
  H4: HandlerBinding,
  H6: HandlerRehearsal,
  PREWRITE: PrewriteGate,
  W1: Registrar,
  W2: Admission,
  W3: Surface,
  W4: ToolRegistration,
  W5: ContractBinding,
  W6: ExecutorImage,
  W7: BuildGrant,
  W8: Readiness,
  W9: Evidence,
};

/** Declares the steps in order; each depends on the gate of the one before. */
export function declareSteps(
  steps: readonly Step[],
  planned: PlannedDeltas,
  transport: Transport,
  { snapshot, approvals }: Pick<GovernedStepArgs, 'snapshot' | 'approvals'>,
): readonly GovernedStep[] {
  let after: readonly pulumi.Resource[] = [];
  return steps.map((step) => {
    const declared = new COMPONENTS[step.id]({
      step,
      expected: plannedCounts(planned, step.id),
      transport,
      snapshot,
      approvals,
      after,
    });
    after = [declared.gate];
    return declared;
  });
}
