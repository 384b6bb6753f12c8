import { basename, join } from 'node:path';
import type { PatchAction } from '../../domain/apr.ts';
import { sha256Hex } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import {
  backUp,
  Changes,
  fileFault,
  foldersOf,
  placeLink,
  placeNew,
  readBackup,
  removeFile,
  removeLink,
  replaceFile,
  whileReady,
} from './dot-files.ts';
import {
  assertAlias,
  assertCode,
  assertFree,
  assertKnown,
  assertNames,
  assertRuns,
  assertSyntax,
  readStaged,
  readTarget,
} from './patch-checks.ts';
import type { Effects } from './run.ts';

/**
 * Puts the files of an approved patch in place, content by content: what is there already is left, what is missing is
 * completed, and anything else than the replaced or the new file is a stop.
 *
 * @throws C1Error (from place) REJECT_PATCH_TARGET, REJECT_PATCH_SYNTAX, REJECT_PATCH_DOES_NOT_RUN,
 * REJECT_APR_ALTERED, HOLD_DOT_INTERFACE_MISMATCH,
 * HOLD_SURFACE_EXISTS
 */
export function applyPatch(bin: string, action: PatchAction): Effects {
  const folders = foldersOf(bin);
  const { target, content } = partsOf(bin, action);
  return effects((changes) => {
    const old = readTarget(target);
    assertKnown(target, old, [action.replaces.sha256, sha256Hex(content)]);
    assertPlaces(bin, action);
    const staged = action.staged_files.map((one) => ({ place: join(bin, one.file), bytes: readStaged(folders, one) }));
    whileReady(folders, basename(target), content, (file) => {
      assertCode(file, action.dot_code);
      assertSyntax(file, bin);
      assertRuns(file, action);
    });
    if (!old.equals(content)) backUp(folders, old);
    // What cannot be taken back is not put in place.
    readBackup(folders, action.replaces.sha256);
    replaceFile(folders, target, old, content, changes);
    for (const { place, bytes } of staged) placeNew(folders, place, bytes, changes);
    if (action.alias !== null) placeLink(join(bin, action.alias), basename(target), changes);
  });
}

/** Takes a patch back: first the files that came with it, then the replaced file from its backup, byte for byte. */
export function rollBackPatch(bin: string, action: PatchAction): Effects {
  const folders = foldersOf(bin);
  const { target, content } = partsOf(bin, action);
  return effects((changes) => {
    const now = readTarget(target);
    assertKnown(target, now, [action.replaces.sha256, sha256Hex(content)]);
    assertPlaces(bin, action);
    const old = readBackup(folders, action.replaces.sha256);
    for (const { file } of action.staged_files) removeFile(folders, join(bin, file), changes);
    if (action.alias !== null) removeLink(join(bin, action.alias), basename(target), changes);
    replaceFile(folders, target, now, old, changes);
  });
}

function partsOf(bin: string, { file_path, new_content_base64 }: PatchAction) {
  return { target: join(bin, basename(file_path)), content: Buffer.from(new_content_base64, 'base64') };
}

/** Every place that the patch names is free, or holds what the patch puts there. */
function assertPlaces(bin: string, action: PatchAction): void {
  assertNames(action);
  for (const { file, sha256 } of action.staged_files) assertFree(join(bin, file), sha256);
  assertAlias(bin, action);
}

/** Whatever stops half-way is taken back before it is reported. */
function effects(work: (changes: Changes) => void): Effects {
  const changes = new Changes();
  const place = () => {
    try {
      work(changes);
    } catch (cause) {
      changes.undo();
      throw cause instanceof C1Error ? cause : fileFault(cause);
    }
  };
  return { place, undo: changes.undo };
}
