import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SIGNATURE_NAMESPACE } from '../../domain/apr.ts';
import { canonicalJson, type Json } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { REVOKED_SIGNERS } from '../../domain/dry-run-authorization.ts';

/** Where the keys of an embedded runtime's stand-ins are, and who may sign (authority.md, "APR"). */
export interface Signers {
  readonly folder: string;
}

const LIMIT_MS = 10_000;

export function signersOf(secretsDir: string): Signers {
  return { folder: join(secretsDir, 'ssh') };
}

export function keyFileOf({ folder }: Signers, principal: string): string {
  return join(folder, principal);
}

/**
 * SSH signature of a statement's canonical JSON, in armour.
 *
 * @param namespace what it is for; approval requests where absent
 * @throws C1Error REJECT_UNKNOWN_SIGNER when the key cannot be used, ERROR_SSH_MISSING
 */
export function sign(statement: Json, keyFile: string, namespace = SIGNATURE_NAMESPACE): string {
  const words = ['-Y', 'sign', '-q', '-n', namespace, '-f', keyFile];
  const ended = sshKeygen(words, canonicalJson(statement));
  if (ended.status === 0) return ended.stdout;
  throw new C1Error('REJECT_UNKNOWN_SIGNER', {
    seen: `no signature by the key ${existsSync(keyFile) ? 'given' : 'that is not there'}: ${firstLine(ended.stderr)}`,
    expected: 'a private key that can be read without a passphrase, or its public key with an agent',
  });
}

export interface VerifyOptions {
  /** What the signature is for; that of approval requests where absent. */
  readonly namespace?: string;
  /** True where the signature did its work before its key was revoked: what was applied can still be taken back. */
  readonly evenRevoked?: boolean;
}

/**
 * The key's fingerprint, once the signature is known to be the principal's own over this very statement.
 *
 * @throws C1Error REJECT_UNKNOWN_SIGNER when no allowed key of that name made it; REJECT_SIGNER_REVOKED when it was
 * revoked; REJECT_APR_ALTERED when one did, over something else
 */
export function verify(
  signers: Signers,
  statement: Json,
  signature: string,
  principal: string,
  { namespace = SIGNATURE_NAMESPACE, evenRevoked = false }: VerifyOptions = {},
): string {
  const scratch = mkdtempSync(join(tmpdir(), 'c1-signature-'));
  try {
    const file = join(scratch, 'signature');
    writeFileSync(file, signature, { mode: 0o600 });
    const allowed = join(signers.folder, 'allowed_signers');
    assertListed(allowed);
    const words = ['-Y', 'verify', '-n', namespace, '-f', allowed, '-I', principal, '-s', file];
    const ended = sshKeygen(words, canonicalJson(statement));
    if (ended.status === 0 && !evenRevoked) assertNotRevoked(signers, words, statement, principal);
    if (ended.status === 0) return fingerprintIn(ended.stdout);
    // Why it does not hold: of a key that is listed twice, only the first name would be found.
    assertPrincipal(allowed, file, principal, namespace);
    throw new C1Error('REJECT_APR_ALTERED', {
      seen: `a signature of ${principal} over something else`,
      expected: 'his signature over this very request',
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * The list has public keys, one a line, or is one that `ssh-keygen -k` made. The signature holds, so that only a revoked key makes this fail, or a list that cannot be read: neither is passed over.
 */
function assertNotRevoked({ folder }: Signers, words: readonly string[], statement: Json, principal: string): void {
  const list = join(folder, REVOKED_SIGNERS);
  if (!existsSync(list)) return;
  const ended = sshKeygen([...words, '-r', list], canonicalJson(statement));
  if (ended.status === 0) return;
  throw new C1Error('REJECT_SIGNER_REVOKED', {
    seen: `a signature of ${principal} by a key that ${REVOKED_SIGNERS} lists, or a list that cannot be read`,
    expected: 'a key that was not revoked',
  });
}

/** Without a list every signature would look like a stranger's. */
function assertListed(allowed: string): void {
  const text = existsSync(allowed) ? readFileSync(allowed, 'utf8') : '';
  if (text.trim() !== '') return;
  throw new C1Error('HOLD_SIGNERS_MISSING', {
    seen: existsSync(allowed) ? 'an empty allowed_signers' : 'no allowed_signers',
    expected: 'a list of who may sign',
  });
}

/** Whether an allowed key of this name made the signature, over whatever it was. */
function assertPrincipal(allowed: string, file: string, principal: string, namespace: string): void {
  const ended = sshKeygen(['-Y', 'find-principals', '-n', namespace, '-f', allowed, '-s', file], '');
  const names = ended.status === 0 ? ended.stdout.split(/[\n,]/).map((name) => name.trim()) : [];
  if (names.includes(principal)) return;
  const found = names.filter((name) => name !== '');
  throw new C1Error('REJECT_UNKNOWN_SIGNER', {
    seen: `a signature by ${found.length === 0 ? 'a key that nobody allowed' : found.join(', ')} in the name of ${principal}`,
    expected: `a key that the allowed signers list for ${principal}`,
  });
}

/** `Good "c1-apr" signature for NAME with ED25519 key SHA256:…`. @throws TypeError when ssh-keygen says something else */
function fingerprintIn(said: string): string {
  const [, fingerprint] = / key (SHA256:\S+)/.exec(said) ?? [];
  if (fingerprint === undefined) throw new TypeError(`ssh-keygen said ${said}`);
  return fingerprint;
}

export function sshKeygen(words: readonly string[], input: string) {
  const ended = spawnSync('ssh-keygen', words, { input, encoding: 'utf8', timeout: LIMIT_MS });
  if (ended.error === undefined) return ended;
  // It refuses before it has read all of a large statement: that is its answer, and no missing program.
  if ('code' in ended.error && ended.error.code === 'EPIPE' && ended.status !== null && ended.status !== 0)
    return ended;
  const seen = `ssh-keygen: ${'code' in ended.error ? String(ended.error.code) : ended.error.message}`;
  throw new C1Error('ERROR_SSH_MISSING', { seen, expected: 'OpenSSH 8.9 or newer' }, { cause: ended.error });
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
