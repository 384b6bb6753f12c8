import { availableParallelism, loadavg } from 'node:os';
import Table from 'cli-table3';
import type pc from 'picocolors';
import { LABEL_LINE, STAGING_LABELS } from '../domain/label.ts';
import { type Row, resultOf } from './measurement.ts';

const [LOAD_AT_START] = loadavg();

type Colors = ReturnType<typeof pc.createColors>;

/** The one table, what its words mean, and the label of everything that was run for it. */
export function tableText(rows: readonly Row[], runs: number, colors: Colors): string {
  const table = new Table({
    head: ['measurement', 'compares', 'measured', 'limit', 'result', 'figures'],
    colAligns: ['left', 'left', 'right', 'right', 'left', 'left'],
    colWidths: [null, 32, null, null, null, 46],
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push(cells(row, colors));
  return [table.toString(), ...footer(rows, runs), colors.dim(LABEL_LINE)].join('\n');
}

/** The one document of `--json`; all times in milliseconds. */
export function tableJson(rows: readonly Row[], runs: number): Readonly<Record<string, unknown>> {
  return {
    label: STAGING_LABELS,
    ok: isGood(rows),
    machine: machine(),
    statistic: 'minimum',
    runsOfEachSide: runs,
    rows: rows.map((row) => ({ ...row, result: resultOf(row) })),
  };
}

/** Whether everything was measured and nothing is over its limit. */
export function isGood(rows: readonly Row[]): boolean {
  return rows.length > 0 && rows.every((row) => ['pass', 'info'].includes(resultOf(row)));
}

function cells(row: Row, colors: Colors): string[] {
  const result = resultOf(row);
  const paint = { pass: colors.green, over: colors.red, 'not measured': colors.red, info: colors.dim }[result];
  const limit = row.limit === null ? '–' : `≤ ${row.limit}`;
  if (row.kind === 'not measured') return [row.name, row.compares, '–', limit, paint(result), row.reason];
  return [row.name, row.compares, shown(row.value, row.unit), limit, paint(result), row.figures];
}

function shown(value: number, unit: 'times' | 'writes'): string {
  return unit === 'times' ? `${value.toFixed(2)} ×` : String(value);
}

function footer(rows: readonly Row[], runs: number): readonly string[] {
  const over = rows.filter((row) => resultOf(row) === 'over').length;
  const missing = rows.filter((row) => resultOf(row) === 'not measured').length;
  return [
    `Each figure is the minimum of ${runs} interleaved runs after a warm-up (bin-start: more), on ${machine()}.`,
    `${rows.length} rows: ${over} over the limit, ${missing} not measured.`,
  ];
}

/** The load tells whether others were at work: above the number of cores the figures are theirs as well. */
function machine(): string {
  const load = LOAD_AT_START === undefined ? 'unknown' : LOAD_AT_START.toFixed(1);
  return `${availableParallelism()} cores, load ${load} at its start, Node ${process.versions.node}`;
}
