import * as z from 'zod/mini';
import type { Json } from './canonical.ts';
import './english.ts';
import type { Grant, RuntimeManifest } from './decision/shapes.ts';
import { actionSetOf } from './manifest.ts';

/**
 * The build grant of C1 (authority.md): what is asked for, and the row that is minted from it. This stands in the codes of
 * its requests, where those of patches have their DOT: `APR-C1-GRANT-…`.
 */
export const GRANT_REQUESTS = 'GRANT';

export const DEFAULT_TTL_S = 24 * 60 * 60;
export const LONGEST_TTL_S = 7 * DEFAULT_TTL_S;

const text = z
  .string()
  .check(
    z.maxLength(200),
    z.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'text without control, invisible or broken characters'),
  );

/**
 * What a request for a grant says. Its values are judged by the same checks as a grant's, each with its own code, so the
 * shape alone is asked for here.
 */
const orderShape = {
  carrier: text,
  lane: text,
  mode: text,
  plan_ref: text,
  manifest_hash: z.nullable(text),
  action_set: z.array(text).check(z.maxLength(1000)),
  scope: z.record(text, text),
  single_use: z.boolean(),
  commit_allowed: z.boolean(),
  requires_sovereign_esign: z.boolean(),
  rollback_plan_ref: text,
  /** Principal who answers for what is built. */
  owner: z
    .string()
    .check(z.maxLength(63), z.regex(/^[a-z][a-z0-9_]*$/, 'a principal: ASCII small letters, digits and _')),
  /** Life of the grant from its minting, in seconds. */
  ttl_seconds: z.int(),
  /** Raised by whoever wants another grant after one that was used or is over. */
  generation: z.int().check(z.positive(), z.maximum(1_000_000)),
};

/** On standard input of `dot-c1-grant-issue`. */
export const grantOrder = z.strictObject(orderShape);
export type GrantOrder = z.infer<typeof grantOrder>;

/** `proposed_action` of an `authorize_build_step` request. */
export const grantAction = z.strictObject({ ...orderShape, incarnation: z.int().check(z.nonnegative()) });
export type GrantAction = z.infer<typeof grantAction>;

/** `payloads/governance_build_authorization_grant.json`: an order without what follows from the runtime and the stack. */
export const grantTerms = z.omit(grantOrder, { manifest_hash: true, action_set: true, generation: true });
export type GrantTerms = z.infer<typeof grantTerms>;

/** The order for the manifest as it is. @param generation of the stack's configuration */
export function grantOrderOf(terms: GrantTerms, { manifest, hash }: Bound, generation: number): GrantOrder {
  return { ...terms, manifest_hash: hash, action_set: [...actionSetOf(manifest.operations)], generation };
}

type Bound = Pick<RuntimeManifest, 'manifest' | 'hash'>;

/** Image of the row that is minted: without its times, which the runtime makes. */
export function grantImage(
  order: GrantOrder,
  request_ref: string,
  auth_code: string,
): { readonly [column: string]: Json } {
  const { mode: _mode, owner: _owner, ttl_seconds: _ttl, generation: _generation, ...row } = order;
  const { incarnation: _incarnation, ...columns } = row as typeof row & { readonly incarnation?: number };
  return { ...columns, auth_code, request_ref, status: 'active' };
}

/** The same as a record that the checks of a grant take, minted at `now`. */
export function supposedGrant(order: GrantOrder, request_ref: string, auth_code: string, now: string): Grant {
  const ends = new Date(Date.parse(now) + order.ttl_seconds * 1000).toISOString();
  const times = { granted_at: now, expires_at: ends, consumed_at: null, revoked_at: null };
  return { ...grantImage(order, request_ref, auth_code), ...times } as unknown as Grant;
}
