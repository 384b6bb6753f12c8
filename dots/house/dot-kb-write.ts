import { join } from 'node:path';
import { Option } from 'commander';
import { EVIDENCE_DOCUMENT, EVIDENCE_FOLDER, evidenceRecord } from '../../domain/evidence/record.ts';
import { kbDocumentRow, parsePayload } from '../../domain/payloads.ts';
import { type KbAsked, kbWrite } from '../../domain/plans/kb-write.ts';
import { packageOfRecord, signersHere } from '../evidence/package.ts';
import { rowCalls } from '../kernel/gateway.ts';
import { dotFolder, runBin, runtimeConfig } from '../kernel/main.ts';
import { rowPayload } from '../kernel/row-payload.ts';

runBin<KbAsked>({
  plan: kbWrite,
  summary:
    'Enters a document in the knowledge base as its next revision, with the digest of the package that it stands for; --retire supersedes it.',
  examples: [
    `--cloud --step W9 --for dryrun/evidence --doc ${EVIDENCE_DOCUMENT} < document.json`,
    `--cloud --step W9 --for dryrun/evidence --doc ${EVIDENCE_DOCUMENT} --retire`,
  ],
  direction: 'both',
  hasDryRun: true,
  flags: (command) =>
    command.addOption(new Option('--doc <id>', 'the document').choices([EVIDENCE_DOCUMENT]).makeOptionMandatory()),
  payload: ({ doc, retire }, stdin) => {
    if (retire === true) return { doc_id: EVIDENCE_DOCUMENT, text: null };
    const { doc_id, title, body } = rowPayload(kbDocumentRow, 'document', { doc_id: doc }, stdin);
    return { doc_id, text: { title, body } };
  },
  calls: ({ direction, payload, claimant }, deltas) => {
    // What a newer revision supersedes, the gateway records by itself.
    const written = deltas.filter(({ op }) => op === 'insert');
    if (direction === 'retire') return rowCalls(written);
    const folder = join(dotFolder(), ...HOME, EVIDENCE_FOLDER, claimant.stack);
    const record = parsePayload(evidenceRecord, payload.text?.body, 'document.body');
    const { digest } = packageOfRecord(folder, signersHere(runtimeConfig().secretsDir), claimant.stack, record);
    return rowCalls(written.map((delta) => ({ ...delta, after: { ...delta.after, package_sha256: digest } })));
  },
});

/** From the bins to the folder that all of this runtime's are in; as c1-reader, the package is no part of the DOT host. */
const HOME = ['..', '..', '..', '..'];
