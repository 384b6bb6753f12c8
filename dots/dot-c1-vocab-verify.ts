import type { Json } from '../domain/canonical.ts';
import { sha256Hex } from '../domain/canonical.ts';
import { usage } from './kernel/command.ts';
import { assertAuthorizedDryRun } from './kernel/dry-run.ts';
import { runReadBin, runtimeConfig } from './kernel/main.ts';
import { signersOf } from './kernel/ssh.ts';
import { claimantOf, consume } from './vocab/consume.ts';
import { explain, type Supposed, supposedOf } from './vocab/explain.ts';
import { readManifest } from './vocab/files.ts';
import { readRequest } from './vocab/request.ts';
import { decideOn, passGate, readState } from './vocab/state.ts';

const DOT = 'DOT_C1_VOCAB_VERIFY';
const MODE = 'VERIFY_ONLY';

type Order =
  | {
      readonly presented: Readonly<Record<string, unknown>>;
      readonly authorizations: unknown;
      readonly consumes: boolean;
    }
  | { readonly supposed: Supposed };

/** The verifier: every check of a manifest against the runtime and its grant, and the one use of the grant. */
runReadBin<Order>({
  dot: DOT,
  summary:
    'Verifies a manifest against the runtime and the live grant. --consume uses the grant, once; --explain decides on a supposed record instead, from standard input.',
  examples: [
    '--cloud --manifest manifest.json',
    '--cloud --explain < case.json',
    '--cloud --manifest manifest.json --consume < authorizations.json',
  ],
  flags: (command) =>
    command
      .option('--manifest <file>', 'the manifest, as dot-c1-vocab-build wrote it')
      .option('--explain', 'decide on the request and the supposed records of standard input')
      .option('--consume', 'use the grant; both authorizations of the dry run on standard input'),
  ask: async ({ manifest, explain, consume }) => {
    if ((manifest === undefined) === (explain !== true)) throw usage('both or none', '--manifest <file> or --explain');
    if (explain === true && consume === true) throw usage('--explain --consume', 'one of the two');
    if (explain === true) return { supposed: supposedOf(await readRequest()) };
    const consumes = consume === true;
    const { authorizations } = (consumes ? await readRequest() : undefined) ?? {};
    const { bytes, value } = readManifest(String(manifest));
    return { presented: { ...Object(value), hash: sha256Hex(bytes) }, authorizations, consumes };
  },
  read: async (client, order): Promise<Json> => {
    const state = await readState(client);
    if ('supposed' in order) return explain(state, order.supposed);
    const { accepted: _accepted, ...decision } = decideOn(state, {
      dot_code: DOT,
      mode: MODE,
      manifest: order.presented,
    });
    if (order.consumes) {
      const { stack } = await claimantOf(client, decision);
      const here = { now: state.gates.now, stack };
      assertAuthorizedDryRun(signersOf(runtimeConfig().secretsDir), order.authorizations, here);
    }
    return { ...decision, gate: await passGate(client, DOT, MODE, {}) };
  },
  act: async (client, order, verified, onRequest) =>
    'consumes' in order && order.consumes ? consume(client, verified, onRequest) : null,
});
