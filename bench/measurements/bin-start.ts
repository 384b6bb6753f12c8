import { join } from 'node:path';
import { Client } from 'pg';
import { canonicalJson } from '../../domain/canonical.ts';
import { dotOf } from '../../domain/dots.ts';
import { baselineStep } from '../../domain/steps/baseline.ts';
import { commandFor } from '../../domain/steps/step.ts';
import { clientConfig } from '../../runtime/connect.ts';
import { installBareBin } from '../bare-bin.ts';
import { type FirstQuery, watchFirstQuery } from '../first-query.ts';
import type { Bench, Row } from '../measurement.ts';
import { runOrThrow } from '../process.ts';
import { createProgram, installFor, type Program } from '../project.ts';
import { duration, interleave, least, type Side, timed } from '../timing.ts';

const { login: LOGIN } = dotOf('DOT_BASELINE_RECORD');
/** One start takes a tenth of a second: more of them cost little. */
const TIMES = 7;

/**
 * From the start of a bin to its first query, against what `node -e 0` and a connection cost anybody: Node starts, loads
 * the same pg, bundled and started as a bin is, connects as the same login, and asks. Both connect through one watcher.
 *
 * The second row is stricter than anybody can be: `node -e 0` from start to end, and the connection of a process that is
 * running and has pg loaded.
 */
export async function measureBinStart({ lab, runs: rounds, say }: Bench): Promise<readonly Row[]> {
  const program = await createProgram(lab, 'bin-start');
  const watcher = await watchFirstQuery(lab.port);
  try {
    await installFor(lab, program.paths, program.database, watcher.port);
    const bare = await installBareBin(program);
    const sides = [
      binSide(program, watcher),
      nodeSide(program),
      connectSide(lab, program, watcher),
      bareSide(program, watcher, bare),
    ];
    const runs = await interleave(sides, rounds * TIMES, say);
    return rowsOf(runs);
  } finally {
    watcher.close();
  }
}

type Named<Name extends string> = Side & { readonly name: Name };

/** The first bin of the program, in a dry run. */
function binSide({ paths }: Program, watcher: FirstQuery): Named<'bin'> {
  const [row] = baselineStep().rows;
  if (row === undefined) throw new TypeError('the baseline declares no row');
  const [bin = '', ...flags] = commandFor(row.create, { stack: 'dryrun', resource: row.name }).split(' ');
  const input = canonicalJson(row.payload);
  const call = () => runOrThrow(join(paths.bin, bin), [...flags, '--dry-run'], { input });
  return { name: 'bin', run: () => watcher.until(call) };
}

function nodeSide({ paths }: Program): Named<'node'> {
  const env = { PATH: '/usr/bin:/bin' };
  return { name: 'node', run: () => timed(() => runOrThrow(join(paths.lib, 'node'), ['-e', '0'], { env })) };
}

function connectSide(lab: Bench['lab'], { database }: Program, watcher: FirstQuery): Named<'connect'> {
  const run = async () => {
    const client = new Client(await clientConfig(lab.paths, { port: watcher.port, database, login: LOGIN }));
    try {
      return await timed(() => client.connect());
    } finally {
      await client.end();
    }
  };
  return { name: 'connect', run };
}

function bareSide({ paths }: Program, watcher: FirstQuery, file: string): Named<'bare client'> {
  const call = () => runOrThrow(file, [paths.config, LOGIN, 'select 1']);
  return { name: 'bare client', run: () => watcher.until(call) };
}

function rowsOf(runs: Readonly<Record<'bin' | 'node' | 'connect' | 'bare client', readonly number[]>>): readonly Row[] {
  const { bin, node, connect, 'bare client': bare } = runs;
  const [own, client, parts] = [least(bin), least(bare), least(node) + least(connect)];
  return [
    {
      kind: 'measured',
      name: 'bin-start',
      compares: "bin's start to its first query / Node with pg to its first query",
      value: own / client,
      unit: 'times',
      limit: 1.5,
      figures: `bin ${duration(own)}, Node with pg ${duration(client)}`,
      runs: { bin, 'bare client': bare },
    },
    {
      kind: 'measured',
      name: 'bin-start',
      compares: 'the same / node -e 0 and a connection of a process that has pg',
      value: own / parts,
      unit: 'times',
      limit: null,
      figures: `node -e 0 ${duration(least(node))}, connection ${duration(least(connect))}`,
      runs: { bin, node, connect },
    },
  ];
}
