import { handlerOrder, type ReleasePayloads } from '../release.ts';
import { PATCH_DOTS, patchRows } from './patch-rows.ts';
import type { Step } from './step.ts';

/** H1: the owners are asked for `dot-apr-execute` v2.3.0, and v2.2.0 puts it in its own place (seed 003, step 1). */
export function handlerPatchStep({ release, handlerProposal }: ReleasePayloads): Step {
  return {
    id: 'H1',
    title: 'HandlerPatch',
    goal: 'Bring the arm that mints the one grant of C1 into dot-apr-execute, and change nothing else of it.',
    dotPaths: PATCH_DOTS,
    payloadFiles: [],
    rows: patchRows({
      step: 'H1',
      order: handlerOrder(release),
      proposal: handlerProposal,
      request: 'handler-request',
      patch: 'handler-patch',
      type: 'c1:authority:HandlerPatch',
    }),
    readback: 'request applied, deploy logged as known good; dot-apr-execute is the approved file byte for byte',
    retire: 'dot-apr-execute --restore DOT-310: v2.2.0 back byte for byte, logged; an unapplied request is withdrawn',
    blastRadius: 'the file of dot-apr-execute; apr_requests, vps_deploy_log',
    stops: [
      'quorum not passed: an expected stop, never forced',
      'the new file does not pass the syntax check, or does not answer as its version: the old one stays',
      'the file that is there is not the one that the request replaces',
    ],
    attack: 'a patch that breaks another arm',
  };
}
