import { RELEASE } from '../../../executor/release.ts';
import { createC1Trial, enterEvidence, HASH, mintGrantOf } from '../../executor/support/c1-runtime.ts';
import { configFor, type Service, startService } from '../../executor/support/service.ts';
import { createSigners, EVIDENCE, type Signers } from '../../executor/support/signers.ts';
import type { BinResult } from '../../support/runtime.ts';
import type { Trial } from './trial.ts';

const BIN = 'dot-c1-vocab-build';
const HOST = '127.0.0.1';

/** What the bin answers to a dry run in which nothing is wrong. */
export const MADE = {
  mode: 'DRY_RUN',
  gate: { validated: true, endpoint_present: true, true_dry_run_possible: true, writes_db: false, write_obs: false },
  manifest_hash: HASH,
  operations: 14,
  computations: { node: HASH, postgresql: HASH, sha256sum: HASH },
  agreeing: 3,
  seal: 'WITHHELD_DRY_RUN',
  rows_before: 0,
  rows_after: 0,
  auth_code: 'GBA-C1-APR-C1-GRANT-0123456789abcdef',
  writes_db: false,
  write_obs: false,
};

export interface DryRunOptions {
  /** Where this runtime maps the name of the endpoint to; the executor's port without it. */
  readonly port?: number;
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A runtime after W5, an executor that serves it, and keys that may authorize a dry run; there is no grant yet. */
export interface DryRunTrial {
  readonly trial: Trial;
  readonly service: Service;
  readonly signers: Signers;
  /** Asks the bin for a dry run. */
  readonly dryRun: (stdin: unknown, options?: DryRunOptions) => Promise<BinResult>;
  /** The same with the runtime's configuration as it is. */
  readonly bare: () => Promise<BinResult>;
  /** The grant, and then the evidence of it. */
  readonly mint: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export async function createDryRunTrial(): Promise<DryRunTrial> {
  const signers = createSigners();
  const trial = await createC1Trial();
  await enterEvidence(trial, 'dryrun', EVIDENCE);
  const { allowedSigners } = signers;
  const service = await startService(RELEASE, configFor(trial.runtime, { allowedSigners }));
  const run = (stdin: unknown, { words = [], env = {} }: DryRunOptions = {}) =>
    trial.runtime.bin(BIN, ['--cloud', '--mode', 'DRY_RUN', ...words], { stdin, env });
  return {
    trial,
    service,
    signers,
    dryRun: (stdin, options = {}) =>
      trial.withConfig({ executor: { host: HOST, port: options.port ?? service.port } }, () => run(stdin, options)),
    mint: () => mintGrantOf(trial, 'dryrun', EVIDENCE),
    bare: () => run(signers.authorized()),
    dispose: async () => {
      await service.close();
      await trial.dispose();
      signers.dispose();
    },
  };
}
