import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson, type Json } from '../../../domain/canonical.ts';

const SIGNERS = ['reviewer_1', 'owner_1', 'reviewer_twin'] as const;

export const DRY_RUN = { dot_code: 'DOT_C1_VOCAB_BUILD', mode: 'DRY_RUN' };
export const REVIEW = { kind: 'reviewer_confirmation', signer: 'reviewer_1' };
export const OWNER = { kind: 'owner_authorization', signer: 'owner_1' };
const EVIDENCE = 'e'.repeat(64);

export type Fields = Readonly<Record<string, Json>>;

export interface How {
  readonly key?: string;
  readonly namespace?: string;
}

/** Keys of a test, who may sign with them, and what they sign; the twin has the reviewer's key. */
export interface Signers {
  readonly folder: string;
  readonly allowedSigners: string;
  /** A statement that is good unless `fields` say otherwise, signed by the key of its signer. */
  readonly signed: (fields: Fields & { readonly signer: string }, how?: How) => Signed;
  /** A dry run that both have authorized. */
  readonly authorized: () => typeof DRY_RUN & { readonly authorizations: readonly Signed[] };
  readonly dispose: () => void;
}

export interface Signed {
  readonly statement: Fields;
  readonly signature: string;
}

/** @param stack that the statements are for */
export function createSigners(stack = 'dryrun'): Signers {
  const folder = mkdtempSync(join(tmpdir(), 'c1-signers-'));
  const allowedSigners = join(folder, 'allowed_signers');
  makeKeys(folder, allowedSigners);
  const signed: Signers['signed'] = (fields, how) => sign(folder, { stack, ...fields }, how);
  return {
    folder,
    allowedSigners,
    signed,
    authorized: () => ({ ...DRY_RUN, authorizations: [signed(REVIEW), signed(OWNER)] }),
    dispose: () => rmSync(folder, { recursive: true }),
  };
}

export function altered(one: Signed, changes: Fields): Signed {
  return { ...one, statement: { ...one.statement, ...changes } };
}

function sign(
  folder: string,
  fields: Fields & { readonly signer: string },
  { key = fields.signer, namespace = 'c1-dry-run' }: How = {},
): Signed {
  const statement = { evidence_digest: EVIDENCE, expires_at: '2099-01-01T00:00:00Z', ...fields };
  const words = ['-Y', 'sign', '-q', '-n', namespace, '-f', join(folder, key)];
  return {
    statement,
    signature: execFileSync('ssh-keygen', words, { input: canonicalJson(statement), encoding: 'utf8' }),
  };
}

function makeKeys(folder: string, allowedSigners: string): void {
  for (const name of ['reviewer_1', 'owner_1']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(folder, name)]);
  }
  for (const end of ['', '.pub']) {
    writeFileSync(join(folder, `reviewer_twin${end}`), readFileSync(join(folder, `reviewer_1${end}`)), { mode: 0o600 });
  }
  const lines = SIGNERS.map((name) => `${name} ${readFileSync(join(folder, `${name}.pub`), 'utf8').trim()}`);
  writeFileSync(allowedSigners, `${lines.join('\n')}\n`);
}
