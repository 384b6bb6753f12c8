import { admissionEntry } from '../../domain/ledger.ts';
import { dayAt, numberedCode, pick, type SeedRow, span } from './row.ts';
import { SEED_TOOLS } from './tools.ts';

/** Born, admitted and entered in the handbook: the DOTs with a name of their own, and the first numbers. */
const LAST_BORN_NUMBER = 25;
const FIRST_NUMBERS: ReadonlySet<string> = new Set(
  span(1, LAST_BORN_NUMBER).map((number) => numberedCode('DOT', number)),
);
const BORN = SEED_TOOLS.filter(
  ({ code, kind }) => kind === 'house' || code.startsWith('DOT_KG_') || FIRST_NUMBERS.has(code),
);

export function birthRows(): readonly SeedRow[] {
  return BORN.map(({ code }, at) => ({ ...birthOf(code), born_at: dayAt(at) }));
}

export function admissionRows(): readonly SeedRow[] {
  return BORN.map(({ code }, at) => ({ ...admissionOf(code, at), admitted_at: dayAt(at + 1) }));
}

/** Entries without their hashes, in order; the database chains them. */
export function ledgerRows(): readonly SeedRow[] {
  return BORN.map(({ code }, at) => ({
    ...admissionEntry(code, 'apply', birthOf(code), admissionOf(code, at)).after,
    seq: at + 1,
    written_by: 'dot_ledger_append',
    written_at: dayAt(at + 2),
  }));
}

function birthOf(code: string): SeedRow {
  return {
    dot_code: code,
    species_code: 'dot-tool',
    born_by: 'DOT_BIRTH_BACKFILL',
    birth_path: 'opt/incomex/dot/bin/dot-birth-backfill',
    reuse_reason: 'In use before births were recorded; backfilled.',
    status: 'born',
  };
}

function admissionOf(code: string, at: number): SeedRow {
  return {
    dot_code: code,
    authority: 'governance_board',
    risk_class: pick(['low', 'medium', 'high'], at),
    admission_path: 'opt/incomex/dot/bin/dot-admission-record',
    registration_path: 'bin/dot/dot-dot-register.ts',
    retire_path: 'opt/incomex/dot/bin/dot-entity-retire',
    status: 'admitted',
  };
}
