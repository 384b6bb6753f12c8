import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../engine/root.mjs';
import { SOURCES } from '../../review/plan/source.ts';
import type { Bench, Row } from '../measurement.ts';
import { runOrThrow } from '../process.ts';
import { createPlainProject, createProgram, type Program } from '../project.ts';
import { figuresOf, interleave, least, timed } from '../timing.ts';

/** What a plan may cost beside an empty program's preview. */
const EXTRA_MS = 2_000;

/**
 * A full plan of the whole program with its page, as `npx c1 review` makes it, against the preview of an empty program. The
 * command works on the checkout that it stands in, so that this side is a copy of it.
 */
export async function measurePlan({ lab, runs: rounds, say }: Bench): Promise<readonly Row[]> {
  say('a copy of the checkout is made');
  const program = await createProgram(lab, 'plan');
  await becomeCheckout(program);
  const empty = await createPlainProject(lab, 'plan-empty', 'empty.ts');
  const sides = [
    { name: 'plan' as const, run: () => timed(() => review(program)) },
    { name: 'empty' as const, run: () => timed(() => empty.pulumiOrThrow(['preview'])) },
  ];
  const runs = await interleave(sides, rounds, say);
  const value = (least(runs.plan) - EXTRA_MS) / least(runs.empty);
  const compares = '(plan and page − 2 s) / preview of an empty program';
  return [
    { kind: 'measured', name: 'plan', compares, value, unit: 'times', limit: 1.5, figures: figuresOf(runs), runs },
  ];
}

/** A link would lead the command back to the real checkout. */
async function becomeCheckout({ folder }: Program): Promise<void> {
  for (const name of SOURCES) {
    await rm(join(folder, name), { recursive: true, force: true });
    await cp(join(root, name), join(folder, name), { recursive: true });
  }
}

function review({ folder, env }: Program): Promise<unknown> {
  const words = [join(folder, 'cli', 'main.ts'), 'review', '--out', 'review.html'];
  return runOrThrow(process.execPath, words, { cwd: folder, env });
}
