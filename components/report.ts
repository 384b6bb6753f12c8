import Table from 'cli-table3';
import { sameJson } from '../domain/canonical.ts';
import type { Delta, DeltaOp } from '../domain/deltas.ts';
import type { DeltaCount } from '../domain/program.ts';
import type { RuntimeState } from '../domain/runtime-state.ts';
import { SURFACES } from '../domain/surfaces.ts';

const PLAIN = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** The delta table of a preview: one line per step and surface, then the total. Live rows are counted, not history. */
export function deltaTable(counts: readonly DeltaCount[], state: Pick<RuntimeState, 'counters'>): string {
  const table = new Table({
    head: ['step', 'surface', 'live now', 'to come', 'applied', 'planned'],
    chars: PLAIN,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right'],
  });
  for (const { step, surface, remaining, applied, planned } of counts) {
    table.push([step, surface, live(state, surface), signed(remaining), signed(applied), signed(planned)]);
  }
  const sum = (pick: (count: DeltaCount) => number) => signed(counts.reduce((total, count) => total + pick(count), 0));
  table.push([
    'total',
    '',
    '',
    sum((count) => count.remaining),
    sum((count) => count.applied),
    sum((count) => count.planned),
  ]);
  return table.toString();
}

/** As much of a step's plan as the lines need; a plan document has it too. */
export interface ShownStep {
  readonly step: { readonly id: string };
  readonly rows: readonly { readonly row: { readonly name: string }; readonly deltas: readonly Delta[] }[];
}

const SIGNS: Readonly<Record<DeltaOp, string>> = { insert: '+', reinstate: '+', update: '~', retire: '-' };

/**
 * Every row that is still to come, under the resource whose command brings it: its side effects stand there as well.
 * A changed row shows its columns before and after; what only the runtime can make is `<generated>`.
 */
export function deltaLines(plans: readonly ShownStep[]): string {
  const blocks = plans.flatMap(({ step, rows }) =>
    rows
      .filter(({ deltas }) => deltas.length > 0)
      .map(({ row, deltas }) => [`${step.id} ${row.name}`, ...deltas.map(deltaLine)].join('\n')),
  );
  return blocks.length === 0 ? 'No row is to come.' : `Rows to come, by resource:\n${blocks.join('\n')}`;
}

function deltaLine(delta: Delta): string {
  const generated = SURFACES[delta.surface].assigned;
  const notes = [
    ...changes(delta),
    ...(delta.op === 'insert' && generated.length > 0 ? [`${generated.join(', ')}: <generated>`] : []),
  ];
  const line = `  ${SIGNS[delta.op]} ${delta.op} ${delta.surface}/${delta.key}`;
  return notes.length === 0 ? line : `${line} (${notes.join(', ')})`;
}

function changes({ before, after }: Delta): readonly string[] {
  if (before === null || after === null) return [];
  const changed = Object.keys(after).filter((column) => !sameJson(before[column] ?? null, after[column] ?? null));
  return changed.map((column) => `${column}: ${JSON.stringify(before[column])} => ${JSON.stringify(after[column])}`);
}

function live(state: Pick<RuntimeState, 'counters'>, surface: string): string {
  return String(state.counters[surface]?.live ?? 'unknown');
}

function signed(count: number): string {
  return count > 0 ? `+${count}` : String(count);
}
