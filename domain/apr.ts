import * as z from 'zod/mini';
import { digestOf, type Json, sha256Hex } from './canonical.ts';
import { GRANT_REQUESTS, type GrantAction, grantAction } from './grant.ts';
import { AUTHORIZE_ACTION } from './handler.ts';
import { dotCode, plainText } from './payloads.ts';
import { SCAN_FOLDER } from './registrar.ts';

/**
 * Approval requests (authority.md, "APR"): what is asked for, what is signed, how many have to agree. The request's code
 * is made of its own content, so that the same request is the same code, and an altered one no longer fits its name.
 */
export const SIGNATURE_NAMESPACE = 'c1-apr';
export const PATCH_ACTION = 'patch_ops_code';

/** Approvals needed by risk class; the proposer's own does not count, and one denial is final. Twin of `public.quorum_passed`. */
export const QUORUM = { low: 1, medium: 1, high: 2 } as const;
export type RiskClass = keyof typeof QUORUM;

/** How long a request stays open, and a vote counts before it is acted on. Twins of `iu_core.request_life` and `vote_life`. */
export const REQUEST_DAYS = 7;
export const VOTE_DAYS = 3;

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/, 'SHA-256 in lower-case hex'));
const fileName = z
  .string()
  .check(
    z.maxLength(100),
    z.regex(
      /^dot-[a-z0-9]+(-[a-z0-9]+)*$/,
      'the name of a DOT file: dot- and ASCII small letters, digits, single hyphens',
    ),
  );
const version = z.string().check(z.maxLength(40), z.regex(/^\d+\.\d+\.\d+(-[a-z0-9.-]+)?$/, 'a version'));

/** What a patch says besides the new content itself. */
const patchShape = {
  dot_code: dotCode,
  file_path: z
    .string()
    .check(
      z.maxLength(200),
      z.regex(new RegExp(`^${SCAN_FOLDER}/dot-[a-z0-9]+(-[a-z0-9]+)*$`), `a file right below ${SCAN_FOLDER}`),
    ),
  patch_mode: z.literal('full_replace'),
  session_code: z.string().check(z.regex(/^S-[A-Z0-9]+(-[A-Z0-9]+)*$/, 'a session code such as S-C1-REG-001')),
  test_plan: z.array(plainText).check(z.minLength(1), z.maxLength(20)),
  version,
  /** The file that is there now; another one stops the patch. */
  replaces: z.strictObject({ version, sha256 }),
  /** A second name of the patched file: a symlink, which the scan of the disk leaves out. */
  alias: z.nullable(fileName),
  /** Files that come with the patch and go with its rollback. */
  staged_files: z.array(z.strictObject({ file: fileName, dot_code: dotCode, sha256 })).check(z.maxLength(50)),
};

/** A `patch_ops_code` request without what only the runtime knows: how many like it were closed before. */
export const patchProposal = z.strictObject({
  ...patchShape,
  new_content_base64: z.base64().check(z.minLength(1), z.maxLength(4_000_000)),
});
export type PatchProposal = z.infer<typeof patchProposal>;

/** `proposed_action` of a `patch_ops_code` request. */
export const patchAction = z.extend(patchProposal, { incarnation: z.int().check(z.nonnegative()) });
export type PatchAction = z.infer<typeof patchAction>;

/** The same as a row image has it: half a megabyte of content stands there by its digest. Twin of `iu_core.by_digest`. */
export const patchImage = z.extend(patchAction, {
  new_content_base64: z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/)),
});
export type PatchImage = z.infer<typeof patchImage>;

export function imageOfPatch<T extends PatchProposal>(patch: T): T {
  const content = Buffer.from(patch.new_content_base64, 'base64');
  return { ...patch, new_content_base64: `sha256:${sha256Hex(content)}` };
}

/** A proposal as a command line's standard input carries it: the content by name and digest, from the release folder. */
export const patchOrder = z.strictObject({ ...patchShape, content_file: fileName, new_content_sha256: sha256 });
export type PatchOrder = z.infer<typeof patchOrder>;

/** A row of `apr_requests` as it is signed: everything but its status and its times. */
export interface AprRequest {
  readonly apr_code: string;
  readonly request_type: string;
  readonly action_code: string;
  readonly proposed_action: Json;
  readonly risk_class: RiskClass;
  readonly proposer: string;
}

export type Decision = 'approve' | 'deny';

/** Beginning of the codes of all requests that patch this DOT. */
export function aprPrefix(dot: string): string {
  return `APR-C1-${dot}-`;
}

const CODE_DIGITS = 16;

/** Whether a request of that code patches this DOT, and not one whose code only begins with it. */
export function isRequestOf(dot: string, apr_code: string): boolean {
  const prefix = aprPrefix(dot);
  return apr_code.startsWith(prefix) && /^[0-9a-f]{16}$/.test(apr_code.slice(prefix.length));
}

/** The code of a request: its target and the digest of what it asks for. */
export function aprCode(action_code: string, action: Action): string {
  const target = 'dot_code' in action ? action.dot_code : GRANT_REQUESTS;
  return `${aprPrefix(target)}${digestOf({ action_code, proposed_action: action }).slice(0, CODE_DIGITS)}`;
}

/** What a request may ask for: these two, and nothing else. */
export type Action = PatchAction | GrantAction;

/** The known action of a request whose code is made of it; null for anything else. */
export function knownAction({
  action_code,
  proposed_action,
  apr_code,
}: Pick<AprRequest, 'action_code' | 'proposed_action' | 'apr_code'>): Action | null {
  const schema: z.ZodMiniType<Action> | null = SCHEMAS[action_code] ?? null;
  const parsed = schema?.safeParse(proposed_action);
  return parsed?.success === true && aprCode(action_code, parsed.data) === apr_code ? parsed.data : null;
}

const SCHEMAS: Readonly<Record<string, z.ZodMiniType<Action>>> = {
  [PATCH_ACTION]: patchAction,
  [AUTHORIZE_ACTION]: grantAction,
};

/** What the proposer signs, as canonical JSON. */
export function requestStatement(request: AprRequest): Json {
  const { apr_code, request_type, action_code, proposed_action, risk_class, proposer } = request;
  return { apr_code, request_type, action_code, proposed_action, risk_class, proposer };
}

/** What a voter signs: the whole request with the decision, so that a vote moves neither to another request nor to the other side. */
export function voteStatement(request: AprRequest, voter: string, decision: Decision): Json {
  return { request: requestStatement(request), voter, decision };
}
