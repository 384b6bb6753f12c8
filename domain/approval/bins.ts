import * as z from 'zod/mini';
import { patchImage } from '../apr.ts';
import { digestOf } from '../canonical.ts';
import type { PlanDocument } from '../planning/document.ts';

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/**
 * Which programs an approval is about: all that were installed when the plan was made, by one digest, and by name those
 * that the plan itself brings or replaces, with what they may be before and after.
 */
export const approvedBins = z.strictObject({ digest: sha256, brought: z.record(z.string(), z.array(sha256)) });
export type ApprovedBins = z.infer<typeof approvedBins>;

type Bins = Readonly<Record<string, string>>;

export function approvedBinsOf({ bins, steps }: Pick<PlanDocument, 'bins' | 'steps'>): ApprovedBins {
  const patches = steps.flatMap(patched);
  const names = [...new Set(patches.map(([name]) => name))];
  const brought = Object.fromEntries(names.map((name) => [name, mayBe(name, bins, patches)]));
  return { digest: digestWithout(bins, brought), brought };
}

type Patched = readonly (readonly [name: string, digest: string])[];

/** What it is now, and what the plan makes of it. */
function mayBe(wanted: string, bins: Bins, patches: Patched): string[] {
  const installed = bins[wanted];
  const made = patches.filter(([name]) => name === wanted).map(([, digest]) => digest);
  return [...new Set([...(installed === undefined ? [] : [installed]), ...made])].toSorted();
}

/** What a patch of the plan puts in place: the new file, its second name, and the files that come along. */
function patched({ rows }: PlanDocument['steps'][number]): Patched {
  return rows
    .flatMap(({ deltas }) => deltas)
    .flatMap(({ surface, after }) => {
      const patch = surface === 'apr_requests' ? patchImage.safeParse(after?.proposed_action) : null;
      if (patch?.success !== true) return [];
      const { file_path, alias, new_content_base64, staged_files } = patch.data;
      const digest = new_content_base64.replace(/^sha256:/, '');
      const names = [file_path.replace(/^.*\//, ''), ...(alias === null ? [] : [alias])];
      return [
        ...names.map((name) => [name, digest] as const),
        ...staged_files.map((one) => [one.file, one.sha256] as const),
      ];
    });
}

/** A bin that is not the one that was approved; null where all are. */
export function binsFault({ digest, brought }: ApprovedBins, bins: Bins): string | null {
  const other = Object.entries(brought).find(([name, digests]) => {
    const seen = bins[name];
    return seen !== undefined && !digests.includes(seen);
  });
  if (other !== undefined) return `approved with another ${other[0]}`;
  return digestWithout(bins, brought) === digest ? null : 'approved with other bins than are installed now';
}

function digestWithout(bins: Bins, brought: Readonly<Record<string, unknown>>): string {
  return digestOf(Object.fromEntries(Object.entries(bins).filter(([name]) => !(name in brought))));
}
