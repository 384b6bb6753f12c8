import * as z from 'zod/mini';
import type { Json } from './canonical.ts';
import { C1Error } from './codes.ts';
import './english.ts';

/** What `iu_core.read_state()` answers: the whole state that a readback judges, of one database snapshot. */
const image = z.nullable(z.record(z.string(), z.json()));

export const runtimeState = z.object({
  counters: z.record(z.string(), z.object({ live: z.number(), total: z.number() })),
  baseline: z.nullable(
    z.object({
      stack: z.string(),
      status: z.enum(['open', 'closed']),
      counters: z.record(z.string(), z.number()),
      position: z.number(),
    }),
  ),
  stepDeltas: z.record(z.string(), z.record(z.string(), z.number())),
  /** Live C1 tools without a registration entry, and those that share a name or a file with another. */
  toolsWithoutEntry: z.array(z.string()),
  toolsTwice: z.array(z.string()),
  /** What the catalogue of DOTs says; null where there is none. */
  catalogueCount: z.nullable(z.number()),
  movedSurfaces: z.array(z.string()),
  drift: z.array(z.object({ surface: z.string(), key: z.string(), written: image, seen: image })),
  ledger: z.object({
    brokenAt: z.nullable(z.number()),
    entries: z.number(),
    atBaseline: z.number(),
    runs: z.number(),
    head: z.nullable(z.string()),
  }),
  guard: z.object({ seen: z.string(), installed: z.nullable(z.string()) }),
  bins: z.nullable(z.record(z.string(), z.string())),
  steps: z.array(z.string()),
  approvals: z.nullable(z.string()),
  /** Null where the table is not ours to read. */
  vocabularyRows: z.nullable(z.number()),
  target: z.object({ system: z.string(), database: z.string() }),
});
export type RuntimeState = z.infer<typeof runtimeState>;

/**
 * Stops when the runtime is not what its own records say: chain, guards, drift of claimed rows, rows changed by somebody
 * else since the baseline. Used by preview, by every open and by every gate.
 *
 * @returns how many things were checked, so that "nothing checked" never reads as passed
 * @throws C1Error C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED,
 * C1_LEGO_PLAN_HOLD_DOT_MANAGEMENT_LEDGER_NOT_UPDATED, HOLD_LEDGER_CHAIN_BROKEN, HOLD_GUARD_CHANGED, HOLD_DRIFT,
 * HOLD_COUNTER_DRIFT
 */
export function assertIntegrity(state: RuntimeState): number {
  // What says most first: a tool row by hand is also a surface that moved.
  assertTools(state);
  assertLedger(state);
  assertGuard(state);
  assertNoRowDrift(state);
  assertCounters(state);
  return state.ledger.entries + Object.keys(state.counters).length + 1;
}

function assertTools({ toolsTwice, toolsWithoutEntry }: RuntimeState): void {
  if (toolsTwice.length > 0) {
    throw new C1Error('C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED', {
      seen: `tools of the same name or file: ${toolsTwice.join(', ')}`,
      expected: 'each C1 DOT registered once',
      next: 'find who wrote the second row and take it out by its DOT',
    });
  }
  if (toolsWithoutEntry.length > 0) {
    throw new C1Error('C1_LEGO_PLAN_HOLD_DOT_MANAGEMENT_LEDGER_NOT_UPDATED', {
      seen: `${toolsWithoutEntry.join(', ')} without a registration entry`,
      expected: 'an entry of its own for each live C1 tool',
    });
  }
}

function assertLedger({ ledger }: RuntimeState): void {
  if (ledger.brokenAt === null && ledger.entries > 0) return;
  throw new C1Error('HOLD_LEDGER_CHAIN_BROKEN', {
    seen: ledger.entries === 0 ? 'an empty ledger' : `a break at entry ${ledger.brokenAt}`,
    expected: 'a chain of hashes without a break',
  });
}

function assertGuard({ guard }: RuntimeState): void {
  if (guard.installed === guard.seen) return;
  throw new C1Error('HOLD_GUARD_CHANGED', {
    seen: `guard digest ${guard.seen}`,
    expected: `${guard.installed ?? 'a digest'} of the last install`,
  });
}

function assertNoRowDrift({ drift }: RuntimeState): void {
  const [first] = drift;
  if (first === undefined) return;
  const more = drift.length > 1 ? ` (and ${drift.length - 1} more rows)` : '';
  throw new C1Error('HOLD_DRIFT', {
    seen: `${first.surface}/${first.key} with ${describe(first.seen, first.written)}${more}`,
    expected: `${describe(first.written, first.seen)}, as its DOT last wrote it`,
  });
}

/** Live rows must be the baseline's plus what the journal says; every surface that nobody of ours touched is unmoved. */
function assertCounters(state: RuntimeState): void {
  const { baseline, movedSurfaces } = state;
  if (baseline === null || baseline.status === 'closed') return;
  if (movedSurfaces.length > 0) {
    throw new C1Error('HOLD_COUNTER_DRIFT', {
      seen: `rows changed by something else than a DOT of this program in ${movedSurfaces.join(', ')}`,
      expected: 'the rows of the baseline and the planned changes',
    });
  }
  const { entries, atBaseline, runs } = state.ledger;
  if (entries !== atBaseline + runs) {
    throw new C1Error('HOLD_COUNTER_DRIFT', {
      seen: `${entries} ledger entries`,
      expected: `${atBaseline} of the baseline and ${runs} of applied runs`,
    });
  }
}

type Row = Readonly<Record<string, Json>> | null;

function describe(row: Row, other: Row): string {
  if (row === null) return 'no row';
  const columns = Object.keys(row).filter((column) => JSON.stringify(row[column]) !== JSON.stringify(other?.[column]));
  return columns.map((column) => `${column}=${JSON.stringify(row[column])}`).join(', ');
}
