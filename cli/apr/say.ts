import Table from 'cli-table3';
import { QUORUM, REQUEST_DAYS, VOTE_DAYS } from '../../domain/apr.ts';
import { sha256Hex } from '../../domain/canonical.ts';
import { type GrantAction, grantAction } from '../../domain/grant.ts';
import { AUTHORIZE_ACTION } from '../../domain/handler.ts';
import { actionOf } from '../../domain/plans/apr-execute.ts';
import type { VoteRow } from '../../dots/kernel/approvals.ts';
import { colorsFor } from '../output.ts';
import { contentOf, type ShownRequest } from './read.ts';

const NO_LINES = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) =>
    ['', '-mid', '-left', '-right'].map((end) => [`${side}${end}`, '']),
  ),
);

export function listTable(requests: readonly ShownRequest[], all: boolean): readonly string[] {
  if (requests.length === 0) return [all ? 'no request' : 'no live request; --all shows closed ones'];
  const table = new Table({
    head: ['request', 'status', 'asks for', 'proposer', 'approvals', 'proposed at'],
    chars: { ...NO_LINES, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const shown of requests) {
    const { apr_code, action_code, proposer, created_at } = shown.request;
    table.push([
      apr_code,
      statusOf(shown),
      `${action_code} ${targetOf(shown)}`,
      proposer,
      tally(shown),
      created_at.toISOString(),
    ]);
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

/**
 * What an owner has to know before he signs: of a patch the target, both digests, every file that comes along and the test
 * plan; of a grant everything that it will say; and until when request and votes count.
 */
export function requestLines(shown: ShownRequest): readonly string[] {
  const { request, votes } = shown;
  return [
    `request    ${request.apr_code}`,
    `status     ${statusOf(shown)}, risk ${request.risk_class}, ${tally(shown)} approvals, quorum ${shown.quorum ? 'passed' : 'not passed'}`,
    `asks for   ${request.action_code}, proposed by ${request.proposer} at ${request.created_at.toISOString()}`,
    ...(request.status === 'pending' ? [`open until ${endOf(request.created_at, REQUEST_DAYS)}`] : []),
    `signature  ${verdict(shown, shown.fault)}`,
    ...actionLines(shown),
    ...votes.map(
      ({ vote, fault }) =>
        `vote       ${vote.decision} by ${vote.voter} at ${vote.at.toISOString()}, ${verdict(shown, fault)}${lifeOf(shown, vote)}`,
    ),
    ...nextLines(shown),
  ];
}

/** By the clock of the database: nobody has closed it yet, and nobody can vote on it any more. */
function statusOf({ request: { status, past } }: ShownRequest): string {
  return past ? `${status}, past its expiry` : status;
}

function endOf(from: Date, days: number): string {
  return new Date(from.getTime() + days * 86_400_000).toISOString();
}

/** Until when a vote counts; of a request that was decided nothing runs out any more. */
function lifeOf({ request, legacy }: ShownRequest, { at, counts }: VoteRow): string {
  if (request.status !== 'pending' || legacy) return '';
  return counts ? `, counts until ${endOf(at, VOTE_DAYS)}` : `, counts no more: only for ${VOTE_DAYS} days`;
}

function actionLines(shown: ShownRequest): readonly string[] {
  const grant = knownGrant(shown);
  return grant === null ? patchLines(shown) : grantLines(grant);
}

function grantLines(grant: GrantAction): readonly string[] {
  const { target, namespace, ...more } = grant.scope;
  return [
    `grant      ${String(target)} in ${grant.mode}, carrier ${grant.carrier}, lane ${grant.lane}, plan ${grant.plan_ref}`,
    `  scope    ${String(namespace)}${Object.entries(more).map(([key, value]) => `, ${key} ${value}`)}`,
    `  manifest sha256 ${grant.manifest_hash ?? 'none'}`,
    `  actions  ${grant.action_set.length}: ${grant.action_set.join(' ')}`,
    `  life     ${grant.ttl_seconds} s from its minting, ${grant.single_use ? 'for one use' : 'FOR ANY NUMBER OF USES'}, generation ${grant.generation}`,
    `  owner    ${grant.owner}, who answers for what is built`,
    `  allows   commit ${yes(grant.commit_allowed)}, sovereign signature ${yes(grant.requires_sovereign_esign)}, rollback ${grant.rollback_plan_ref}`,
  ];
}

function yes(is: boolean): string {
  return is ? 'YES' : 'no';
}

function patchLines(shown: ShownRequest): readonly string[] {
  const patch = knownPatch(shown);
  if (patch === null) return [`summary    ${summaryOf(shown) ?? 'none of the known shape'}`];
  return [
    `patch      ${patch.dot_code} at ${patch.file_path}, session ${patch.session_code}`,
    `  from     ${patch.replaces.version} sha256 ${patch.replaces.sha256}`,
    `  to       ${patch.version} sha256 ${sha256Hex(contentOf(shown.request))}`,
    ...(patch.alias === null ? [] : [`  also as  ${patch.alias} (symlink)`]),
    ...patch.staged_files.map(({ file, sha256 }) => `  stages   ${file} sha256 ${sha256}`),
    ...patch.test_plan.map((line) => `  test     ${line}`),
  ];
}

function nextLines({ request, quorum, fault, votes, legacy }: ShownRequest): readonly string[] {
  if (request.status !== 'pending') return [];
  if (request.past) return ['next       npx pulumi up, which closes it and asks anew'];
  // A vote is never changed, so a request with one that does not hold is lost.
  if (!legacy && [fault, ...votes.map((one) => one.fault)].some((one) => one !== null))
    return [`next       npx pulumi destroy, which withdraws ${request.apr_code}, then npx pulumi up, which asks anew`];
  if (quorum) return ['next       npx pulumi up'];
  if (votes.some(({ vote }) => !vote.counts))
    return [`next       another owner's approval, or npx pulumi destroy, which withdraws ${request.apr_code}, then up`];
  return [`next       npx c1 apr approve ${request.apr_code} --as <owner>, or npx c1 apr deny`];
}

export function requestJson(shown: ShownRequest): Readonly<Record<string, unknown>> {
  const { apr_code, status, action_code, risk_class, proposer, created_at, applied_at } = shown.request;
  return {
    ...{ apr_code, status, action_code, risk_class, proposer, created_at, applied_at },
    expires_at: status === 'pending' ? endOf(created_at, REQUEST_DAYS) : null,
    past_expiry: shown.request.past,
    needed: QUORUM[risk_class],
    quorum_passed: shown.quorum,
    signature: checked(shown, shown.fault),
    summary: summaryOf(shown),
    proposed_action: knownGrant(shown) ?? patchJson(shown),
    votes: shown.votes.map(({ vote: { voter, decision, at, counts }, fault }) => ({
      ...{ voter, decision, at, counts },
      expires_at: status === 'pending' ? endOf(at, VOTE_DAYS) : null,
      signature: checked(shown, fault),
    })),
  };
}

/** Half a megabyte of content is said by its digest. */
function patchJson(shown: ShownRequest): Readonly<Record<string, unknown>> | null {
  const patch = knownPatch(shown);
  if (patch === null) return null;
  const { new_content_base64: _, ...asked } = patch;
  return { ...asked, new_content_sha256: sha256Hex(contentOf(shown.request)) };
}

function checked({ legacy }: ShownRequest, fault: ShownRequest['fault']): string {
  return legacy ? 'none' : (fault?.code ?? 'valid');
}

/** What a request of the time before patches says about itself; control characters would reach the terminal. */
function summaryOf({ request: { proposed_action } }: ShownRequest): string | null {
  const { summary } = (proposed_action ?? {}) as { readonly summary?: unknown };
  return typeof summary === 'string' ? summary.replaceAll(/\p{C}/gu, ' ') : null;
}

function tally({ request, votes, legacy }: ShownRequest): string {
  const approvals = votes.filter(
    ({ vote, fault }) => vote.decision === 'approve' && (legacy || (vote.counts && fault === null)),
  ).length;
  return `${approvals} of ${QUORUM[request.risk_class]}`;
}

function verdict({ legacy }: ShownRequest, fault: ShownRequest['fault']): string {
  if (legacy) return 'no SSH signature: of the time before them';
  const { green, red } = colorsFor(process.stdout);
  return fault === null ? green('signature holds') : red(`signature does not hold: ${fault.code}`);
}

function targetOf(shown: ShownRequest): string {
  return knownPatch(shown)?.dot_code ?? knownGrant(shown)?.scope.target ?? summaryOf(shown) ?? '';
}

/** A grant of another shape is not shown by halves: it is none that could be minted. */
function knownGrant({ request }: ShownRequest): GrantAction | null {
  const parsed = grantAction.safeParse(request.proposed_action);
  return request.action_code === AUTHORIZE_ACTION && parsed.success ? parsed.data : null;
}

/** A request of the time before signatures asks for something that nobody here knows; it is shown all the same. */
function knownPatch(shown: ShownRequest) {
  try {
    return actionOf(shown.request);
  } catch {
    return null;
  }
}
