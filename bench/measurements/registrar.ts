import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { C1_DOT_CODES, dotOf } from '../../domain/dots.ts';
import { C1_PREFIX, HARDENED_NAME } from '../../domain/registrar.ts';
import { START } from '../../runtime/bin-code.ts';
import { installBareBin } from '../bare-bin.ts';
import type { Bench, Measured, Row } from '../measurement.ts';
import { runOrThrow } from '../process.ts';
import { createProgram, type Program } from '../project.ts';
import { figuresOf, interleave, least, timed } from '../timing.ts';
import { fillTools } from '../tools-table.ts';

const SIZES = [309, 10_000, 100_000, 1_000_000];
/** quality.md says "flat"; an indexed look-up that reads nothing else should not differ by more than noise. */
const FLAT = 1.15;
const DRY_RUN = ['--cloud', '--only-prefix', C1_PREFIX, '--dry-run'];
const SELECT = 'select code, file_path, status from public.dot_tools';
const { login: LOGIN } = dotOf('DOT-REGISTER');

/**
 * The hardened registrar's dry run, the eight C1 files staged, at four sizes of the registry, against one SELECT of all its
 * rows by a bare client that is bundled and started as a bin: a process start is on both sides.
 */
export async function measureRegistrar({ lab, runs: rounds, say }: Bench): Promise<readonly Row[]> {
  const program = await createProgram(lab, 'registrar');
  await stage(lab, program);
  const bare = await installBareBin(program);
  const rows: Row[] = [];
  const peaks: number[] = [];
  for (const size of SIZES) {
    say(`${size} rows are made`);
    await fillTools(program, size);
    rows.push(await atSize(program, bare, size, rounds, (what) => say(`${size} rows, ${what}`)));
    peaks.push(await peakMemory(program));
  }
  return [...rows, memoryRow(peaks)];
}

async function atSize(program: Program, bare: string, size: number, rounds: number, say: Bench['say']): Promise<Row> {
  const sides = [
    { name: 'registrar' as const, run: () => timed(() => dryRun(program)) },
    { name: 'select' as const, run: () => timed(() => select(program, bare, size)) },
  ];
  const runs = await interleave(sides, rounds, say);
  return {
    kind: 'measured',
    name: 'registrar',
    compares: `dry run / SELECT, ${size} rows`,
    value: least(runs.registrar) / least(runs.select),
    unit: 'times',
    limit: 2,
    figures: figuresOf(runs),
    runs,
  };
}

/** What W1 and W4 put in place. */
async function stage({ paths }: Bench['lab'], program: Program): Promise<void> {
  for (const name of [HARDENED_NAME, ...C1_DOT_CODES.map((code) => dotOf(code).bin)]) {
    await copyFile(join(paths.build, name), join(program.paths.bin, name));
  }
}

async function dryRun({ paths }: Program): Promise<void> {
  assertAnswer((await runOrThrow(join(paths.bin, HARDENED_NAME), DRY_RUN)).stdout);
}

function assertAnswer(stdout: string): void {
  const { readback } = JSON.parse(stdout) as { readonly readback: { readonly new: number } };
  if (readback.new !== C1_DOT_CODES.length)
    throw new Error(`${readback.new} new files, ${C1_DOT_CODES.length} expected`);
}

async function select({ paths }: Program, bare: string, size: number): Promise<void> {
  const { stdout } = await runOrThrow(bare, [paths.config, LOGIN, SELECT]);
  if (Number(stdout) !== size) throw new Error(`${stdout} rows selected, ${size} expected`);
}

/** Of one more run, with a preload that the first line of a bin would not let pass. */
async function peakMemory({ paths }: Program): Promise<number> {
  const file = join(paths.state, 'peak');
  const hook = join(import.meta.dirname, '..', 'peak-memory.cjs');
  const args = ['--require', hook, join(paths.lib, START), join(paths.bin, HARDENED_NAME), ...DRY_RUN];
  const env = { PATH: '/usr/bin:/bin', C1_BENCH_PEAK: file };
  assertAnswer((await runOrThrow(join(paths.lib, 'node'), args, { env })).stdout);
  return Number(await readFile(file, 'utf8'));
}

function memoryRow(peaks: readonly number[]): Measured {
  const megabytes = peaks.map((peak) => Math.round(peak / 1024));
  return {
    kind: 'measured',
    name: 'registrar',
    compares: 'peak memory, most / least of the sizes',
    value: Math.max(...peaks) / Math.min(...peaks),
    unit: 'times',
    limit: FLAT,
    figures: `${megabytes.join(', ')} MB`,
    runs: { KiB: peaks },
  };
}
