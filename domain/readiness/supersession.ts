import * as z from 'zod/mini';
import { C1Error } from '../codes.ts';
import { shown } from '../decision/check.ts';
import { type VocabularyRow, vocabularyRow } from '../decision/shapes.ts';
import '../english.ts';

const version = z.array(vocabularyRow).check(z.minLength(1), z.maxLength(10_000));
/** Two versions of the vocabulary: the one that is to be retired, and the one that supersedes it. */
export const versions = z.strictObject({ old: version, next: version });
export type Versions = z.infer<typeof versions>;

/** What retiring the old version would leave. Rows stay for good: superseded is a state, and nothing is ever deleted. */
export interface Supersession {
  readonly from: string;
  readonly to: string;
  /** Operations of the old version, which stay as superseded rows. */
  readonly superseded: readonly string[];
  /** Operations that are live afterwards. */
  readonly live: readonly string[];
  /** Operations that nothing of the new version continues. */
  readonly without_successor: readonly string[];
  readonly added: readonly string[];
  /** Operations that mean something else under the new version. */
  readonly redefined: readonly string[];
  readonly rows_left: number;
  readonly rows_deleted: 0;
}

/**
 * The versioned supersession oracle, C1's extension of DOT-062 (readiness.md, "dot-c1-rollback-check"). Pure: it says, and
 * does nothing.
 *
 * @throws C1Error REJECT_PROTOCOL_VERSION when a side mixes versions, or the new one is not the higher;
 * REJECT_DUPLICATE_OPERATION; REJECT_SEMANTIC_REWRITE when a row of the old version is given another meaning
 */
export function supersede({ old, next }: Versions): Supersession {
  assertNoRewrite(old, next);
  const [from, to] = [versionOf(old), versionOf(next)];
  if (numberOf(to) <= numberOf(from)) {
    throw new C1Error('REJECT_PROTOCOL_VERSION', { seen: `version ${to} after ${from}`, expected: 'a higher version' });
  }
  const [before, after] = [byCode(old), byCode(next)];
  const codes = (of: ReadonlyMap<string, VocabularyRow>) => [...of.keys()].toSorted();
  return {
    from,
    to,
    superseded: codes(before),
    live: codes(after).filter((code) => after.get(code)?.status === 'active'),
    without_successor: codes(before).filter((code) => after.get(code)?.status !== 'active'),
    added: codes(after).filter((code) => !before.has(code)),
    redefined: codes(after).filter((code) => isRedefined(before.get(code), after.get(code))),
    rows_left: old.length + next.length,
    rows_deleted: 0,
  };
}

function isRedefined(before: VocabularyRow | undefined, after: VocabularyRow | undefined): boolean {
  return before !== undefined && after !== undefined && before.semantic_definition !== after.semantic_definition;
}

/** A row says for good what an operation means under its version: first of all, whatever else is wrong. */
function assertNoRewrite(old: readonly VocabularyRow[], next: readonly VocabularyRow[]): void {
  for (const row of next) {
    const there = old.find((one) => one.operation_code === row.operation_code);
    if (there?.protocol_version !== row.protocol_version) continue;
    if (there.status === row.status && there.semantic_definition === row.semantic_definition) continue;
    const seen = `${shown(row.operation_code)} under version ${shown(row.protocol_version)} with another meaning`;
    throw new C1Error('REJECT_SEMANTIC_REWRITE', { seen, expected: 'a new row under a new protocol version' });
  }
}

function versionOf(rows: readonly VocabularyRow[]): string {
  const all = [...new Set(rows.map(({ protocol_version }) => protocol_version))];
  const [one] = all;
  if (one !== undefined && all.length === 1 && /^[1-9][0-9]{0,8}$/.test(one)) return one;
  throw new C1Error('REJECT_PROTOCOL_VERSION', {
    seen: `protocol versions ${all.slice(0, 5).map(shown).join(', ')}`,
    expected: 'one whole number from 1 for all rows of a version',
  });
}

function numberOf(version: string): number {
  return Number.parseInt(version, 10);
}

function byCode(rows: readonly VocabularyRow[]): ReadonlyMap<string, VocabularyRow> {
  const found = new Map<string, VocabularyRow>();
  for (const row of rows) {
    if (found.has(row.operation_code)) {
      const seen = `${shown(row.operation_code)} twice in a version`;
      throw new C1Error('REJECT_DUPLICATE_OPERATION', { seen, expected: 'each operation once' });
    }
    found.set(row.operation_code, row);
  }
  return found;
}
