import * as z from 'zod/mini';
import { C1Error } from '../codes.ts';
import { C1_DOT_CODES } from '../dots.ts';
import '../english.ts';

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
/** A live entry of the handbook. */
const entry = z.strictObject({ seq: z.int(), image_hash: sha256, entry_hash: sha256 });

/**
 * The lifecycle proof of one DOT, as the registries have it (steps.md, "The eight DOTs"): why no other could do its work, how
 * it came to be, was admitted and registered, what catalogue and handbook say, how it goes. What is not there is null, and
 * named in `missing`.
 */
export const dotLife = z.strictObject({
  dot_code: z.string(),
  reuse_reason: z.nullable(z.string()),
  birth: z.nullable(z.strictObject({ species: z.string(), born_by: z.string(), path: z.string(), at: z.string() })),
  admission: z.nullable(
    z.strictObject({ authority: z.string(), risk_class: z.string(), path: z.string(), at: z.string() }),
  ),
  registration: z.nullable(z.strictObject({ file_path: z.string(), path: z.nullable(z.string()), at: z.string() })),
  catalogue: z.strictObject({ code: z.literal('CAT-006'), counted: z.nullable(z.int()), live: z.int() }),
  ledger: z.strictObject({ admission: z.nullable(entry), registration: z.nullable(entry) }),
  retire_path: z.nullable(z.string()),
  missing: z.array(z.string()),
});
export type DotLife = z.infer<typeof dotLife>;

/** All that the registries say of C1's DOTs; an orphan belongs to none of the eight. */
export const lifecycles = z.strictObject({ dots: z.array(dotLife), orphans: z.array(z.string()) });
export type Lifecycles = z.infer<typeof lifecycles>;

/**
 * Each of the DOTs named has its whole life.
 *
 * @returns how many parts of a life were looked at
 * @throws C1Error C1_GRANT_ISSUER_HOLD_DOT_LIFECYCLE_INCOMPLETE naming the first that has not
 */
export function assertLives({ dots }: Lifecycles, codes: readonly string[]): number {
  for (const code of codes)
    assertLife(
      code,
      dots.filter((one) => one.dot_code === code),
    );
  return codes.length * Object.keys(PARTS).length;
}

/** All eight and nothing beside them. @throws C1Error as `assertLives` */
export function assertAllLives(found: Lifecycles): number {
  const checked = assertLives(found, C1_DOT_CODES);
  const orphans = [...found.orphans, ...found.dots.map((one) => one.dot_code).filter(isNone)];
  if (orphans.length === 0) return checked + 1;
  throw incomplete(`${orphans.slice(0, 3).join(', ')}, which belongs to none of the eight`, 'no orphan');
}

/** The parts of a life, by the names that the preflight gives them, and whether one is there. */
const PARTS: Readonly<Record<string, (life: DotLife) => boolean>> = {
  'reason why no other DOT does it': (life) => isSaid(life.reuse_reason),
  birth: (life) => life.birth !== null,
  admission: (life) => life.admission !== null,
  'tool row': (life) => life.registration !== null,
  catalogue: ({ catalogue }) => catalogue.counted === catalogue.live,
  'admission entry': ({ ledger }) => ledger.admission !== null,
  'registration entry': ({ ledger }) => ledger.registration !== null,
  'retire path': (life) => isSaid(life.retire_path),
};

function assertLife(code: string, found: readonly DotLife[]): void {
  const [life] = found;
  if (life === undefined || found.length > 1) throw incomplete(`${code} ${found.length} times`, 'each DOT once');
  const named = Object.entries(PARTS).map(([part, isThere]) => (isThere(life) ? null : part));
  // What the registries call missing is missing, whatever stands beside it.
  const missing = new Set([...named.filter((part) => part !== null), ...life.missing]);
  if (missing.size > 0)
    throw incomplete(`${code} without ${[...missing].join(', ')}`, 'a DOT whose lifecycle is whole');
}

function isSaid(text: string | null): boolean {
  return text !== null && text.trim() !== '';
}

function isNone(code: string): boolean {
  return !(C1_DOT_CODES as readonly string[]).includes(code);
}

function incomplete(seen: string, expected: string): C1Error {
  return new C1Error('C1_GRANT_ISSUER_HOLD_DOT_LIFECYCLE_INCOMPLETE', { seen, expected });
}
