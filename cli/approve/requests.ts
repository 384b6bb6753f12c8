import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type AprRequest, knownAction, PATCH_ACTION, patchImage, type RiskClass } from '../../domain/apr.ts';
import { type Json, sha256Hex } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import type { PlannedStep } from '../../domain/planning/document.ts';
import type { StatePaths } from '../../runtime/paths.ts';
import { OPERATOR } from '../../runtime/stand-in-keys.ts';

/**
 * The requests that steps of a plan will propose, whole: a patch stands in the plan with the digest of its content, and the
 * vote is over the content itself, from the release folder.
 *
 * @throws C1Error REJECT_APR_ALTERED when a request's code is not made of what the release has
 */
export function requestsOf(paths: StatePaths, steps: readonly PlannedStep[]): readonly AprRequest[] {
  const proposed = steps
    .flatMap(({ rows }) => rows)
    .flatMap(({ deltas }) => deltas)
    .filter(({ surface, op, after }) => surface === 'apr_requests' && op === 'insert' && after?.status === 'pending');
  if (proposed.length === 0) return [];
  const release = releaseFiles(paths);
  return proposed.map(({ after }) => requestIn(after ?? {}, release));
}

function requestIn(image: Readonly<Record<string, Json>>, release: ReadonlyMap<string, Buffer>): AprRequest {
  const text = (name: string) => String(image[name]);
  const request: AprRequest = {
    apr_code: text('apr_code'),
    request_type: text('request_type'),
    action_code: text('action_code'),
    proposed_action: whole(text('action_code'), image.proposed_action ?? null, release),
    risk_class: text('risk_class') as RiskClass,
    // Only who runs the program proposes; the plan leaves out what the runtime will say of it.
    proposer: OPERATOR,
  };
  if (knownAction(request) !== null) return request;
  throw new C1Error('REJECT_APR_ALTERED', {
    seen: `${request.apr_code} in the plan, whose code is not made of what the release has`,
    expected: 'the request as it will be proposed',
    next: 'npx c1 plan, and decide about that plan',
  });
}

function whole(action: string, proposed: Json, release: ReadonlyMap<string, Buffer>): Json {
  const patch = action === PATCH_ACTION ? patchImage.safeParse(proposed) : null;
  if (patch?.success !== true) return proposed;
  const digest = patch.data.new_content_base64.replace(/^sha256:/, '');
  return { ...patch.data, new_content_base64: release.get(digest)?.toString('base64') ?? '' };
}

/** Files of the release by their SHA-256. @throws C1Error ERROR_READ_FAILED */
function releaseFiles({ release: folder }: StatePaths): ReadonlyMap<string, Buffer> {
  try {
    const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
    const contents = files.map(({ name }) => readFileSync(path.join(folder, name)));
    return new Map(contents.map((content) => [sha256Hex(content), content]));
  } catch (cause) {
    const seen = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new C1Error('ERROR_READ_FAILED', { seen, expected: 'the release folder of a started runtime' }, { cause });
  }
}
