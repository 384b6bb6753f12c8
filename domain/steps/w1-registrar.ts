import type { PatchProposal } from '../apr.ts';
import { digestOf } from '../canonical.ts';
import { aprExecute } from '../plans/apr-execute.ts';
import { aprPropose } from '../plans/apr-propose.ts';
import { denialsOf } from '../plans/apr-request.ts';
import { type Release, registrarOrder } from '../release.ts';
import { type Step, stepRow } from './step.ts';

export interface RegistrarPayload {
  readonly release: Release;
  readonly proposal: PatchProposal;
}

/**
 * W1: the owners are asked for the hardened registrar, and what they approved is put in place together with the eight
 * files that it is to register (seed 000, W1).
 */
export function registrarStep({ release, proposal }: RegistrarPayload): Step {
  const order = registrarOrder(release);
  return {
    id: 'W1',
    title: 'Registrar',
    goal: 'Replace the registrar that would insert 287 false-new rows by one that matches by DOT code and takes C1 only; stage the 8 C1 files.',
    dotPaths: ['dot-apr-propose', 'dot-apr-execute'],
    payloadFiles: [],
    rows: [
      stepRow({
        type: 'c1:authority:ApprovalRequest',
        name: 'registrar-request',
        inputs: { ...order, order_digest: digestOf(order) },
        create: 'dot-apr-propose --cloud --step W1 --action patch_ops_code --dot-code DOT-REGISTER',
        retire: 'dot-apr-propose --cloud --step W1 --action patch_ops_code --dot-code DOT-REGISTER --retire',
        dotPlan: aprPropose,
        payload: proposal,
        standardInput: order,
        denials: (snapshot) => denialsOf(snapshot, proposal),
      }),
      stepRow({
        type: 'c1:registry:Registrar',
        name: 'registrar',
        inputs: { dot_code: order.dot_code, version: order.version, sha256: order.new_content_sha256 },
        create: 'dot-apr-execute --cloud --step W1 --patch DOT-REGISTER',
        retire: 'dot-apr-execute --cloud --step W1 --restore DOT-REGISTER',
        after: ['registrar-request'],
        dotPlan: aprExecute,
        payload: { dot_code: 'DOT-REGISTER' },
        standardInput: null,
      }),
    ],
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
