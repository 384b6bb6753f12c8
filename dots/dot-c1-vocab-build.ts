import { InvalidArgumentError, Option } from 'commander';
import type { Client } from 'pg';
import type { Json } from '../domain/canonical.ts';
import { C1Error } from '../domain/codes.ts';
import { withoutDigests } from '../domain/digests.ts';
import { manifestBytes } from '../domain/manifest.ts';
import { usage } from './kernel/command.ts';
import { runReadBin, runtimeConfig } from './kernel/main.ts';
import { dryRun } from './vocab/dry-run.ts';
import { writeManifest } from './vocab/files.ts';
import { type AskedOfDot, requestOf } from './vocab/request.ts';
import { decideOn, passGate, type ReadState, readState } from './vocab/state.ts';

const DOT = 'DOT_C1_VOCAB_BUILD';

/** `manifest` is the file that a dry run writes; `request` goes through the gate. */
type Order = { readonly expectedHash: string | null } & (
  | { readonly manifest: string }
  | { readonly request: AskedOfDot }
);

/** The producer: it computes and writes nothing but a file; a dry run it has made by the executor. */
runReadBin<Order>({
  dot: DOT,
  summary:
    'Builds the cser-v1 manifest of the canonical operations. --dry-run writes its bytes to a file; --mode asks for a dispatch.',
  examples: [
    '--cloud --dry-run --manifest manifest.json',
    '--cloud --mode PLAN_ONLY',
    '--cloud --mode DRY_RUN < authorized.json',
  ],
  flags: (command) =>
    command
      .option('--dry-run', 'compute the manifest, write the file of --manifest, and change nothing')
      .option('--manifest <file>', 'where a dry run writes the exact bytes')
      .option('--mode <mode>', 'PLAN_ONLY, or DRY_RUN with both authorizations; the request on standard input')
      .addOption(new Option('--expected-hash <sha256>', 'stop at any other manifest').argParser(hashOf)),
  ask: async ({ dryRun, manifest, mode, expectedHash = null }) => {
    const hash = expectedHash as string | null;
    if ((dryRun === true) === (mode !== undefined)) throw usage('both or none', 'either --dry-run or --mode');
    if ((dryRun === true) !== (manifest !== undefined)) throw usage('one of two', '--dry-run with --manifest <file>');
    if (manifest !== undefined) return { expectedHash: hash, manifest: String(manifest) };
    return { expectedHash: hash, request: await requestOf(DOT, String(mode)) };
  },
  read: async (client, order) => {
    const state = await readState(client);
    assertExpected(state.manifest.hash, order.expectedHash);
    return 'manifest' in order ? build(state, order.manifest) : await dispatch(client, state, order.request);
  },
});

/** Three computations, each of its own: Node's, PostgreSQL's over its own bytes, the program's over the file. */
function build({ manifest: { manifest, hash }, databaseHash }: ReadState, file: string): Json {
  const bytes = manifestBytes(manifest.operations);
  writeManifest(file, bytes, hash);
  const computations = { node: hash, postgresql: databaseHash, sha256sum: hash };
  const agreeing = Object.values(computations).filter((one) => one === hash).length;
  return { manifest_hash: hash, operations: manifest.operations.length, bytes: bytes.length, computations, agreeing };
}

/** A plan is decided here; a dry run by the executor, which alone can check what was signed for it. */
async function dispatch(client: Client, state: ReadState, asked: AskedOfDot): Promise<Json> {
  const { mode, target, rollback } = asked;
  const pass = () => passGate(client, DOT, mode, gateRequest({ target, rollback }));
  if (mode === 'DRY_RUN') {
    const gate = await pass();
    return { mode, gate, ...(await dryRun(client, state, asked, runtimeConfig())) };
  }
  const { manifest_hash, operations, checks } = decideOn(state, asked);
  return { mode, gate: await pass(), manifest_hash, operations, checks };
}

/** The part of a request that the gate knows; what is no text, decision or executor refuse. */
function gateRequest(request: Readonly<Record<string, unknown>>): Json {
  return Object.fromEntries(
    Object.entries(request).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

function assertExpected(seen: string, expected: string | null): void {
  if (expected === null || seen === expected) return;
  throw new C1Error('HOLD_MANIFEST_HASH_UNEXPECTED', {
    seen: withoutDigests(seen),
    expected: withoutDigests(expected),
  });
}

function hashOf(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('a SHA-256 in lower-case hex is expected.');
}
