import { execFileSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'pg';
import { type Decision, requestStatement, voteStatement } from '../../../domain/apr.ts';
import { canonicalJson, type Json } from '../../../domain/canonical.ts';
import { type RequestRow, readRequest } from '../../../dots/kernel/approvals.ts';
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
  const statement = voteStatement(await requestNow(runtime, code), voter, 'approve');
  return signed(statement, options.key ?? keyOf(runtime, voter), options.namespace);
}

/** The proposer's signature over the request as it is now. */
export async function proposersSignature(runtime: TestRuntime, code: string): Promise<string> {
  const request = await requestNow(runtime, code);
  return signed(requestStatement(request), keyOf(runtime, request.proposer));
}

function keyOf({ paths }: TestRuntime, name: string): string {
  return join(paths.secrets, 'ssh', name);
}

function signed(statement: Json, key: string, namespace = 'c1-apr'): string {
  const words = ['-Y', 'sign', '-q', '-n', namespace, '-f', key];
  return execFileSync('ssh-keygen', words, { input: canonicalJson(statement), encoding: 'utf8' });
}

async function requestNow(runtime: TestRuntime, code: string): Promise<RequestRow> {
  const client = await (await runtime.pool('auditor_ro')).connect();
  try {
    return await readRequest(client as unknown as Client, code);
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

/** The row of a vote, as somebody writes it who is past the guards. */
export function forgedVote(code: string, voter: string, signature: string, decision: Decision = 'approve'): string {
  return `insert into public.apr_approvals (apr_code, voter, decision, signature)
    values ('${code}', '${voter}', '${decision}', '${signature}')`;
}
