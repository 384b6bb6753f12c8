import { access, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { APPROVAL_NAMESPACE } from '../domain/approval/statement.ts';
import { SIGNATURE_NAMESPACE } from '../domain/apr.ts';
import { C1Error } from '../domain/codes.ts';
import { type AuthorizationKind, DRY_RUN_NAMESPACE } from '../domain/dry-run-authorization.ts';
import { EVIDENCE_NAMESPACE } from '../domain/evidence/signers.ts';
import { errnoOf, readIfThere, writeAtomic } from './files.ts';
import type { StatePaths } from './paths.ts';
import type { Reporter } from './reporter.ts';
import { VOTER_LOGINS } from './roles.ts';

/** Who proposes on an embedded runtime. */
export const OPERATOR = 'operator_1';
const PRINCIPALS = [OPERATOR, ...VOTER_LOGINS];
/** Who signs for a dry run on an embedded runtime: nobody who votes, and each with a key of his own. */
export const DRY_RUN_SIGNERS: Readonly<Record<AuthorizationKind, string>> = {
  reviewer_confirmation: 'reviewer_1',
  owner_authorization: 'owner_1',
};

/**
 * Makes the SSH keys of the stand-ins that are missing, and lists them as allowed signers. On a governed host these are
 * people with keys of their own (authority.md); here they are made on the spot, and the name of each key says so.
 *
 * @throws C1Error ERROR_SSH_MISSING
 */
export async function ensureStandInKeys({ secrets }: StatePaths, report: Reporter): Promise<void> {
  const folder = path.join(secrets, 'ssh');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const made = await makeKeys(folder, [...PRINCIPALS, ...Object.values(DRY_RUN_SIGNERS)]);
  if (made.length > 0) report.did(`made stand-in keys for ${made.join(', ')} (staging: no owner has them)`);
  await listSigners(folder);
}

/** Makes the keys that are missing, and names them. @throws C1Error ERROR_SSH_MISSING */
export async function makeKeys(folder: string, names: readonly string[]): Promise<readonly string[]> {
  const missing = await Promise.all(names.map((name) => isMissing(path.join(folder, name))));
  const wanted = names.filter((_, at) => missing[at] === true);
  await Promise.all(wanted.map((name) => makeKey(folder, name)));
  return wanted;
}

async function makeKey(folder: string, name: string): Promise<void> {
  const file = path.join(folder, name);
  await rm(`${file}.pub`, { force: true });
  const words = ['-q', '-t', 'ed25519', '-N', '', '-C', `stand-in ${name}`, '-f', file];
  await execa('ssh-keygen', words, { stdin: 'ignore' }).catch((cause: unknown) => {
    const seen = errnoOf(cause) === 'ENOENT' ? 'no ssh-keygen on PATH' : String(cause);
    throw new C1Error('ERROR_SSH_MISSING', { seen, expected: 'OpenSSH 8.9 or newer' }, { cause });
  });
}

/** A person may add lines of his own; the stand-ins' are kept as they are, and only missing ones are added. */
async function listSigners(folder: string): Promise<void> {
  const file = path.join(folder, 'allowed_signers');
  const there = (await readIfThere(file)) ?? '';
  const lines = there.split('\n').filter((line) => line !== '');
  const votes = PRINCIPALS.map((name) => signerLine(folder, name));
  const dryRuns = Object.values(DRY_RUN_SIGNERS).map((name) => signerLine(folder, name, name, DRY_RUN_NAMESPACE));
  const plans = VOTER_LOGINS.map((name) => signerLine(folder, name, name, APPROVAL_NAMESPACE));
  const evidence = signerLine(folder, OPERATOR, OPERATOR, EVIDENCE_NAMESPACE);
  const wanted = await Promise.all([...votes, ...plans, evidence, ...dryRuns]);
  const added = wanted.filter((line) => !lines.includes(line));
  if (added.length > 0) await writeAtomic(file, `${[...lines, ...added].join('\n')}\n`, 0o600);
}

/**
 * @param principal who may sign with that key; its own name without it
 * @param namespace what for; requests and votes without it
 */
export async function signerLine(
  folder: string,
  name: string,
  principal = name,
  namespace = SIGNATURE_NAMESPACE,
): Promise<string> {
  const [type = '', key = ''] = (await readFile(path.join(folder, `${name}.pub`), 'utf8')).split(' ');
  return `${principal} namespaces="${namespace}" ${type} ${key}`;
}

async function isMissing(file: string): Promise<boolean> {
  return access(file).then(
    () => false,
    () => true,
  );
}
