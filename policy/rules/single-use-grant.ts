import { LONGEST_TTL_S } from '../../domain/grant.ts';
import { binOf, flagsOf, linesOf, requestOf } from '../command.ts';
import type { Declared, ResourceRule, Violation } from '../rule.ts';

const GRANT_TYPE = 'c1:authority:Grant';

/** The row shows that it is used once; when it expires stands in the request that the owners vote on. */
export const singleUseGrant: ResourceRule = {
  name: 'single-use-grant',
  description: 'The grant is used once, never commits, and expires.',
  next: 'put single_use, commit_allowed and ttl_seconds back in payloads/governance_build_authorization_grant.json',
  check: (resource) => {
    if (resource.type === GRANT_TYPE) return usedOnce(resource, resource.inputs);
    if (!asksForGrant(resource)) return [];
    const order = requestOf(resource) ?? {};
    return [...usedOnce(resource, order), ...expires(resource, order)];
  },
};

function asksForGrant(resource: Declared): boolean {
  return linesOf(resource).some(
    ([input, line]) =>
      input !== 'delete' &&
      (binOf(line) === 'dot-c1-grant-issue' || flagsOf(line).some(([flag]) => flag === '--authorize')),
  );
}

function usedOnce({ name }: Declared, grant: Readonly<Record<string, unknown>>): readonly Violation[] {
  const { single_use, commit_allowed } = grant;
  if (single_use === true && commit_allowed === false) return [];
  return [
    {
      seen: `${name} with single_use=${single_use} and commit_allowed=${commit_allowed}`,
      expected: 'single_use=true and commit_allowed=false',
    },
  ];
}

function expires({ name }: Declared, { ttl_seconds }: Readonly<Record<string, unknown>>): readonly Violation[] {
  if (typeof ttl_seconds === 'number' && ttl_seconds > 0 && ttl_seconds <= LONGEST_TTL_S) return [];
  return [{ seen: `${name} with ttl_seconds=${ttl_seconds}`, expected: `1 to ${LONGEST_TTL_S}` }];
}
