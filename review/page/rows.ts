import { type Json, sameJson } from '../../domain/canonical.ts';
import { refOf } from '../../domain/deltas.ts';
import type { PlannedDelta, PlannedRow } from '../../domain/planning/document.ts';
import { SURFACES } from '../../domain/surfaces.ts';
import { code, type Html, html, list, table } from '../html/html.ts';
import { counted } from '../plan/summary.ts';
import { type Parts, part } from './part.ts';
import { shownValue } from './value.ts';

const SIGNS: Readonly<Record<PlannedDelta['op'], string>> = { insert: '+', reinstate: '+', update: '~', retire: '-' };

/** One command of a step: what it changes, before and after; how it is run, and how it is undone. */
export function commandRow(
  parts: Parts,
  row: PlannedRow,
  at: { readonly step: string; readonly position: number },
): Html {
  const where = `steps, ${at.step}, row ${row.name}`;
  const changes = row.deltas.map((delta) => html`${SIGNS[delta.op]} ${refOf(delta)}`);
  return html`<details class="row"><summary><strong>${row.name}</strong> ${counted(row.deltas.length, 'row change')}, ${part(parts, `row-${at.step}-${at.position}`)}
<span class="refs">${changes.length === 0 ? html`` : list(changes)}</span></summary>
${row.deltas.map((delta) => shownDelta(delta, where))}
<dl>
<dt>Command</dt><dd>${code(row.create)}</dd>
<dt>Undone by</dt><dd>${code(row.retire)}</dd>
<dt>Delta digest</dt><dd>${code(row.delta_digest)}</dd>
${row.after.length === 0 ? html`` : html`<dt>Runs after</dt><dd>${row.after.join(', ')}</dd>`}
<dt>Payload</dt><dd>${row.payload === null ? 'none: the command says everything' : shownValue(row.payload, `${where}, payload`)}</dd>
</dl></details>`;
}

interface Column {
  readonly name: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

function shownDelta(delta: PlannedDelta, where: string): Html {
  const { op, before, after } = delta;
  const columns = columnsOf(delta);
  const changed = columns.filter((column) => !sameJson(column.before ?? null, column.after ?? null));
  // A row that is all new, or goes as a whole, has each of its columns shown, also those that say null.
  const shown = before === null || after === null ? columns : changed;
  const at = `${where}, ${refOf(delta)}`;
  const side = (head: 'before' | 'after') => ({
    head,
    cell: (column: Column) => shownValue(column[head] ?? null, at),
  });
  return html`${table(
    `${SIGNS[op]} ${op} ${refOf(delta)}${before === null ? ': no row before' : after === null ? ': no row after' : ''}`,
    shown,
    [
      { head: 'column', cell: ({ name }) => name },
      ...(before === null ? [] : [side('before')]),
      ...(after === null ? [] : [side('after')]),
    ],
  )}
${note(assignedNote(delta))}${note(sameNote(columns, shown, where))}`;
}

function assignedNote({ op, surface }: PlannedDelta): string {
  const { assigned } = SURFACES[surface];
  return op === 'insert' && assigned.length > 0 ? `The runtime itself fills in: ${assigned.join(', ')}.` : '';
}

function sameNote(columns: readonly Column[], shown: readonly Column[], where: string): string {
  const same = columns.filter((column) => !shown.includes(column)).map(({ name }) => name);
  if (same.length === 0) return '';
  return `${counted(same.length, 'column')} of ${columns.length} as before, left out here: ${same.join(', ')}. Their values are in the plan file, ${where}.`;
}

function note(text: string): Html {
  return text === '' ? html`` : html`<p class="note">${text}</p>`;
}

function columnsOf({ before, after }: PlannedDelta): readonly Column[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names.map((name) => ({ name, before: before?.[name], after: after?.[name] }));
}
