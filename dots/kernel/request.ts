import { digestOf, type Json } from '../../domain/canonical.ts';
import { type Delta, type Direction, deltaDigest, type RowRef, refOf } from '../../domain/deltas.ts';
import type { DotCode } from '../../domain/dots.ts';
import type { Claimant } from '../../domain/plans/plan.ts';
import type { Snapshot } from '../../domain/snapshot.ts';

/** Who asks for what: everything that a request id is made of, and nothing that differs from run to run. */
export interface RunInput<P> {
  readonly dot: DotCode;
  readonly step: string;
  readonly direction: Direction;
  readonly claimant: Claimant;
  readonly payload: P;
}

export interface RunRequest {
  readonly requestId: string;
  readonly deltaDigest: string;
  /** `p_request` of iu_core.declare_run and open_run. */
  readonly body: { readonly [key: string]: unknown };
}

/**
 * The request of a run. The id is deterministic: stack, resource, step, direction, row, payload digest and generation (the
 * count of runs that were applied to the row before), so that the same change asked twice is one run, and the same
 * change after a retire is a new one (steps.md).
 */
export function requestOf<P extends Json>(
  input: RunInput<P>,
  subject: RowRef,
  deltas: readonly Delta[],
  snapshot: Snapshot,
): RunRequest {
  const { step, direction, claimant } = input;
  const payload = digestOf(input.payload);
  const about = refOf(subject);
  const generation = snapshot.runs.get(about) ?? 0;
  const requestId = digestOf({ dot: input.dot, step, direction, ...claimant, about, payload, generation });
  return {
    requestId,
    deltaDigest: deltaDigest({ step, direction, deltas }),
    body: { request_id: requestId, step, direction, ...claimant, subject: about, deltas },
  };
}
