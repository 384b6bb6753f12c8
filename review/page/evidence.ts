import { badInputs, lifecycles } from '../evidence/page-sections.ts';
import { code, type Html, html } from '../html/html.ts';
import type { EvidenceView } from './view.ts';

export function badInputGrid(evidence: EvidenceView): Html {
  if (evidence.kind !== 'held') return missing(evidence, 'W8 tries them, W9 writes down what came of them');
  return html`${source(evidence)}${[...badInputs(evidence.document)]}`;
}

export function lifecycleProof(evidence: EvidenceView): Html {
  if (evidence.kind !== 'held')
    return missing(evidence, 'W8 and W9 bring it, once the eight DOTs have their whole life');
  return html`${source(evidence)}${[...lifecycles(evidence.document)]}`;
}

function missing(evidence: Exclude<EvidenceView, { readonly kind: 'held' }>, when: string): Html {
  if (evidence.kind === 'none') return html`<p class="none">Not yet: comes with W8/W9 (${when}).</p>`;
  return html`<p class="bad">The evidence package of this stack cannot be shown: ${evidence.fault}</p>`;
}

function source({ document, digest, signer }: Extract<EvidenceView, { readonly kind: 'held' }>): Html {
  return html`<p>From the evidence package ${code(digest)}, signed by ${signer}, of the state at ${document.readback.read_at}.</p>`;
}
