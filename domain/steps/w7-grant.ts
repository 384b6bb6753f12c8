import { digestOf } from '../canonical.ts';
import { authCodeOf } from '../decision/grant-checks.ts';
import { GRANT_REQUESTS, type GrantOrder, grantImage, grantOrderOf } from '../grant.ts';
import type { OwnershipRow } from '../payloads.ts';
import { denialsOf } from '../plans/apr-request.ts';
import { grantIssue } from '../plans/grant-issue.ts';
import { grantMint } from '../plans/grant-mint.ts';
import { ownershipAssign } from '../plans/ownership-assign.ts';
import type { GrantBinding } from '../release.ts';
import type { StepPayloads } from './payloads.ts';
import { type Step, type StepRow, stepRow } from './step.ts';

const ISSUE = 'dot-c1-grant-issue --cloud --step W7';
const RETIRE = `${ISSUE} --retire`;

/**
 * W7: the owners are asked for one grant, bound to the manifest as it is; what they approved is minted; the vocabulary
 * table gets its owner (seed 000, W7; authority.md).
 */
export function grantStep({ grant, ownership, binding }: StepPayloads & { readonly binding: GrantBinding }): Step {
  const order = grantOrderOf(grant, binding.manifest, binding.generation);
  return {
    id: 'W7',
    title: 'BuildGrant',
    goal: 'Have the owners authorize exactly one dry run of C1, bound to the manifest as it is; name the owner of the vocabulary table.',
    dotPaths: ['dot-c1-vocab-build', 'dot-c1-grant-issue', 'dot-apr-execute', 'dot-ownership-assign'],
    payloadFiles: ['payloads/governance_build_authorization_grant.json', 'payloads/governance_object_ownership.json'],
    rows: [requestRow(order), grantRow(order), ownershipRow(ownership)],
    channel: ['dot-c1-vocab-build', 'dot-c1-vocab-verify'],
    readback:
      'exactly one grant, active, auth_code GBA-C1-<request>, expires after it was granted, its request applied with quorum; manifest hash equal in three computations; dot-c1-vocab-verify accepts',
    retire:
      'dot-c1-grant-issue --retire revokes at once, without quorum; a request that nobody acted on is withdrawn; a grant that was used or is over stays; the ownership is retired',
    blastRadius: 'one row each of governance_build_authorization, apr_requests and governance_object_ownership',
    stops: [
      'quorum not passed: an expected stop, never forced',
      'scope broader than the dry run of C1',
      'a live grant, or another pending request for one',
      'hash unbound, or the manifest is not the one that was asked for',
    ],
    attack: 'a grant that is too broad, or used twice',
    checks: { open: ['issuer'], gate: ['grant'] },
  };
}

function requestRow(order: GrantOrder): StepRow {
  return stepRow({
    type: 'c1:authority:ApprovalRequest',
    name: 'grant-request',
    inputs: { ...order, order_digest: digestOf(order) },
    create: `${ISSUE} --manifest-hash ${order.manifest_hash} --owner ${order.owner}`,
    retire: RETIRE,
    dotPlan: grantIssue,
    payload: order,
    denials: (snapshot) => denialsOf(snapshot, { dot_code: GRANT_REQUESTS }),
  });
}

function grantRow(order: GrantOrder): StepRow {
  const named = '<generated>';
  return stepRow({
    type: 'c1:authority:Grant',
    name: 'grant',
    inputs: { ...grantImage(order, named, authCodeOf(named)) },
    create: 'dot-apr-execute --cloud --step W7 --authorize DOT_C1_VOCAB_BUILD',
    retire: RETIRE,
    after: ['grant-request'],
    dotPlan: grantMint,
    payload: { authorize: 'DOT_C1_VOCAB_BUILD', order },
    standardInput: order,
  });
}

function ownershipRow(payload: OwnershipRow): StepRow {
  const command = `dot-ownership-assign --cloud --step W7 --object ${payload.object}`;
  return stepRow({
    type: 'c1:authority:Ownership',
    name: 'ownership',
    inputs: payload,
    create: command,
    retire: `${command} --retire`,
    after: ['grant'],
    dotPlan: ownershipAssign,
    payload,
  });
}
