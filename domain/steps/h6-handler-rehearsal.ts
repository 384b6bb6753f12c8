import { rehearsalRequest } from '../rehearsal.ts';
import type { ReleasePayloads } from '../release.ts';
import type { Step } from './step.ts';

/** H6: the way from issuer to handler, walked without a write before the first real one (seed 003, step 6). */
export function handlerRehearsalStep({ release }: Pick<ReleasePayloads, 'release'>): Step {
  return {
    id: 'H6',
    title: 'HandlerRehearsal',
    goal: 'Walk from the issuer to the handler as W7 will, in a disposable runtime, and see that dry runs write nothing.',
    dotPaths: ['dot-c1-grant-issue', 'dot-apr-execute'],
    payloadFiles: [],
    rows: [],
    channel: ['dot-apr-execute'],
    rehearsal: { create: 'c1-rehearse --step H6', request: rehearsalRequest('H6', release) },
    readback:
      'dot-c1-grant-issue --dry-run prints the request and mints nothing; dot-apr-execute --dry-run over a request that nobody approved would dispatch, and writes nothing',
    retire: 'nothing to retire: the disposable runtime is gone, and no request is left anywhere',
    blastRadius: 'none: a database and a folder of its own, both gone afterwards',
    stops: ['a dry run writes', 'a request that nobody approved would not be dispatched, or is'],
    attack: 'a dry run that mints',
  };
}
