import type { C1Error } from '../../domain/codes.ts';
import { EXECUTOR_C1, EXECUTOR_V1 } from '../../domain/executor.ts';
import { STAGING_LABELS } from '../../domain/label.ts';
import { STACK } from '../engine.ts';
import type { Story } from './story.ts';
import type { Told } from './tell.ts';

/** How a demo ended. `failure` is null when all of it was proven. */
export interface Ending {
  readonly story: Story;
  readonly told: readonly Told[];
  readonly seconds: number;
  readonly kept: boolean;
  readonly failure: { readonly chapter: string; readonly error: C1Error } | null;
}

/** The one document of `--json`. */
export function endingJson({ story, told, seconds, kept, failure }: Ending): Readonly<Record<string, unknown>> {
  return {
    label: STAGING_LABELS,
    ok: failure === null,
    code: failure?.error.code ?? 'OK_APPLIED',
    ...(failure === null ? {} : { failure: failureJson(failure) }),
    stack: STACK,
    kept,
    runtime: story.runtime ?? null,
    seconds,
    steps: told,
    counters: story.counts ?? [],
    liveRows: (story.again ?? story.applied)?.live.length ?? null,
  };
}

function failureJson({ chapter, error }: NonNullable<Ending['failure']>): Readonly<Record<string, unknown>> {
  const { code, seen, expected, next, exitCode } = error;
  return { step: chapter, code, seen, expected, next, exitCode };
}

/** The end of a demo that went well. */
export function summaryLines({ story, kept, seconds }: Ending): readonly string[] {
  return [
    '',
    `The C1 steps were applied${kept ? ', retired and applied again' : ' and retired'} on a real PostgreSQL in ${seconds} s.`,
    '',
    ...counterLines(story),
    '',
    ...(kept ? keptLines(story) : endedLines(story)),
  ];
}

function counterLines({ counts = [], before, applied }: Story): readonly string[] {
  const changed = counts.filter(({ planned }) => planned !== 0);
  const width = Math.max(...changed.map(({ surface }) => surface.length));
  return [
    ...changed.map(
      ({ surface, before: was, after, planned }) =>
        `  ${surface.padEnd(width)}  ${String(was).padStart(4)} → ${String(after).padStart(4)}  (+${planned})`,
    ),
    `  CAT-006, the catalogue of DOTs, says ${before?.state.catalogueCount} → ${applied?.state.catalogueCount}`,
    `  executor  ${EXECUTOR_V1} → ${EXECUTOR_C1}, KG answers byte for byte as before`,
    `  ${counts.length - changed.length} other surfaces with the same rows; ${before?.live.length} → ${applied?.live.length} live rows`,
  ];
}

function keptLines({ runtime }: Story): readonly string[] {
  return [
    `Kept: stack ${STACK} is applied, the runtime answers on ${runtime?.host}:${runtime?.port}.`,
    '  look      npx c1 runtime snapshot',
    '  retire    npx c1 retire --plan --out retire.json, npx c1 approve --plan retire.json by both, npx c1 retire --yes',
    '  stop      npx c1 runtime stop',
  ];
}

function endedLines({ startedHere }: Story): readonly string[] {
  const runtime = startedHere ? 'the runtime is stopped' : 'the runtime, which ran before, runs on';
  return [
    `Tidied up: stack ${STACK} is empty, ${runtime}.`,
    '  keep it next time    npm run demo -- --keep',
    `  by hand              npm run setup, then npx c1 plan`,
  ];
}

/** The end of a demo that stopped: the step, the code, the next command, and what is left. */
export function failureLines({ story, failure, kept }: Ending): readonly string[] {
  if (failure === null) return [];
  const { chapter, error } = failure;
  return [
    `Stopped at "${chapter}": ${error.code}`,
    `  seen      ${error.seen}`,
    `  expected  ${error.expected}`,
    `  next      ${error.next}`,
    whatIsLeft(story, kept),
  ];
}

function whatIsLeft({ plan, startedHere }: Story, kept: boolean): string {
  if (plan !== undefined)
    return `The runtime runs on and stack ${STACK} is as it was left, so that it can be looked at.`;
  return `The demo applied nothing${startedHere && !kept ? '; the runtime that it started is stopped again' : ''}.`;
}
