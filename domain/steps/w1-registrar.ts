import { type ReleasePayloads, registrarOrder } from '../release.ts';
import { PATCH_DOTS, patchRows } from './patch-rows.ts';
import type { Step } from './step.ts';

/**
 * W1: the owners are asked for the hardened registrar, and what they approved is put in place together with the eight
 * files that it is to register (seed 000, W1).
 */
export function registrarStep({ release, proposal }: ReleasePayloads): Step {
  return {
    id: 'W1',
    title: 'Registrar',
    goal: 'Replace the registrar that would insert 287 false-new rows by one that matches by DOT code and takes C1 only; stage the 8 C1 files.',
    dotPaths: PATCH_DOTS,
    payloadFiles: [],
    rows: patchRows({
      step: 'W1',
      order: registrarOrder(release),
      proposal,
      request: 'registrar-request',
      patch: 'registrar',
      type: 'c1:registry:Registrar',
    }),
    readback:
      'request applied, deploy logged as known good; dot-dot-register-c1-hardened --dry-run says exactly the 8 staged DOTs are new',
    retire:
      'dot-apr-execute --restore DOT-REGISTER: staged files removed, v1.0.0 back byte for byte; an unapplied request is withdrawn',
    blastRadius: 'the file of dot-dot-register, its second name, the 8 staged files; apr_requests, vps_deploy_log',
    stops: [
      'quorum not passed: an expected stop, never forced',
      'a staged file, the request or a vote is not what was signed',
      'a candidate outside of dot-c1-, or NEW other than expected',
    ],
    checks: { gate: ['registrar'] },
    attack: 'the patched registrar still mass-inserts (295 / 23); a vote moved from another request',
  };
}
