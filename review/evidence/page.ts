import { code, type Html, html, list, section, table } from '../html/html.ts';
import { page } from '../html/page.ts';
import type { EvidenceDocument } from './document.ts';
import { approvals, badInputs, files, handbook, lifecycles, runs, steps, surfaces } from './page-sections.ts';

const SECTIONS: readonly (readonly [id: string, title: string, of: (document: EvidenceDocument) => readonly Html[]])[] =
  [
    ['checks', 'What was checked', checks],
    ['flags', 'Where it stands', flags],
    ['surfaces', 'Counters before and after', surfaces],
    ['steps', 'Steps', steps],
    ['runs', 'Every run of the journal', runs],
    ['bad-inputs', 'Bad inputs', badInputs],
    ['lifecycle', 'Lifecycle of the eight DOTs', lifecycles],
    ['approvals', 'Requests, votes and the grant', approvals],
    ['handbook', 'Handbook chain', handbook],
    ['files', 'Manifest, files and executor', files],
  ];

/** The evidence for people, on one page that needs nothing else: no script, no network, no file beside it. */
export function evidencePage(document: EvidenceDocument): string {
  const { label, verdict, readback } = document;
  const { stack } = readback.baseline;
  const isHold = document.result.engineering !== 'PASS';
  const body = html`<header>
${label.length === 0 ? html`` : html`<p class="label" role="note">REHEARSAL on staging, no governed proof: ${label.join(' ')}</p>`}
<h1>Evidence of C1 readiness: stack ${stack}</h1>
<p class="verdict${isHold ? ' hold' : ''}">${verdict}</p>
${summary(document)}
<nav aria-label="Sections">${list(SECTIONS.map(([id, title]) => html`<a href="#${id}">${title}</a>`))}</nav>
</header>
<main>
${SECTIONS.map(([id, title, of]) => section(id, title, ...of(document)))}
</main>`;
  return page(`Evidence of C1 readiness: ${stack}`, body);
}

function summary({ result, readback, order }: EvidenceDocument): Html {
  const { target } = readback.runtime;
  return html`<dl>
<dt>Engineering</dt><dd class="${result.engineering === 'PASS' ? 'good' : 'bad'}">${result.engineering}</dd>
<dt>Authority</dt><dd class="${result.authority === 'PASS' ? 'good' : 'bad'}">${result.authority}: ${result.authority_why}</dd>
<dt>Read at</dt><dd>${readback.read_at}, in one snapshot at position ${readback.runtime.journal_position} of the journal</dd>
<dt>Runtime</dt><dd>database system ${target.system}, database ${target.database}</dd>
<dt>Grant generation</dt><dd>${order.proven_for.grant_generation}</dd>
<dt>Evidence generation</dt><dd>${order.proven_for.evidence_generation}</dd>
<dt>Manifest</dt><dd>${readback.manifest.operations} operations, SHA-256 ${code(readback.manifest.hashes.node)}</dd>
<dt>Handbook</dt><dd>${readback.ledger.entries} entries, head ${code(readback.ledger.head)}</dd>
</dl>
<p>Check this folder without a network: ${code('npx c1 evidence verify <folder> --key <public key of the signer>')}</p>`;
}

export function checks({ checks: done }: Pick<EvidenceDocument, 'checks'>): readonly Html[] {
  return [
    html`<p>A check that was not executed is no pass, and a pass of nothing is none: each has the count of what it looked at.</p>`,
    table('Checks', done, [
      { head: 'check', cell: ({ name }) => name },
      {
        head: 'result',
        cell: ({ outcome }) => html`<span class="${outcome === 'passed' ? 'good' : 'bad'}">${outcome}</span>`,
      },
      { head: 'looked at', cell: ({ checked }) => checked, isNumber: true },
      { head: 'seen', cell: ({ seen }) => seen },
      { head: 'repeat', cell: ({ repeat }) => code(repeat) },
    ]),
  ];
}

function flags({ flags: known, preflight }: EvidenceDocument): readonly Html[] {
  return [
    table('Flags', Object.entries(known), [
      { head: 'flag', cell: ([name]) => code(name) },
      { head: 'now', cell: ([, value]) => value },
    ]),
    table('Preflight', preflight, [
      { head: 'check', cell: ({ number, name }) => `${number} ${name}`, isNumber: false },
      {
        head: 'result',
        cell: ({ ok }) => html`<span class="${ok ? 'good' : 'bad'}">${ok ? 'holds' : 'does not hold'}</span>`,
      },
      { head: 'expected', cell: ({ expected }) => expected },
      { head: 'seen', cell: ({ seen }) => seen },
    ]),
  ];
}
