import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { keysOf } from '../../domain/allowed-signers.ts';
import type { JudgedDecision } from '../../domain/approval/standing.ts';
import { APPROVAL_NAMESPACE, approvalStatement, type SignedApproval } from '../../domain/approval/statement.ts';
import type { Json } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { type Signers, sshKeygen, verify } from './ssh.ts';

interface StatementRow {
  readonly statement: unknown;
  readonly signature: string;
  readonly approver: string;
  readonly over: boolean;
  readonly spent: readonly string[];
  readonly used: readonly string[];
}

export interface PlanDecisions {
  readonly quorum: number;
  readonly decisions: readonly JudgedDecision[];
}

/** What the runtime has, whose signatures nobody has checked yet. */
export interface PlanStatements {
  /** Whether owners are asked at all, as the runtime was told; null where it was told nothing. */
  readonly approvals: string | null;
  readonly quorum: number | null;
  readonly rows: readonly StatementRow[];
}

/**
 * What owners decided about plans of a stack, each with its signature checked.
 *
 * @param operator whose own approval counts for nothing, whatever name it has
 * @throws C1Error ERROR_READ_FAILED; ERROR_SSH_MISSING, HOLD_SIGNERS_MISSING
 */
export async function readPlanDecisions(
  client: Client,
  signers: Signers,
  { stack, operator }: { readonly stack: string; readonly operator: string },
): Promise<PlanDecisions> {
  return judgeDecisions(await readPlanStatements(client, stack), signers, operator);
}

/**
 * What owners decided, not judged yet.
 *
 * @param stack null for the stack of the open baseline
 */
export async function readPlanStatements(client: Client, stack: string | null): Promise<PlanStatements> {
  const { rows } = await client.query<PlanStatements>(
    `select (select s.value from iu_core.setting s where s.name = 'approvals') as approvals,
            iu_core.plan_quorum()::int as quorum, coalesce(jsonb_agg(to_jsonb(f) - 'seq' order by f.seq), '[]') as rows from (
       select p.seq, p.statement, p.signature, p.approver::text as approver,
            (p.statement ->> 'expires_at')::timestamptz <= clock_timestamp() as over,
            array(select distinct r.step from iu_core.dot_run r
                   where r.stack = p.statement ->> 'stack' and r.outcome = 'applied' and r.kind <> 'vote'
                     and r.direction <> p.statement ->> 'direction' and r.applied_at > p.written_at) as spent,
            array(select a.step from iu_core.approved_delta a where a.sha256 = p.sha256 and a.decision = 'approve'
                   group by a.step having bool_and(exists (select from iu_core.dot_run r
                     where (r.stack, r.step, r.direction, r.resource, r.delta_digest)
                         = (a.stack, a.step, a.direction, a.resource, a.delta_digest)
                       and r.outcome = 'applied' and r.applied_at > a.written_at)) order by 1) as used
         from iu_core.plan_statement p
        where p.statement ->> 'stack' = coalesce($1, (select b.stack from iu_core.v_baseline b))) f`,
    [stack],
  );
  const [found] = rows;
  if (found === undefined) throw unread('no row', 'what owners decided');
  return found;
}

/** @throws C1Error ERROR_READ_FAILED, ERROR_SSH_MISSING, HOLD_SIGNERS_MISSING */
export function judgeDecisions({ quorum, rows }: PlanStatements, signers: Signers, operator: string): PlanDecisions {
  if (quorum === null) throw unread('no approval_quorum', 'how many owners have to approve');
  const own = rows.length === 0 ? [] : operatorKeys(signers, operator);
  return { quorum, decisions: rows.map((row) => judged(row, signers, own)) };
}

/** @throws C1Error ERROR_READ_FAILED when it is no statement of this version: it could be a denial */
function judged(row: StatementRow, signers: Signers, own: readonly string[]): JudgedDecision {
  const { statement, signature, approver, over, spent, used } = row;
  const parsed = approvalStatement.safeParse(statement);
  if (!parsed.success) throw unread('a decision of another shape', 'statements c1.approval/v1');
  const found = { statement: parsed.data, signature };
  const { fingerprint, fault } = signatureOf(found, signers, own);
  const other = approver === found.statement.approver ? null : `entered by ${approver}`;
  return { statement: found.statement, isOver: over, spent, used, fingerprint, fault: fault ?? other };
}

/** The key that made a signature, and why the decision would not count. */
export function signatureOf(
  { statement, signature }: Pick<SignedApproval, 'statement' | 'signature'>,
  signers: Signers,
  own: readonly string[],
): Pick<JudgedDecision, 'fingerprint' | 'fault'> {
  const options = { namespace: APPROVAL_NAMESPACE };
  try {
    const fingerprint = verify(signers, statement as unknown as Json, signature, statement.approver, options);
    return { fingerprint, fault: own.includes(fingerprint) ? OWN_KEY : null };
  } catch (cause) {
    if (!(cause instanceof C1Error) || !COUNTS_FOR_NOTHING.includes(cause.code)) throw cause;
    return { fingerprint: null, fault: `${cause.code}, ${cause.seen}` };
  }
}

/** Why a good signature counts for nothing all the same. */
export const OWN_KEY = "signed with the operator's own key";

const COUNTS_FOR_NOTHING: readonly string[] = ['REJECT_UNKNOWN_SIGNER', 'REJECT_APR_ALTERED', 'REJECT_SIGNER_REVOKED'];

/** Fingerprints of the keys that are listed for whoever runs the program, whatever they are listed for. */
export function operatorKeys({ folder }: Signers, operator: string): readonly string[] {
  const list = readFileSync(join(folder, 'allowed_signers'), 'utf8');
  return [...new Set(keysOf(list, operator))].map(fingerprintOf);
}

/** `ssh-ed25519` and a key of 32 bytes, each with its length before it, and nothing else. */
const ED25519 = /^ssh-ed25519 (AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43})$/;

/** As `ssh-keygen -l` says it; only what is beyond doubt an Ed25519 key is read here, which spares each open a program. */
function fingerprintOf(key: string): string {
  const [, text] = ED25519.exec(key) ?? [];
  if (text !== undefined) {
    const digest = createHash('sha256').update(Buffer.from(text, 'base64')).digest('base64');
    return `SHA256:${digest.replace(/=+$/, '')}`;
  }
  const ended = sshKeygen(['-l', '-f', '-'], `${key}\n`);
  const [, fingerprint] = /(SHA256:\S+)/.exec(ended.stdout) ?? [];
  if (ended.status === 0 && fingerprint !== undefined) return fingerprint;
  throw new C1Error('HOLD_SIGNERS_MISSING', {
    seen: 'a key in allowed_signers that ssh-keygen cannot read',
    expected: 'public keys',
  });
}

function unread(seen: string, expected: string): C1Error {
  return new C1Error('ERROR_READ_FAILED', { seen, expected });
}
