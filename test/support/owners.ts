import { castVote } from '../../cli/apr/cast.ts';
import { VOTER_LOGINS } from '../../runtime/roles.ts';

/** H1, W1 and W7 stop for the owners. */
export const STOPS_FOR_OWNERS = 3;

interface Up {
  readonly exitCode: number;
}

/**
 * Runs an `up`; as often as it stops for the owners, lets both stand-ins approve the request that it names, and runs it
 * again.
 *
 * @param said what the run printed
 */
export async function upWithOwners<T extends Up>(
  stateDir: string,
  up: () => Promise<T>,
  said: (ended: T) => string,
): Promise<T> {
  let ended = await up();
  for (let stops = 0; stops < STOPS_FOR_OWNERS; stops++) {
    const [, request] = /HOLD_APR_AWAITING_QUORUM: seen (APR-[A-Za-z0-9-]+)/.exec(said(ended)) ?? [];
    if (request === undefined) return ended;
    await approve(stateDir, request);
    ended = await up();
  }
  return ended;
}

export async function approve(stateDir: string, code: string): Promise<void> {
  for (const voter of VOTER_LOGINS) await castVote(stateDir, { code, voter, decision: 'approve', keyFile: null });
}

/**
 * Lines of a snapshot that do not belong to an approval request, which after a rollback is a new one, nor to the entry of the
 * evidence, which then is a later revision.
 */
export function apartFromRequests(lines: readonly string[]): readonly string[] {
  return lines.filter(
    (line) =>
      !/"surface": "(apr_|vps_deploy_log|governance_build_auth)|"key": "(apr_|(kb_document\/)?c1-readiness-evidence\/)/.test(
        line,
      ),
  );
}
