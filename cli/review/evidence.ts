import { existsSync } from 'node:fs';
import { C1Error } from '../../domain/codes.ts';
import { signersHere } from '../../dots/evidence/package.ts';
import { verifyPackage } from '../../review/evidence/verify.ts';
import type { EvidenceView } from '../../review/page/view.ts';
import type { StatePaths } from '../../runtime/paths.ts';
import { evidenceFolder } from '../dry-run/evidence.ts';

/** The evidence package of a stack as far as there is one; one that does not hold is shown as that. */
export function readEvidence(paths: StatePaths, stack: string): EvidenceView {
  const folder = evidenceFolder(paths, stack);
  if (!existsSync(folder)) return { kind: 'none' };
  try {
    const { document, digest, signer } = verifyPackage(folder, {
      keys: signersHere(paths.secrets),
      stack,
      state: null,
    });
    return { kind: 'held', document, digest, signer };
  } catch (cause) {
    if (!(cause instanceof C1Error)) throw cause;
    return { kind: 'faulty', fault: `${cause.code}: ${cause.seen}` };
  }
}
