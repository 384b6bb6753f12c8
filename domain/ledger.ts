import { digestOf } from './canonical.ts';
import { type Delta, type Direction, type Image, type RowRef, refOf, sortDeltas } from './deltas.ts';
import type { DotCode } from './dots.ts';

/** Hash of what a run left behind, whatever the operation was called; twin of `iu_core.images_hash`. */
export function imagesHash(deltas: readonly Delta[]): string {
  return digestOf(
    sortDeltas(deltas)
      .filter(({ surface }) => surface !== 'dot_ledger')
      .map(({ surface, key, after }) => ({ surface, key, after })),
  );
}

/** The entry that an applied run writes into the handbook, as a delta of that run. */
export function runEntry(dot: DotCode, direction: Direction, subject: RowRef, deltas: readonly Delta[]): Delta {
  return ledgerDelta(refOf(subject), {
    subject: refOf(subject),
    entry_kind: subject.surface === 'dot_tools' ? 'registration' : 'run',
    direction,
    dot_code: dot,
    image_hash: imagesHash(deltas),
  });
}

/** The admission entry of a DOT, with the hash of the birth and admission rows that it stands for. */
export function admissionEntry(dotCode: string, direction: Direction, birth: Image, admission: Image): Delta {
  return ledgerDelta(admissionSubject(dotCode), {
    subject: admissionSubject(dotCode),
    entry_kind: 'admission',
    direction,
    dot_code: 'DOT_LEDGER_APPEND',
    image_hash: digestOf([birth, admission]),
  });
}

/** How the subject of an admission entry begins; the DOT's code follows. */
export const ADMISSION_PREFIX = 'admission/';

export function admissionSubject(dotCode: string): string {
  return `${ADMISSION_PREFIX}${dotCode}`;
}

/** An append: history has no "before", a newer entry supersedes the older one. */
function ledgerDelta(subject: string, after: Image): Delta {
  return { surface: 'dot_ledger', key: subject, op: 'insert', before: null, after };
}
