import { basename, join } from 'node:path';
import type { Client } from 'pg';
import { patchImage } from '../../domain/apr.ts';
import { sha256Hex } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import type { Direction } from '../../domain/deltas.ts';
import { dotCode, parsePayload } from '../../domain/payloads.ts';
import { actionOf, aprExecute, newContentOf } from '../../domain/plans/apr-execute.ts';
import { liveRequest, requestRef, requestsOf, type Target, toolRef } from '../../domain/plans/apr-request.ts';
import { claims } from '../../domain/plans/plan.ts';
import { type FamilyRow, rowOf, type Snapshot } from '../../domain/snapshot.ts';
import { assertQuorum, assertRequestSigned, type RequestRow, readRequest, readVotes } from '../kernel/approvals.ts';
import { usage } from '../kernel/command.ts';
import { readPlain } from '../kernel/dot-files.ts';
import { lockUntilExit } from '../kernel/folder-lock.ts';
import { type Bin, dotFolder, runtimeConfig } from '../kernel/main.ts';
import { applyPatch, rollBackPatch } from '../kernel/patch-files.ts';
import type { RunInput } from '../kernel/request.ts';
import { signersOf } from '../kernel/ssh.ts';

/**
 * `dot-apr-execute` v2.2.0, which v2.3.0 keeps as it is: applies what the owners approved, under flock: quorum and
 * signatures, backup, syntax check, atomic move, deploy log. The approval of a patch covers its rollback, so --restore
 * asks nobody again.
 */
export const PATCH_ARM = {
  plan: aprExecute,
  summary: 'Applies the approved patch of one DOT, or restores the file that it replaced.',
  examples: [
    '--cloud --step W1 --for dryrun/registrar --patch DOT-REGISTER --dry-run',
    '--cloud --step W1 --for dryrun/registrar --patch DOT-REGISTER',
    '--cloud --step W1 --for dryrun/registrar --restore DOT-REGISTER',
  ],
  direction: 'apply',
  isRetire: ({ restore }) => restore !== undefined,
  hasDryRun: true,
  dryRunSays: 'would dispatch',
  flags: (command) =>
    command
      .option('--patch <code>', 'apply the live request on this DOT')
      .option('--restore <code>', 'put back the file that the patch of this DOT replaced'),
  before: async ({ dryRun }) => {
    if (dryRun !== true) await lockUntilExit(join(dotFolder(), '..', 'locks', 'apr-execute'));
  },
  payload: ({ patch, restore }) => {
    if ((patch === undefined) === (restore === undefined))
      throw usage('neither or both', 'one of --patch and --restore');
    return { dot_code: parsePayload(dotCode, patch ?? restore, 'dot_code') };
  },
  effects: async (client, input, snapshot) => {
    const request = await firstApproved(client, requestsFor(input, snapshot), input.direction);
    if (request === null) return NOTHING;
    const action = actionOf(request);
    return input.direction === 'apply' ? applyPatch(dotFolder(), action) : rollBackPatch(dotFolder(), action);
  },
} satisfies Bin<Target>;

const NOTHING = { place: () => undefined, undo: () => undefined };

/**
 * Whose files are put in place, or taken back. A killed apply may have left the files of a request that was never marked
 * applied, and that was denied or withdrawn since: they go as well, as long as no patch of the DOT is applied.
 */
function requestsFor({ payload, direction, claimant }: RunInput<Target>, snapshot: Snapshot): readonly FamilyRow[] {
  if (direction === 'apply') return [required(snapshot, payload)];
  const live = liveRequest(snapshot, payload);
  if (live?.image.status === 'applied') return claims(snapshot, requestRef(live), claimant) ? [live] : [];
  const name = rowOf(snapshot, toolRef(payload))?.image.name;
  const there = typeof name === 'string' ? readPlain(join(dotFolder(), basename(name))) : null;
  if (there === null) return [];
  return requestsOf(snapshot, payload).filter((row) => contentOf(row) === sha256Hex(there));
}

/** A closed request of another shape brought nothing that is there now. */
function contentOf(row: FamilyRow): string | null {
  const { proposed_action } = row.image;
  return patchImage.safeParse(proposed_action).success ? newContentOf(row) : null;
}

/** @throws C1Error what is wrong with the last of them, where there are some and none was approved */
async function firstApproved(client: Client, rows: readonly FamilyRow[], direction: Direction) {
  let fault: unknown = null;
  for (const row of rows) {
    try {
      return await approved(client, row, direction);
    } catch (cause) {
      fault = cause;
    }
  }
  if (fault !== null) throw fault;
  return null;
}

/**
 * No file is touched without the owners' signatures, be the rows as they are: the database takes a vote by its login
 * alone. An applied request covers its rollback, whoever may sign by then; one that was killed before it was marked
 * applied had its approvals, and a later denial does not keep its files there.
 */
async function approved(client: Client, row: FamilyRow, direction: Direction): Promise<RequestRow> {
  const signers = signersOf(runtimeConfig().secretsDir);
  const request = await readRequest(client, row.key);
  const votes = await readVotes(client, row.key);
  if (direction === 'apply') assertQuorum(signers, request, votes);
  else if (row.image.status === 'applied') assertRequestSigned(signers, request, { evenRevoked: true });
  else {
    const approvals = votes.filter(({ decision }) => decision === 'approve');
    assertQuorum(signers, request, approvals, { undoes: true });
  }
  return request;
}

function required(snapshot: Snapshot, payload: Target): FamilyRow {
  const request = liveRequest(snapshot, payload);
  if (request !== null) return request;
  throw new C1Error('HOLD_APR_MISSING', { seen: `no live request on ${payload.dot_code}`, expected: 'one' });
}
