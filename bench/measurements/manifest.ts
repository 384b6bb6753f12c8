import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench, Measured, Row } from '../measurement.ts';
import { runOrThrow } from '../process.ts';
import { createProgram } from '../project.ts';
import { figuresOf, interleave, least } from '../timing.ts';

const SIZE = 1_000_000;
/** Below a million rows the garbage of a run does not fill what Node sets aside for it, and its memory says nothing yet. */
const MORE = 3 * SIZE;
/** quality.md says "flat"; what streams differs by noise only. */
const FLAT = 1.15;

type Way = 'pieces' | 'text';

interface Answer {
  readonly milliseconds: number;
  readonly hash: string;
  readonly kibibytes: number;
}

/**
 * The manifest of a million operations, from rows as a cursor gives them to the hash, checked and in pieces, against
 * JSON.stringify and SHA-256 of the same object, which stands ready in memory. Each run is a process of its own that times
 * itself; both must give the same hash.
 */
export async function measureManifest({ lab, runs: rounds, say }: Bench): Promise<readonly Row[]> {
  const { paths } = await createProgram(lab, 'manifest');
  const peakFile = join(paths.state, 'peak');
  const hashes = new Set<string>();
  const side = <Name extends Way>(name: Name) => ({
    name,
    run: async () => {
      const { milliseconds, hash } = await hashed(name, SIZE, peakFile);
      hashes.add(hash);
      return milliseconds;
    },
  });
  const runs = await interleave([side('pieces'), side('text')], rounds, say);
  if (hashes.size !== 1) throw new Error(`${hashes.size} hashes of one manifest`);
  say('peak memory');
  const peaks = [await hashed('pieces', SIZE, peakFile), await hashed('pieces', MORE, peakFile)];
  const time: Measured = {
    kind: 'measured',
    name: 'manifest',
    compares: `rows to hash / JSON.stringify + SHA-256, ${SIZE} operations`,
    value: least(runs.pieces) / least(runs.text),
    unit: 'times',
    limit: 3,
    figures: figuresOf(runs),
    runs,
  };
  return [time, memoryRow(peaks.map(({ kibibytes }) => kibibytes))];
}

function memoryRow(peaks: readonly number[]): Measured {
  const [less = 0, more = 0] = peaks;
  return {
    kind: 'measured',
    name: 'manifest',
    compares: `peak memory, ${MORE} operations / ${SIZE}`,
    value: more / less,
    unit: 'times',
    limit: FLAT,
    figures: `${peaks
      .toReversed()
      .map((peak) => `${Math.round(peak / 1024)} MB`)
      .join(', ')}`,
    runs: { KiB: peaks },
  };
}

async function hashed(way: Way, size: number, peakFile: string): Promise<Answer> {
  const bench = join(import.meta.dirname, '..');
  const args = ['--require', join(bench, 'peak-memory.cjs'), join(bench, 'programs', 'manifest.ts'), way, String(size)];
  const env = { PATH: '/usr/bin:/bin', C1_BENCH_PEAK: peakFile };
  const { stdout } = await runOrThrow(process.execPath, args, { env });
  const answer = JSON.parse(stdout) as Omit<Answer, 'kibibytes'>;
  return { ...answer, kibibytes: Number(await readFile(peakFile, 'utf8')) };
}
