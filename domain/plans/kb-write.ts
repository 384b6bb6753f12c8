import { digestOf, type Json, sameJson } from '../canonical.ts';
import { C1Error } from '../codes.ts';
import type { Delta, Image, RowRef } from '../deltas.ts';
import { type FamilyRow, familyOf, liveClaimOf, type Snapshot } from '../snapshot.ts';
import {
  assertNoDrift,
  assertSameStack,
  type Claimant,
  claims,
  type DotPlan,
  delta,
  type Family,
  type Plan,
  withLedger,
} from './plan.ts';

const DOT = 'DOT_KB_WRITE';

export interface KbText {
  readonly [key: string]: Json;
  readonly title: string;
  readonly body: Json;
}

/** Which document, and what it is to say; null where the flags only ask to retire it. */
export interface KbAsked {
  readonly [key: string]: Json;
  readonly doc_id: string;
  readonly text: KbText | null;
}

/**
 * W9: a document of the knowledge base. It is only ever appended to: another text is the next revision, which supersedes the
 * one before, and a retire is a revision that says so.
 */
export const kbWrite: DotPlan<KbAsked> = {
  dot: DOT,
  family,
  subject,
  scope: (asked) => [family(asked)],
  apply: (snapshot, asked, claimant) =>
    withLedger(DOT, 'apply', subject(asked, snapshot), planApply(snapshot, asked, claimant)),
  retire: (snapshot, asked, claimant) =>
    withLedger(DOT, 'retire', subject(asked, snapshot), planRetire(snapshot, asked, claimant)),
};

/** The live revision where it stays or goes, else the next one. */
function subject(asked: KbAsked, snapshot?: Snapshot): RowRef {
  if (snapshot === undefined) throw new TypeError('which revision it is about depends on those before');
  const live = liveRevision(snapshot, asked);
  return live !== null && says(live, asked) ? rowRef(live) : nextRef(snapshot, asked);
}

function planApply(snapshot: Snapshot, asked: KbAsked, claimant: Claimant): Plan {
  if (asked.text === null) throw new TypeError('a document without a text');
  const written = imageOf(snapshot, asked, asked.text, 'current');
  const live = liveRevision(snapshot, asked);
  if (live === null) return { kind: 'change', deltas: [insertion(written)] };
  assertOwn(snapshot, live, claimant);
  if (!says(live, asked)) return { kind: 'change', deltas: [insertion(written), superseded(live)] };
  if (claims(snapshot, rowRef(live), claimant)) return { kind: 'noop', code: 'NOOP_ALREADY_THERE' };
  return { kind: 'takeClaim', refs: [rowRef(live)] };
}

/** The entry that supersedes a document for good says which revision it was. */
function planRetire(snapshot: Snapshot, asked: KbAsked, claimant: Claimant): Plan {
  const live = liveRevision(snapshot, asked);
  if (live === null || !claims(snapshot, rowRef(live), claimant)) return { kind: 'noop', code: 'NOOP_NOT_OURS' };
  assertNoDrift(snapshot, rowRef(live));
  const text = { title: String(live.image.title), body: { retires_revision: revisionOf(live) } };
  return { kind: 'change', deltas: [insertion(imageOf(snapshot, asked, text, 'retired')), superseded(live)] };
}

/** @throws C1Error HOLD_SURFACE_EXISTS when nobody of ours wrote it; HOLD_CLAIMED_ELSEWHERE; HOLD_DRIFT */
function assertOwn(snapshot: Snapshot, live: FamilyRow, claimant: Claimant): void {
  const ref = rowRef(live);
  const claim = liveClaimOf(snapshot, ref);
  if (claim === null) {
    const seen = `a live document ${live.key} that no resource of ours wrote`;
    throw new C1Error('HOLD_SURFACE_EXISTS', { seen, expected: 'no such document' });
  }
  assertSameStack(claim.stack, { ref, claimant });
  assertNoDrift(snapshot, ref);
}

function family({ doc_id }: Pick<KbAsked, 'doc_id'>): Family {
  return { surface: 'kb_document', prefix: `${doc_id}/` };
}

function revisions(snapshot: Snapshot, asked: KbAsked): readonly FamilyRow[] {
  const { surface, prefix } = family(asked);
  return familyOf(snapshot, surface, prefix).toSorted((left, right) => revisionOf(left) - revisionOf(right));
}

/** Only the newest can be live. */
function liveRevision(snapshot: Snapshot, asked: KbAsked): FamilyRow | null {
  return revisions(snapshot, asked).findLast(({ live }) => live) ?? null;
}

function revisionOf({ image }: Pick<FamilyRow, 'image'>): number {
  return Number(image.revision);
}

/** Whether it says already what is asked for; whoever asks for no text means the one that is there. */
function says({ image }: FamilyRow, { text }: KbAsked): boolean {
  return text === null || sameJson({ title: image.title ?? null, body: image.body ?? null }, text);
}

function imageOf(snapshot: Snapshot, asked: KbAsked, { title, body }: KbText, status: string): Image {
  return { doc_id: asked.doc_id, revision: nextNumber(snapshot, asked), title, body, sha256: digestOf(body), status };
}

function nextNumber(snapshot: Snapshot, asked: KbAsked): number {
  return (revisions(snapshot, asked).map(revisionOf).at(-1) ?? 0) + 1;
}

function nextRef(snapshot: Snapshot, asked: KbAsked): RowRef {
  return { surface: 'kb_document', key: `${asked.doc_id}/${nextNumber(snapshot, asked)}` };
}

function rowRef({ key }: Pick<FamilyRow, 'key'>): RowRef {
  return { surface: 'kb_document', key };
}

function insertion(image: Image): Delta {
  return delta(rowRef({ key: `${String(image.doc_id)}/${String(image.revision)}` }), 'insert', null, image);
}

function superseded(live: FamilyRow): Delta {
  return delta(rowRef(live), 'retire', live.image, { ...live.image, status: 'superseded' });
}
