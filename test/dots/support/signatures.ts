import { execFileSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'pg';
import { voteStatement } from '../../../domain/apr.ts';
import { canonicalJson } from '../../../domain/canonical.ts';
import { readRequest } from '../../../dots/kernel/approvals.ts';
import type { TestRuntime } from '../../support/runtime.ts';

export interface SignOptions {
  /** The owner's own key without it. */
  readonly key?: string;
  readonly namespace?: string;
}

/** An approval of the request as it is now, signed with any key for any purpose. */
export async function signatureOf(
  runtime: TestRuntime,
  code: string,
  voter: string,
  options: SignOptions = {},
): Promise<string> {
  const client = await (await runtime.pool('auditor_ro')).connect();
  try {
    const request = await readRequest(client as unknown as Client, code);
    const key = options.key ?? join(runtime.paths.secrets, 'ssh', voter);
    const words = ['-Y', 'sign', '-q', '-n', options.namespace ?? 'c1-apr', '-f', key];
    return execFileSync('ssh-keygen', words, {
      input: canonicalJson(voteStatement(request, voter, 'approve')),
      encoding: 'utf8',
    });
  } finally {
    client.release();
  }
}

/** A new key that no list of signers knows. */
export async function strangersKey(): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'c1-key-')), 'stranger');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  return file;
}
