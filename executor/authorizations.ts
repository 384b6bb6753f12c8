import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { canonicalJson } from '../domain/canonical.ts';
import { C1Error } from '../domain/codes.ts';
import {
  type Authorization,
  authorizations,
  DRY_RUN_NAMESPACE,
  type EnteredEvidence,
  evidenceFault,
  keysFault,
  pairFault,
  REVOKED_SIGNERS,
  statementOf,
} from '../domain/dry-run-authorization.ts';

const LIMIT_MS = 10_000;

/** Two statements of the right shape and kind, whose signatures nobody looked at yet. */
export type Pair = readonly Authorization[];

/**
 * Whether the authorizations of a dry run are two that go together; says what is wrong where they are not.
 *
 * @param given as it came over the wire
 * @param now ISO 8601, of the database
 * @param entered the evidence that they have to be over
 */
export function pairOf(given: unknown, now: string, entered: EnteredEvidence): Pair | string {
  if (given === undefined) return 'no authorizations';
  const parsed = authorizations.safeParse(given);
  if (parsed.success) return pairFault(parsed.data, now) ?? evidenceFault(parsed.data, entered) ?? parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`);
  return `authorizations ${problems.join('; ')}`;
}

/** One request after the other: each check starts programs, and whoever asks must not be able to start many. */
let last: Promise<unknown> = Promise.resolve();

/**
 * What is wrong with the signatures; null where both hold.
 *
 * @throws C1Error ERROR_SSH_MISSING
 */
export function signaturesFault(given: Pair, allowedSigners: string | null): Promise<string | null> {
  if (allowedSigners === null) return Promise.resolve('two authorizations, and nobody here who may sign');
  const mine = last.then(() => checkSignatures(given, allowedSigners));
  last = mine.catch(() => undefined);
  return mine;
}

async function checkSignatures(given: Pair, allowedSigners: string): Promise<string | null> {
  const fingerprints: string[] = [];
  for (const one of given) {
    const fingerprint = await verify(one, allowedSigners);
    if (fingerprint === null) return `a ${one.statement.kind} that no allowed key of ${one.statement.signer} signed`;
    fingerprints.push(fingerprint);
  }
  return keysFault(fingerprints);
}

/** Fingerprint of the signer's key; null when the signature does not hold. */
async function verify(
  { statement, signature, ...rest }: Authorization,
  allowedSigners: string,
): Promise<string | null> {
  const scratch = await mkdtemp(join(tmpdir(), 'c1-authorization-'));
  try {
    const file = join(scratch, 'signature');
    await writeFile(file, signature, { mode: 0o600 });
    const revoked = join(dirname(allowedSigners), REVOKED_SIGNERS);
    const words = ['-Y', 'verify', '-n', DRY_RUN_NAMESPACE, '-f', allowedSigners, '-I', statement.signer, '-s', file];
    if (existsSync(revoked)) words.push('-r', revoked);
    const said = await sshKeygen(words, canonicalJson(statementOf({ statement, signature, ...rest })));
    return said === null ? null : (/ key (SHA256:\S+)/.exec(said)?.[1] ?? null);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What it said; null when it refused. Never waited for by a blocked event loop. @throws C1Error ERROR_SSH_MISSING */
function sshKeygen(words: readonly string[], input: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const child = execFile('ssh-keygen', words, { timeout: LIMIT_MS }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else if (typeof error.code === 'number') resolve(null);
      else reject(missing(error));
    });
    // It may refuse before it has read the statement.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

function missing(cause: Error & { readonly code?: unknown }): C1Error {
  const seen = `ssh-keygen: ${String(cause.code ?? 'ended by its time limit')}`;
  return new C1Error('ERROR_SSH_MISSING', { seen, expected: 'OpenSSH 8.9 or newer' }, { cause });
}
