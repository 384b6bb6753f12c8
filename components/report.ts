import Table from 'cli-table3';
import type { DeltaCount } from '../domain/program.ts';
import type { RuntimeState } from '../domain/runtime-state.ts';

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
export function deltaTable(counts: readonly DeltaCount[], state: RuntimeState): string {
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

/** What the runtime is, so that nobody takes staging for the governed host. */
export const STAGING_LABEL =
  'LOCAL_STAGING_NOT_SSOT NOT_GOVERNED_RUNTIME NOT_DEPLOYED NOT_REGISTRY_PROOF NOT_DRYRUN_READY_PROOF';

function live(state: RuntimeState, surface: string): string {
  return String(state.counters[surface]?.live ?? 'unknown');
}

function signed(count: number): string {
  return count > 0 ? `+${count}` : String(count);
}
