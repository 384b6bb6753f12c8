import { evidenceOrderOf } from '../evidence/order.ts';
import { EVIDENCE_DOCUMENT, EVIDENCE_PACKAGE, evidenceRecordOf } from '../evidence/record.ts';
import type { PlannedDeltas } from '../planned-deltas.ts';
import { kbWrite } from '../plans/kb-write.ts';
import type { GrantBinding } from '../release.ts';
import { type Step, stepRow } from './step.ts';

interface Payloads {
  readonly binding: GrantBinding;
  readonly planned: PlannedDeltas;
}

const TITLE = 'Evidence of C1 readiness for a governed dry run';

/**
 * W9: everything that was done and seen, as one signed folder; its digest in the knowledge base. For what it is proven is
 * part of both inputs, as in W8.
 *
 * @param before the steps that the evidence is of
 */
export function evidenceStep({ binding, planned }: Payloads, before: readonly Step[]): Step {
  const order = evidenceOrderOf(before, binding, planned);
  const body = evidenceRecordOf(order.proven_for, binding.manifest.hash);
  const command = `dot-kb-write --cloud --step W9 --doc ${EVIDENCE_DOCUMENT}`;
  const payload = { doc_id: EVIDENCE_DOCUMENT, title: TITLE, body };
  return {
    id: 'W9',
    title: 'Evidence',
    goal: 'Put everything that was done and seen into one signed folder that anybody can check, and enter its digest in the knowledge base.',
    dotPaths: ['dot-c1-evidence-readback', 'dot-kb-write'],
    payloadFiles: [],
    first: [{ name: EVIDENCE_PACKAGE, create: 'c1-evidence', request: order }],
    rows: [
      stepRow({
        type: 'c1:evidence:Document',
        name: 'evidence',
        inputs: { ...payload, status: 'current' },
        create: command,
        retire: `${command} --retire`,
        dotPlan: kbWrite,
        payload: { doc_id: EVIDENCE_DOCUMENT, text: { title: TITLE, body } },
        standardInput: payload,
      }),
    ],
    channel: ['dot-c1-evidence-readback'],
    readback:
      'the package is signed and whole, the knowledge base has its digest, every counter is as planned; then HALT with the verdict',
    retire: 'dot-kb-write --retire: a revision that supersedes the document; the folder stays, as history does',
    blastRadius: 'one revision in kb_document; one folder of evidence',
    stops: ['any counter off the planned deltas', 'a check that did not pass, was not executed or looked at nothing'],
    attack: 'drift hidden in the evidence',
    checks: { gate: ['evidence'] },
  };
}
