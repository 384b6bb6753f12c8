import Table from 'cli-table3';
import { QUORUM } from '../../domain/apr.ts';
import { sha256Hex } from '../../domain/canonical.ts';
import { actionOf } from '../../domain/plans/apr-execute.ts';
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
    const { apr_code, status, action_code, proposer, created_at } = shown.request;
    table.push([
      apr_code,
      status,
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

/** What an owner has to know before he signs: the target, both digests, every file that comes along, the test plan. */
export function requestLines(shown: ShownRequest): readonly string[] {
  const { request, votes } = shown;
  return [
    `request    ${request.apr_code}`,
    `status     ${request.status}, risk ${request.risk_class}, ${tally(shown)} approvals, quorum ${shown.quorum ? 'passed' : 'not passed'}`,
    `asks for   ${request.action_code}, proposed by ${request.proposer} at ${request.created_at.toISOString()}`,
    `signature  ${verdict(shown, shown.fault)}`,
    ...patchLines(shown),
    ...votes.map(
      ({ vote, fault }) =>
        `vote       ${vote.decision} by ${vote.voter} at ${vote.at.toISOString()}, ${verdict(shown, fault)}`,
    ),
    ...nextLines(shown),
  ];
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
  // A vote is never changed, so a request with one that does not hold is lost.
  if (!legacy && [fault, ...votes.map((one) => one.fault)].some((one) => one !== null))
    return [`next       npx pulumi destroy, which withdraws ${request.apr_code}, then npx pulumi up, which asks anew`];
  if (quorum) return ['next       npx pulumi up'];
  return [`next       npx c1 apr approve ${request.apr_code} --as <owner>, or npx c1 apr deny`];
}

export function requestJson(shown: ShownRequest): Readonly<Record<string, unknown>> {
  const { apr_code, status, action_code, risk_class, proposer, created_at, applied_at } = shown.request;
  const patch = knownPatch(shown);
  const { new_content_base64: _, ...asked } = patch ?? { new_content_base64: '' };
  return {
    ...{ apr_code, status, action_code, risk_class, proposer, created_at, applied_at },
    needed: QUORUM[risk_class],
    quorum_passed: shown.quorum,
    signature: checked(shown, shown.fault),
    summary: summaryOf(shown),
    proposed_action: patch === null ? null : { ...asked, new_content_sha256: sha256Hex(contentOf(shown.request)) },
    votes: shown.votes.map(({ vote: { voter, decision, at }, fault }) => ({
      ...{ voter, decision, at },
      signature: checked(shown, fault),
    })),
  };
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
  const approvals = votes.filter(({ vote, fault }) => vote.decision === 'approve' && (legacy || fault === null)).length;
  return `${approvals} of ${QUORUM[request.risk_class]}`;
}

function verdict({ legacy }: ShownRequest, fault: ShownRequest['fault']): string {
  if (legacy) return 'no SSH signature: of the time before them';
  const { green, red } = colorsFor(process.stdout);
  return fault === null ? green('signature holds') : red(`signature does not hold: ${fault.code}`);
}

function targetOf(shown: ShownRequest): string {
  return knownPatch(shown)?.dot_code ?? summaryOf(shown) ?? '';
}

/** A request of the time before signatures asks for something that nobody here knows; it is shown all the same. */
function knownPatch(shown: ShownRequest) {
  try {
    return actionOf(shown.request);
  } catch {
    return null;
  }
}
