import type * as z from 'zod/mini';
import { type Json, sameJson } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import type { VerifyKey } from '../../domain/evidence/keys.ts';
import type { AnyStatement, PackageKind } from '../../domain/evidence/statement.ts';
import { parseJsonStrictly } from '../../domain/strict-json.ts';
import { altered, openFolder, readMember, type SignedFolder } from '../../dots/evidence/folder.ts';

/** A kind of package with its document: what it is for, its file, its shape, and how a statement says it in short. */
export interface PackageForm<S extends AnyStatement, D> extends PackageKind<S> {
  readonly what: string;
  readonly file: string;
  readonly document: z.ZodMiniType<D>;
  readonly predicateOf: (document: D) => S['predicate'];
}

/** One thing that was verified, or was not: what was not executed has no count and is no pass. */
export interface Verified {
  readonly name: string;
  readonly outcome: 'passed' | 'not executed';
  readonly checked: number;
  readonly seen: string;
}

export interface OpenedPackage<S extends AnyStatement, D> extends SignedFolder<S> {
  readonly document: D;
  /** What opening it has verified. */
  readonly opened: readonly Verified[];
}

/**
 * A package as it was signed, with its document, which says in long what the statement says in short.
 *
 * @throws C1Error as `openFolder`; REJECT_EVIDENCE_MALFORMED, REJECT_EVIDENCE_ALTERED
 */
export function openPackage<S extends AnyStatement, D>(
  folder: string,
  keys: readonly VerifyKey[],
  form: PackageForm<S, D>,
): OpenedPackage<S, D> {
  const signed = openFolder(folder, keys, form);
  const document = parseDocument(readMember(folder, form.file), form);
  if (!sameJson(form.predicateOf(document) as unknown as Json, signed.statement.predicate as unknown as Json)) {
    throw altered('a statement that says something else than its document', 'both the same');
  }
  const opened = [
    passed('signature', 1, `by ${signed.signer}`),
    passed('files', signed.files, 'each as it was signed, none missing, none added'),
  ];
  return { ...signed, document, opened };
}

function parseDocument<S extends AnyStatement, D>(bytes: Uint8Array, form: PackageForm<S, D>): D {
  try {
    return form.document.parse(parseJsonStrictly(bytes));
  } catch (cause) {
    const seen = `${form.file} of another shape`;
    throw new C1Error('REJECT_EVIDENCE_MALFORMED', { seen, expected: `${form.what} as it was written` }, { cause });
  }
}

/** @throws C1Error REJECT_EVIDENCE_OTHER_STACK */
export function verifyStack(what: string, seen: string, stack: string | null): Verified {
  if (stack === null) return notExecuted('stack', `it says ${seen}; nobody said which it must be (--stack)`);
  if (seen === stack) return passed('stack', 1, stack);
  throw new C1Error('REJECT_EVIDENCE_OTHER_STACK', { seen: `${what} of stack ${seen}`, expected: `stack ${stack}` });
}

export function passed(name: string, checked: number, seen: string): Verified {
  return { name, outcome: 'passed', checked, seen };
}

export function notExecuted(name: string, seen: string): Verified {
  return { name, outcome: 'not executed', checked: 0, seen };
}
