import * as z from 'zod/mini';
import { aprPrefix, isRequestOf } from '../../domain/apr.ts';
import { C1Error } from '../../domain/codes.ts';
import { dotOf } from '../../domain/dots.ts';
import { HANDLER_DOT, HANDLER_VERSION } from '../../domain/handler.ts';
import type { RefsAnswer } from '../../domain/snapshot.ts';
import { type Ended, runInGroup } from './subprocess.ts';

/** Requests on the DOT that has the handler, whose claim says in whose name the pass is made. */
export const HANDLER_REQUESTS = { surface: 'apr_requests', prefix: aprPrefix(HANDLER_DOT) } as const;

const answer = z.object({
  dot: z.literal(HANDLER_DOT),
  version: z.literal(HANDLER_VERSION),
  mode: z.literal('dry-run'),
  code: z.literal('NOOP_ALREADY_THERE'),
});

/**
 * Runs the deployed `dot-apr-execute` once with nothing to do: it is the version that has the handler, and it finds its own
 * patch applied (steps.md, H2). A run that fails, hangs or says something else is a stop.
 *
 * @param limitMs how long it may take
 * @returns how many things its answer was compared in
 * @throws C1Error HOLD_HANDLER_NOT_LOADED
 */
export async function assertHandler(folder: string, refs: RefsAnswer, limitMs: number): Promise<number> {
  const words = ['--cloud', '--step', 'H2', '--for', ownerOf(refs), '--patch', HANDLER_DOT, '--dry-run'];
  const ended = await pass(folder, words, limitMs);
  if (ended.status !== 0) throw notLoaded(ended.stderr.trim() || `exit status ${ended.status}`);
  try {
    answer.parse(JSON.parse(ended.stdout));
  } catch (cause) {
    throw notLoaded(ended.stdout.slice(0, 200), cause);
  }
  return Object.keys(answer.shape).length;
}

/** Who applied the patch that is live now. */
function ownerOf({ claims }: RefsAnswer): string {
  const live = claims.find(
    ({ surface, key, status }) =>
      surface === HANDLER_REQUESTS.surface && isRequestOf(HANDLER_DOT, key) && status === 'live',
  );
  if (live !== undefined) return `${live.stack}/${live.resource}`;
  throw notLoaded(`no request on ${HANDLER_DOT} that anybody claims`);
}

async function pass(folder: string, words: readonly string[], limitMs: number): Promise<Ended> {
  try {
    return await runInGroup(`./${dotOf(HANDLER_DOT).bin}`, words, folder, limitMs);
  } catch (cause) {
    throw notLoaded(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function notLoaded(seen: string, cause?: unknown): C1Error {
  const expected = `NOOP_ALREADY_THERE of ${dotOf(HANDLER_DOT).bin} ${HANDLER_VERSION}`;
  return new C1Error('HOLD_HANDLER_NOT_LOADED', { seen: `a pass with ${seen}`, expected }, { cause });
}
