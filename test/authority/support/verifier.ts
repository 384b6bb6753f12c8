import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, ownSecrets } from '../../dots/support/registrar.ts';
import { mustRun } from '../../dots/support/rows.ts';
import { createSigners, OWNER, REVIEW, type Signed, type Signers } from '../../executor/support/signers.ts';
import type { BinResult } from '../../support/runtime.ts';
import { GrantTrial } from './grant-trial.ts';

export const VERIFIER = 'dot-c1-vocab-verify';

/** A runtime after W7: a live grant, its manifest in a file, and two people who may authorize its use. */
export interface VerifierTrial {
  readonly it: GrantTrial;
  readonly code: string;
  readonly manifest: string;
  readonly signers: Signers;
  readonly authorized: () => readonly Signed[];
  readonly verify: (...flags: readonly string[]) => Promise<BinResult>;
  readonly consume: (authorizations?: unknown) => Promise<BinResult>;
  readonly dispose: () => Promise<void>;
}

export async function createVerifierTrial(): Promise<VerifierTrial> {
  const signers = createSigners('trial');
  const it = await GrantTrial.create({ contracts: true });
  const ssh = await ownSecrets(it.runtime);
  const lines = readFileSync(signers.allowedSigners, 'utf8').trim().split('\n');
  const limited = lines.map((line) => line.replace(' ', ' namespaces="c1-dry-run" '));
  appendFileSync(join(ssh, 'allowed_signers'), `${limited.join('\n')}\n`);
  const code = await it.minted();
  await mustRun(it.trial, 'ownership', 'create');
  const folder = mkdtempSync(join(tmpdir(), 'c1-verify-'));
  const manifest = join(folder, 'manifest.json');
  must(await it.runtime.bin('dot-c1-vocab-build', ['--cloud', '--dry-run', '--manifest', manifest]));
  const authorized = () => [signers.signed(REVIEW), signers.signed(OWNER)];
  const run = (flags: readonly string[], stdin?: unknown) =>
    it.runtime.bin(VERIFIER, ['--cloud', '--manifest', manifest, ...flags], { stdin });
  return {
    ...{ it, code, manifest, signers, authorized },
    verify: (...flags) => run(flags),
    consume: (authorizations = authorized()) => run(['--consume'], { authorizations }),
    dispose: async () => {
      await it.dispose();
      signers.dispose();
      rmSync(folder, { recursive: true });
    },
  };
}
