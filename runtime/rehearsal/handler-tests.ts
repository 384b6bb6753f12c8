import { availableParallelism } from 'node:os';
import type { Client } from 'pg';
import { sameJson } from '../../domain/canonical.ts';
import { type Code, exitCodeOf } from '../../domain/codes.ts';
import { dotOf } from '../../domain/dots.ts';
import { HANDLER_DOT } from '../../domain/handler.ts';
import { HANDLER_FIXTURES, type HandlerFixture, rehearsalFailed } from '../../domain/rehearsal.ts';
import type { BinAnswer, ReleaseFile } from './disposable.ts';
import { withDisposable } from './disposable.ts';
import { HANDLER_SCENES } from './handler-scenes.ts';
import { commandOf, putScene, type Scene } from './scene.ts';
import type { Host } from './slots.ts';
import { prepareStage, type Stage } from './stage.ts';

/** Fixtures that follow one another on one stage, and what they leave. */
type Act = readonly { readonly name: HandlerFixture; readonly run: (stage: Stage) => Promise<void> }[];

const HANDLER = dotOf(HANDLER_DOT).bin;
/** More stages than processors only wait for one another. */
const LARGEST_CAST = 4;

/**
 * H3: the handler of the release fails closed on every fixture, and mints exactly once (seed 003, step 3). Fixtures that
 * do not depend on one another run side by side, each on a stage of its own.
 *
 * @param scenes the negative fixtures; all of them, but for a test of this very runner
 * @returns names of the fixtures that ran
 * @throws C1Error HOLD_REHEARSAL_FAILED at the first that is answered otherwise
 */
export async function runHandlerTests(
  host: Host,
  files: readonly ReleaseFile[],
  scenes: Readonly<Partial<Record<HandlerFixture, Scene>>> = HANDLER_SCENES,
): Promise<readonly string[]> {
  const acts = [GOOD, ...Object.entries(scenes).map(([name, scene]) => refusal(name as HandlerFixture, scene))];
  const ran: string[] = [];
  const stages = Math.min(Math.max(availableParallelism(), 2), LARGEST_CAST);
  const lanes = Array.from({ length: stages }, (_, slot) =>
    withDisposable(host, { files, slot }, async (runtime) => {
      const stage = await prepareStage(runtime);
      for (let act = acts.shift(); act !== undefined; act = acts.shift()) ran.push(...(await play(stage, act)));
    }).catch((cause: unknown) => {
      // The other stages end their act, and begin none.
      acts.length = 0;
      throw cause;
    }),
  );
  const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return ran;
}

async function play(stage: Stage, act: Act): Promise<readonly string[]> {
  for (const { run } of act) await run(stage);
  return act.map(({ name }) => name);
}

function refusal(name: HandlerFixture, scene: Scene): Act {
  return [{ name, run: (stage) => refused(stage, name, scene, 0) }];
}

/** The same made good mints one; once more, it is still one; another request beside the live grant mints none. */
const GOOD: Act = [
  {
    name: 'all-good',
    run: async (stage) => {
      await putScene(stage, {});
      const answer = await stage.bin(HANDLER, commandOf());
      assertAnswer('all-good', answer);
      const after = await authority(stage.client);
      assertGrants('all-good', after, { grants: 1, applied: 1 });
    },
  },
  {
    name: 'all-good-again',
    run: async (stage) => {
      const before = await authority(stage.client);
      assertAnswer('all-good-again', await stage.bin(HANDLER, commandOf()));
      assertGrants('all-good-again', await authority(stage.client), before);
    },
  },
  { name: 'grant-live', run: (stage) => refused(stage, 'grant-live', { keeps: true, asks: { generation: 2 } }, 1) },
];

async function refused(stage: Stage, name: HandlerFixture, scene: Scene, grants: number): Promise<void> {
  await putScene(stage, scene);
  const before = await authority(stage.client);
  assertGrants(name, before, { ...before, grants });
  const answer = await stage.bin(HANDLER, commandOf(scene));
  // What it did counts before what it says.
  assertGrants(name, await authority(stage.client), before);
  assertAnswer(name, answer);
}

interface Authority {
  readonly grants: number;
  readonly applied: number;
}

async function authority(client: Client): Promise<Authority> {
  const { rows } = await client.query<Authority>(
    `select (select count(*)::integer from public.governance_build_authorization) as grants,
            (select count(*)::integer from public.apr_requests where status = 'applied') as applied`,
  );
  return rows[0] ?? { grants: -1, applied: -1 };
}

function assertGrants(name: HandlerFixture, seen: Authority, expected: Authority): void {
  if (sameJson({ ...seen }, { ...expected })) return;
  throw rehearsalFailed(`fixture ${name}`, said(seen), said(expected));
}

function said({ grants, applied }: Authority): string {
  return `${grants} grants and ${applied} applied requests`;
}

function assertAnswer(name: HandlerFixture, { code, exitCode, message }: BinAnswer): void {
  const expected: Code = HANDLER_FIXTURES[name];
  if (code === expected && exitCode === exitCodeOf(expected)) return;
  throw rehearsalFailed(
    `fixture ${name}`,
    `${code}, exit ${exitCode} (${message})`,
    `${expected}, exit ${exitCodeOf(expected)}`,
  );
}
