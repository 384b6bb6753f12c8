import * as z from 'zod/mini';
import type { Json } from './canonical.ts';
import { C1Error } from './codes.ts';
import './english.ts';
import { EVIDENCE_DOCUMENT } from './evidence/record.ts';

/**
 * The two signed statements that a governed dry run needs (readiness.md, "HALT"): the reviewer's confirmation and the
 * owner's authorization, over the same evidence, by different keys. Whoever calls checks the signatures.
 */
export const DRY_RUN_NAMESPACE = 'c1-dry-run';
/** Beside the allowed signers: who is on it no longer counts, whatever he signed before. */
export const REVOKED_SIGNERS = 'revoked_signers';
export const AUTHORIZATION_KINDS = ['reviewer_confirmation', 'owner_authorization'] as const;
export type AuthorizationKind = (typeof AUTHORIZATION_KINDS)[number];

const statement = z.strictObject({
  kind: z.enum(AUTHORIZATION_KINDS),
  /** SHA-256 of the evidence, lower-case hex. */
  evidence_digest: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  /** Principal of the allowed signers. */
  signer: z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$/, 'a principal in plain ASCII')),
  expires_at: z.iso.datetime({ offset: true }),
  stack: z.string().check(z.minLength(1), z.maxLength(100)),
});

export const authorization = z.strictObject({
  statement,
  signature: z.string().check(z.minLength(1), z.maxLength(10_000)),
});

/** What a DRY_RUN carries; the number and kinds are checked by `pairFault`. */
export const authorizations = z.array(authorization).check(z.maxLength(2));

export type Authorization = z.infer<typeof authorization>;

/** What SSH signs: the canonical JSON of this. */
export function statementOf({ statement: signed }: Authorization): Json {
  return { ...signed };
}

/**
 * What is wrong with the two statements, whoever signed them; null where nothing is.
 *
 * @param now ISO 8601
 */
export function pairFault(given: readonly Authorization[], now: string): string | null {
  const missing = AUTHORIZATION_KINDS.find((kind) => !given.some((one) => one.statement.kind === kind));
  if (missing !== undefined) return `no ${missing}`;
  const statements = given.map((one) => one.statement);
  const expired = statements.find(({ expires_at }) => !(Date.parse(expires_at) > Date.parse(now)));
  if (expired !== undefined) return `${expired.kind} until ${expired.expires_at}, and it is ${now}`;
  for (const key of ['evidence_digest', 'stack'] as const) {
    if (!allEqual(statements.map((one) => one[key]))) return `two statements with another ${key} each`;
  }
  return allEqual(statements.map(({ signer }) => signer)) ? 'both statements by one signer' : null;
}

/** Of which package of evidence a dry run can be made: the one that W9 entered, and its stack. */
const enteredEvidence = z.nullable(z.strictObject({ stack: z.string(), digest: z.string() }));
export type EnteredEvidence = z.infer<typeof enteredEvidence>;

/**
 * One value, `answer`: the live document of the evidence, which a claim of its stack goes with. Evidence that was entered
 * before the live grant was made says nothing of that grant, and what was signed over it was for the one before.
 */
export const ENTERED_EVIDENCE_READ = `select (select jsonb_build_object('stack', c.stack, 'digest', k.package_sha256)
    from iu_core.v_kb_document k join iu_core.claim c
      on c.surface = 'kb_document' and c.status = 'live' and c.key = format('%s/%s', k.doc_id, k.revision)
   where k.doc_id = '${EVIDENCE_DOCUMENT}' and k.status = 'current' and k.package_sha256 is not null
     and not exists (select from public.governance_build_authorization g
       where g.carrier = 'C1' and g.status = 'active' and g.granted_at > k.written_at)) as answer`;

/** @throws C1Error ERROR_READ_FAILED when the runtime answers something else */
export function parseEntered(value: unknown): EnteredEvidence {
  const parsed = enteredEvidence.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new C1Error('ERROR_READ_FAILED', { seen: z.prettifyError(parsed.error), expected: 'evidence, or none' });
}

/**
 * A statement over other evidence, or for another stack, authorizes nothing here: whoever signed it saw something else.
 *
 * @param given two that go together
 */
export function evidenceFault(given: readonly Authorization[], entered: EnteredEvidence): string | null {
  if (entered === null) return 'no evidence in the knowledge base that is newer than the grant';
  const other = given.find((one) => one.statement.stack !== entered.stack);
  if (other !== undefined) return `a ${other.statement.kind} for stack ${JSON.stringify(other.statement.stack)}`;
  const stale = given.find((one) => one.statement.evidence_digest !== entered.digest);
  return stale === undefined ? null : `a ${stale.statement.kind} over other evidence than the knowledge base has`;
}

/** The same key under two names is one person. @param fingerprints of the keys that made the signatures */
export function keysFault(fingerprints: readonly string[]): string | null {
  return allEqual(fingerprints) ? 'both signatures by one key' : null;
}

function allEqual(values: readonly string[]): boolean {
  return new Set(values).size < 2;
}
