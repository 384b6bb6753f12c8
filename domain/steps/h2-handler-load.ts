import type { Step } from './step.ts';

/**
 * H2: the file was swapped under the running process, so the next one is the first of the new version. One pass that has
 * nothing to do shows that it runs, and that it knows the patch which brought it (seed 003, step 2).
 */
export function handlerLoadStep(): Step {
  return {
    id: 'H2',
    title: 'HandlerLoad',
    goal: 'Run the new dot-apr-execute once, with nothing to do, before anything relies on it.',
    dotPaths: ['dot-apr-execute'],
    payloadFiles: [],
    rows: [],
    channel: ['dot-apr-execute'],
    readback: 'dot-apr-execute --patch DOT-310 --dry-run answers as version 2.3.0: NOOP_ALREADY_THERE',
    retire: 'nothing to retire: it only reads',
    blastRadius: 'none: read-only',
    stops: ['another version answers', 'the pass fails, hangs, or would change something'],
    checks: { gate: ['handler'] },
    attack: 'another file under the name of the deployed one',
  };
}
