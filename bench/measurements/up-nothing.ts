import { approveAll, planOf } from '../approval.ts';
import type { Bench, Row } from '../measurement.ts';
import { createProgram, type Program } from '../project.ts';
import { figuresOf, interleave, least, timed } from '../timing.ts';
import { upAll } from '../up-all.ts';

/** An `up` with nothing to do against a preview of the same applied stack, and how many transactions that `up` wrote. */
export async function measureUpNothing({ lab, runs: rounds, say }: Bench): Promise<readonly Row[]> {
  say('everything is applied first');
  const program = await createProgram(lab, 'up-nothing');
  await approveAll(program, await planOf(program));
  await upAll(program);
  const before = await nextTransaction(program);
  const sides = [
    { name: 'up' as const, run: () => timed(() => program.pulumiOrThrow(['up', '--yes', '--skip-preview'])) },
    { name: 'preview' as const, run: () => timed(() => program.pulumiOrThrow(['preview'])) },
  ];
  const runs = await interleave(sides, rounds, say);
  const writes = (await nextTransaction(program)) - before;
  const value = least(runs.up) / least(runs.preview);
  const compares = 'up --skip-preview, nothing to do / preview';
  return [
    {
      kind: 'measured',
      name: 'up-nothing',
      compares,
      value,
      unit: 'times',
      limit: 1.2,
      figures: figuresOf(runs),
      runs,
    },
    {
      kind: 'measured',
      name: 'up-nothing',
      compares: 'transactions that wrote',
      value: writes,
      unit: 'writes',
      limit: 0,
      figures: `pg_snapshot_xmax over ${rounds + 1} up and ${rounds + 1} preview`,
      runs: {},
    },
  ];
}

/** The id that the next writing transaction of the whole server will get; reading it uses none up. */
function nextTransaction(program: Program): Promise<number> {
  return program.superuser(async (client) => {
    const { rows } = await client.query<{ next: string }>(
      'select pg_snapshot_xmax(pg_current_snapshot())::text as next',
    );
    return Number(rows[0]?.next);
  });
}
