import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { Image } from '../../../domain/deltas.ts';
import { parsePlannedDeltas } from '../../../domain/planned-deltas.ts';
import { refsOf } from '../../../domain/program.ts';
import type { RuntimeState } from '../../../domain/runtime-state.ts';
import { type Snapshot, snapshotOf } from '../../../domain/snapshot.ts';
import { actionTypeRows } from '../../../runtime/seed/authority.ts';
import { STEPS } from '../../dots/support/rows.ts';

export const PLANNED = parsePlannedDeltas(
  parse(readFileSync(path.resolve(import.meta.dirname, '../../../planned-deltas.yaml'), 'utf8')),
);

/** A runtime without a row of ours; the catalogue says so many DOTs, 309 are live. */
export function emptyRuntime(recordCount: number): Snapshot {
  const image = { code: 'CAT-006', name: 'DOT tools', record_count: recordCount, status: 'active' };
  const catalogue = { surface: 'meta_catalog', key: 'CAT-006', image, live: true } as const;
  const tools = [
    ['DOT-310', 'dot-apr-execute'],
    ['DOT-REGISTER', 'dot-dot-register'],
  ].map(([key = '', name = '']) => ({
    ...({ surface: 'dot_tools', key, live: true } as const),
    image: { code: key, name, file_path: `bin/dot/${name}`, status: 'active' },
  }));
  const actions = actionTypeRows().map((image) => ({
    ...({ surface: 'apr_action_types', key: String(image.action_code), live: true } as const),
    image: image as Image,
  }));
  const counts = [{ surface: 'dot_tools', live: 309 }] as const;
  return snapshotOf(refsOf(STEPS), { rows: [catalogue, ...actions, ...tools], claims: [], runs: [], counts });
}
export const EMPTY = emptyRuntime(163);

export const STATE: RuntimeState = {
  counters: { species: { live: 12, total: 12 } },
  baseline: { stack: 'trial', status: 'open', counters: {}, position: 1 },
  ...{ stepDeltas: {}, movedSurfaces: [], drift: [], vocabularyRows: 0, bins: null, steps: [], approvals: 'none' },
  ...{ toolsWithoutEntry: [], toolsTwice: [], catalogueCount: 163 },
  ledger: { brokenAt: null, entries: 46, atBaseline: 46, runs: 0, head: 'a' },
  guard: { seen: 'a', installed: 'a' },
  target: { system: '1', database: '2' },
};
