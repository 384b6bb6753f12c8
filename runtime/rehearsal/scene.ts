import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { escapeLiteral } from 'pg';
import { type AprRequest, aprCode, type Decision, requestStatement, voteStatement } from '../../domain/apr.ts';
import { canonicalJson, type Json } from '../../domain/canonical.ts';
import { GRANT_TARGET } from '../../domain/decision/grant-checks.ts';
import { REVOKED_SIGNERS } from '../../domain/dry-run-authorization.ts';
import type { GrantAction, GrantOrder } from '../../domain/grant.ts';
import { AUTHORIZE_ACTION, AUTHORIZE_HANDLER } from '../../domain/handler.ts';
import { keyFileOf, sign } from '../../dots/kernel/ssh.ts';
import { VOTER_LOGINS } from '../roles.ts';
import { OPERATOR } from '../stand-in-keys.ts';
import { behindTheGuards, bindTo, type Stage } from './stage.ts';

/** A vote that is put on the stage. */
export interface Ballot {
  readonly voter: string;
  /** Whose key signs it; the voter's own without it. */
  readonly key?: string;
  readonly decision?: Decision;
  /** True where it was cast on another request, and moved here. */
  readonly moved?: boolean;
}

/** What is on the stage, as far as it is not what a good request has. */
export interface Scene {
  readonly asked?: boolean;
  /** Whether the grant of the scene before stays. */
  readonly keeps?: boolean;
  readonly asks?: Partial<GrantOrder>;
  readonly actionCode?: string;
  readonly status?: 'denied';
  readonly age?: string;
  readonly votes?: readonly Ballot[];
  readonly voteAge?: string;
  /** What the row says since it was signed. */
  readonly alteredTo?: Partial<GrantOrder>;
  /** Whether its code is made of what it says since. */
  readonly renamed?: boolean;
  readonly handler?: string;
  /** Whose key was revoked since he signed. */
  readonly revoked?: string;
  /** What the command line asks for. */
  readonly authorize?: string;
}

const STACK = 'rehearsal';
const OWNERS: readonly Ballot[] = VOTER_LOGINS.map((voter) => ({ voter }));
const TABLES = [
  ...['public.apr_action_types', 'public.apr_requests', 'public.apr_approvals'],
  ...['public.governance_build_authorization', 'iu_core.claim', 'iu_core.dot_run'],
];
/** Claims name the run that made the row. */
const RUN = '0'.repeat(64);

export function commandOf({ authorize = GRANT_TARGET }: Scene = {}): readonly string[] {
  return ['--cloud', '--step', 'H3', '--for', `${STACK}/grant`, '--authorize', authorize];
}

/** Puts one request with its votes on an otherwise empty stage, signed by the keys of the stage. */
export async function putScene(stage: Stage, scene: Scene): Promise<void> {
  const request = scene.asked === false ? '' : requestOf(stage, scene);
  await putRevoked(stage, scene);
  await behindTheGuards(
    stage.client,
    TABLES,
    `${empty(scene)}; ${bindTo(scene.handler ?? AUTHORIZE_HANDLER)}; ${request}`,
  );
}

/** Without a list no key is looked up in one. */
async function putRevoked({ signers }: Stage, { revoked }: Scene): Promise<void> {
  const list = path.join(signers.folder, REVOKED_SIGNERS);
  if (revoked === undefined) await rm(list, { force: true });
  else await copyFile(`${keyFileOf(signers, revoked)}.pub`, list);
}

function empty({ keeps = false }: Scene): string {
  const requests = `delete from iu_core.claim where surface = 'apr_requests' or key like 'apr_requests/%'`;
  return keeps ? `${requests}; update public.apr_requests set status = 'closed'` : `${requests}; ${NOTHING}; ${A_RUN}`;
}

const NOTHING = `delete from iu_core.claim where surface = 'governance_build_authorization';
  delete from public.apr_approvals; delete from public.governance_build_authorization; delete from public.apr_requests`;

const A_RUN = `insert into iu_core.dot_run (request_id, dot_code, kind, step, direction, stack, resource, subject, deltas, delta_digest)
  values ('${RUN}', 'DOT_C1_GRANT_ISSUE', 'propose', 'H3', 'apply', '${STACK}', 'grant-request', 'apr_requests/none', '[]', '${RUN}')
  on conflict do nothing`;

function requestOf(stage: Stage, scene: Scene): string {
  const { status = 'pending', age = '0 seconds' } = scene;
  const signed = requestFor(stage, scene);
  const action = { ...(signed.proposed_action as GrantAction), ...scene.alteredTo };
  const apr_code = scene.renamed === true ? aprCode(signed.action_code, action) : signed.apr_code;
  const row = {
    ...signed,
    apr_code,
    proposed_action: action,
    status,
    proposer_signature: signature(stage, requestStatement(signed), OPERATOR),
  };
  const ballots = (scene.votes ?? OWNERS).map((ballot) =>
    voteOf(stage, ballot, { signed, apr_code, age: scene.voteAge }),
  );
  return [
    `insert into public.apr_requests select * from jsonb_populate_record(null::public.apr_requests, ${json(row)}
       || jsonb_build_object('created_at', now() - interval '${age}'))`,
    `insert into iu_core.claim (surface, key, stack, resource, image, request_id, status)
     select 'apr_requests', q.apr_code, '${STACK}', 'grant-request', iu_core.image_of('apr_requests', to_jsonb(q)), '${RUN}', 'live'
     from public.apr_requests q where q.apr_code = ${escapeLiteral(apr_code)}`,
    ...ballots,
  ].join(';\n');
}

function requestFor({ order }: Stage, { asks, actionCode = AUTHORIZE_ACTION }: Scene): AprRequest {
  const proposed_action: GrantAction = { ...order, ...asks, incarnation: 0 };
  return {
    apr_code: aprCode(actionCode, proposed_action),
    ...{ request_type: 'governance', action_code: actionCode, proposed_action, risk_class: 'high', proposer: OPERATOR },
  };
}

interface Cast {
  readonly signed: AprRequest;
  readonly apr_code: string;
  readonly age: string | undefined;
}

function voteOf(stage: Stage, ballot: Ballot, { signed, apr_code, age = '0 seconds' }: Cast): string {
  const { voter, key = voter, decision = 'approve', moved = false } = ballot;
  const on = moved ? { ...signed, apr_code: `${signed.apr_code.slice(0, -1)}x` } : signed;
  const row = { apr_code, voter, decision, signature: signature(stage, voteStatement(on, voter, decision), key) };
  return `insert into public.apr_approvals select * from jsonb_populate_record(null::public.apr_approvals, ${json(row)}
    || jsonb_build_object('at', now() - interval '${age}'))`;
}

/** Most scenes have the same request: it is signed once by each key. */
function signature({ signers, signatures }: Stage, statement: Json, principal: string): string {
  const file = keyFileOf(signers, principal);
  const about = `${file}\n${canonicalJson(statement)}`;
  const made = signatures.get(about) ?? sign(statement, file);
  signatures.set(about, made);
  return made;
}

function json(value: unknown): string {
  return `${escapeLiteral(JSON.stringify(value))}::jsonb`;
}
