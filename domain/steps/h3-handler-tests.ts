import { FIXTURE_COUNTS, rehearsalRequest } from '../rehearsal.ts';
import type { ReleasePayloads } from '../release.ts';
import type { Step } from './step.ts';

/** H3: the new handler is tried before anything relies on it, where it can do no harm (seed 003, step 3). */
export function handlerTestsStep({ release }: Pick<ReleasePayloads, 'release'>): Step {
  return {
    id: 'H3',
    title: 'HandlerTests',
    goal: 'See the handler fail closed, fixture by fixture, and mint exactly once, in a disposable runtime with the files of the release.',
    dotPaths: ['dot-apr-execute'],
    payloadFiles: [],
    rows: [],
    channel: ['dot-apr-execute'],
    rehearsal: { create: 'c1-rehearse --step H3', request: rehearsalRequest('H3', release) },
    readback: `${FIXTURE_COUNTS.H3} fixtures: each negative its exact code and no grant, the positive one grant, once more still one`,
    retire: 'nothing to retire: the disposable runtime is gone',
    blastRadius: 'none: a database and a folder of its own, both gone afterwards',
    stops: [
      'a negative fixture mints, or answers with another code: nothing is bound',
      'more than one grant after one request',
      'a fixture was left out',
    ],
    attack: 'executing twice mints twice',
  };
}
