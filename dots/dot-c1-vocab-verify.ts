import type { Json } from '../domain/canonical.ts';
import { sha256Hex } from '../domain/canonical.ts';
import { C1Error } from '../domain/codes.ts';
import { usage } from './kernel/command.ts';
import { runReadBin } from './kernel/main.ts';
import { explain, type Supposed, supposedOf } from './vocab/explain.ts';
import { readManifest } from './vocab/files.ts';
import { readRequest } from './vocab/request.ts';
import { decideOn, passGate, readState } from './vocab/state.ts';

const DOT = 'DOT_C1_VOCAB_VERIFY';
const MODE = 'VERIFY_ONLY';

type Order = { readonly presented: Readonly<Record<string, unknown>> } | { readonly supposed: Supposed };

/** The verifier: every check of a manifest against the runtime and its grant that consumes nothing. */
runReadBin<Order>({
  dot: DOT,
  summary:
    'Verifies a manifest against the runtime and the live grant. --explain decides on a supposed record instead, from standard input.',
  examples: ['--cloud --manifest manifest.json', '--cloud --explain < case.json'],
  flags: (command) =>
    command
      .option('--manifest <file>', 'the manifest, as dot-c1-vocab-build wrote it')
      .option('--explain', 'decide on the request and the supposed records of standard input')
      .option('--consume', 'consume the grant; comes with the grant'),
  ask: async ({ manifest, explain, consume }) => {
    if (consume === true) throw notBuilt();
    if ((manifest === undefined) === (explain !== true)) throw usage('both or none', '--manifest <file> or --explain');
    if (explain === true) return { supposed: supposedOf(await readRequest()) };
    const { bytes, value } = readManifest(String(manifest));
    return { presented: { ...Object(value), hash: sha256Hex(bytes) } };
  },
  read: async (client, order): Promise<Json> => {
    const state = await readState(client);
    if ('supposed' in order) return explain(state, order.supposed);
    const { accepted: _accepted, ...decision } = decideOn(state, {
      dot_code: DOT,
      mode: MODE,
      manifest: order.presented,
    });
    return { ...decision, gate: await passGate(client, DOT, MODE, {}) };
  },
});

function notBuilt(): C1Error {
  return new C1Error('ERROR_NOT_IMPLEMENTED', {
    seen: '--consume',
    expected: 'a verification that consumes nothing: consuming comes with the grant, which nothing can mint yet',
    next: 'run it without --consume',
  });
}
