import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { sameJson } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { dotOf } from '../../domain/dots.ts';
import { HANDLER_DOT } from '../../domain/handler.ts';
import { STAGING_LABELS } from '../../domain/label.ts';
import { parsePayload } from '../../domain/payloads.ts';
import {
  assertAllRan,
  ISSUER_NAME,
  type RehearsalRequest,
  type RehearsedStep,
  rehearsalFailed,
  rehearsalRequest,
} from '../../domain/rehearsal.ts';
import { type Release, release } from '../../domain/release.ts';
import { connectionOf } from '../connection-file.ts';
import { type StatePaths, statePaths } from '../paths.ts';
import { type Reporter, withProgress } from '../reporter.ts';
import type { ReleaseFile } from './disposable.ts';
import { runHandlerRehearsal } from './handler-rehearsal.ts';
import { runHandlerTests } from './handler-tests.ts';
import { type Host, sweepSlots } from './slots.ts';

export type Runner = (host: Host, files: readonly ReleaseFile[]) => Promise<readonly string[]>;

export interface RehearseOptions {
  readonly stateDir: string;
  readonly step: RehearsedStep;
  readonly report: Reporter;
  /** What the program asked for; another release or list here is a stop. */
  readonly asked?: RehearsalRequest;
  /** The step's own; another one only in a test of this. */
  readonly runner?: Runner;
}

export interface Rehearsed {
  readonly code: 'OK_READ';
  readonly step: RehearsedStep;
  readonly fixtures: number;
  readonly handler: string;
  readonly issuer: string;
  readonly label: readonly string[];
}

const RUNNERS: Readonly<Record<RehearsedStep, Runner>> = { H3: runHandlerTests, H6: runHandlerRehearsal };

/**
 * Rehearses a step in a disposable runtime with the files of the release: fixture by fixture, each with its exact answer
 * (steps.md, H3 and H6). The live database is neither read nor written; nothing is left of it, whatever happens.
 *
 * @throws C1Error HOLD_REHEARSAL_FAILED naming the fixture, HOLD_INTERRUPTED, ERROR_RUNTIME_UNREACHABLE
 */
export async function rehearse({
  stateDir,
  step,
  report,
  asked,
  runner = RUNNERS[step],
}: RehearseOptions): Promise<Rehearsed> {
  const paths = statePaths(stateDir);
  const { port } = await connectionOf(stateDir);
  const found = await readRelease(paths);
  const request = rehearsalRequest(step, found);
  assertAsked(step, request, asked);
  const ran = await untilSignal((signal) =>
    withProgress(report, `the rehearsal of ${step}`, async () => {
      const host = { paths, port, signal };
      await sweepSlots(host);
      return runner(host, filesOf(found));
    }),
  );
  assertAllRan(step, ran);
  const { handler, issuer } = request;
  return { code: 'OK_READ', step, fixtures: ran.length, handler, issuer, label: STAGING_LABELS };
}

async function readRelease({ release: folder }: StatePaths): Promise<Release> {
  const file = path.join(folder, 'release.json');
  try {
    return parsePayload(release, JSON.parse(await readFile(file, 'utf8')), 'release');
  } catch (cause) {
    const expected = 'the release that a start brought';
    throw new C1Error('ERROR_RUNTIME_UNREACHABLE', { seen: 'no readable release.json', expected }, { cause });
  }
}

function filesOf({ handler, staged }: Release): readonly ReleaseFile[] {
  const issuer = staged
    .filter(({ file }) => file === ISSUER_NAME)
    .map(({ file, sha256 }) => ({ file, sha256, as: file }));
  return [{ ...handler, as: dotOf(HANDLER_DOT).bin }, ...issuer];
}

function assertAsked(step: RehearsedStep, here: RehearsalRequest, asked: RehearsalRequest = here): void {
  if (sameJson(here, asked)) return;
  throw rehearsalFailed(step, `release and fixtures ${JSON.stringify(here)}`, JSON.stringify(asked));
}

/** A signal ends the bins that run; what was made is removed, then the command ends. */
async function untilSignal<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals) => controller.abort(interrupted(name));
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
  // Not once: execa's own listener ends the process where it finds no other left.
  for (const name of signals) process.on(name, stop);
  try {
    return await work(controller.signal);
  } catch (cause) {
    throw controller.signal.aborted ? controller.signal.reason : cause;
  } finally {
    for (const name of signals) process.off(name, stop);
  }
}

function interrupted(signal: NodeJS.Signals): C1Error {
  return new C1Error('HOLD_INTERRUPTED', {
    seen: `${signal} during a rehearsal`,
    expected: 'its end',
    next: 'run the same command again',
  });
}
