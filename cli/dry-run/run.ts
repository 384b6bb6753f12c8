import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { C1Error } from '../../domain/codes.ts';
import { type Authorization, authorization } from '../../domain/dry-run-authorization.ts';
import { DRY_RUN_SCHEMA, EVIDENCE_FILES } from '../../domain/evidence/statement.ts';
import { parseJsonStrictly } from '../../domain/strict-json.ts';
import { assertAuthorizedDryRun } from '../../dots/kernel/dry-run.ts';
import { keyFileOf, signersOf } from '../../dots/kernel/ssh.ts';
import { answered, readbackOf } from '../../review/ask-bin.ts';
import { verifyAnswer } from '../../review/dry-run/answers.ts';
import { type DryRunDocument, sayingOf } from '../../review/dry-run/document.ts';
import { dryRunPackageOf } from '../../review/dry-run/package.ts';
import { type DryRunOrder, type Performed, perform } from '../../review/dry-run/sequence.ts';
import { writePackage } from '../../review/evidence/package.ts';
import type { Verification } from '../../review/evidence/verify.ts';
import { withLock } from '../../runtime/lock.ts';
import { type StatePaths, statePaths } from '../../runtime/paths.ts';
import type { Reporter } from '../../runtime/reporter.ts';
import { OPERATOR } from '../../runtime/stand-in-keys.ts';
import { currentEvidence, evidenceFolder } from './evidence.ts';

export interface RunOrder {
  readonly stack: string;
  readonly authorizations: readonly Authorization[];
}

/** Hears what is waited for, and each part as it begins. */
export interface DryRunReporter extends Reporter {
  readonly say: (name: string) => void;
}

export interface DryRunEnd {
  readonly document: DryRunDocument;
  /** Where its package is. */
  readonly folder: string;
  readonly failure: C1Error | null;
}

/**
 * The governed dry run (readiness.md, "HALT, then the governed dry run"): the grant is used, once, and nothing else is
 * changed. What it found is written and signed, whatever that was, from before its first part on: whoever is killed leaves a
 * HOLD.
 *
 * @throws C1Error HOLD_DRYRUN_NOT_AUTHORIZED, REJECT_AUTH_ALREADY_CONSUMED and whatever else keeps it from beginning
 */
export async function dryRun(
  stateDir: string,
  order: RunOrder,
  { say, ...report }: DryRunReporter,
): Promise<DryRunEnd> {
  const paths = statePaths(stateDir);
  const { authorizations } = order;
  const began_at = new Date().toISOString();
  const evidence = await currentEvidence(paths, order.stack);
  // What executor and verifier will ask as well: here, before anything begins.
  const entered = { stack: order.stack, digest: evidence.digest };
  assertAuthorizedDryRun(signersOf(paths.secrets), authorizations, { now: began_at, entered });
  const given = orderOf(paths, order.stack, evidence, authorizations);
  const privateKey = readFileSync(keyFileOf(signersOf(paths.secrets), OPERATOR), 'utf8');
  // Two at once would each write what became of the one grant: the second waits, and finds it used.
  return withLock(paths, report, async () => {
    const auth_code = await unusedGrant(given);
    const folder = `${evidenceFolder(paths, order.stack)}-dry-run-${auth_code.slice(-16)}`;
    const { label } = evidence.document;
    const begun = { label, stack: order.stack, evidence_digest: evidence.digest, auth_code, began_at, authorizations };
    const keep = (performed: Performed) => {
      const document = documentOf(begun, performed);
      writePackage(folder, dryRunPackageOf(document, privateKey));
      return document;
    };
    const performed = await perform(given, say, keep);
    return { document: keep(performed), folder, failure: performed.failure };
  });
}

type Begun = Pick<DryRunDocument, 'label' | 'stack' | 'evidence_digest' | 'auth_code' | 'began_at'> & {
  readonly authorizations: readonly Authorization[];
};

/** What there is to say of a dry run, at its end or before. */
function documentOf({ authorizations, ...begun }: Begun, { checks, found, failure }: Performed): DryRunDocument {
  const saying = sayingOf({ label: begun.label, checks: [...checks] }, failure?.code ?? 'HOLD_OUTCOME_UNKNOWN');
  return {
    ...{ schema: DRY_RUN_SCHEMA, ...begun, ...saying, authorizations: [...authorizations] },
    ...{
      ended_at: new Date().toISOString(),
      checks: [...checks],
      build: null,
      bad_inputs: [],
      readback: null,
      ...found,
    },
  };
}

/** One signed statement out of a file. @throws C1Error HOLD_DRYRUN_NOT_AUTHORIZED */
export function readStatement(file: string): Authorization {
  const expected = 'a statement that npx c1 dry-run sign wrote';
  try {
    const parsed = authorization.safeParse(parseJsonStrictly(readFileSync(file)));
    if (parsed.success) return parsed.data;
    throw notAuthorized(`${file} of another shape (${z.prettifyError(parsed.error)})`, expected);
  } catch (cause) {
    if (cause instanceof C1Error && cause.code === 'HOLD_DRYRUN_NOT_AUTHORIZED') throw cause;
    throw notAuthorized(`no readable statement in ${file}`, expected, cause);
  }
}

function notAuthorized(seen: string, expected: string, cause?: unknown): C1Error {
  return new C1Error('HOLD_DRYRUN_NOT_AUTHORIZED', { seen, expected }, { cause });
}

function orderOf(
  paths: StatePaths,
  stack: string,
  { document, statement }: Verification,
  authorizations: readonly Authorization[],
): DryRunOrder {
  const { manifest_sha256 } = statement.predicate;
  return {
    folder: paths.bin,
    manifest: join(evidenceFolder(paths, stack), EVIDENCE_FILES.manifest),
    evidence: { order: document.order, manifest_sha256 },
    authorizations,
  };
}

/** The second dry run on a grant is refused before its first command. @throws C1Error as the verifier */
async function unusedGrant({ folder, manifest }: DryRunOrder): Promise<string> {
  const asked = { bin: 'dot-c1-vocab-verify', words: ['--manifest', manifest], stdin: {} };
  return answered(verifyAnswer, await readbackOf(folder, asked)).auth_code;
}
