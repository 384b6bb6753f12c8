import { checks } from '../evidence/page.ts';
import { badInputs } from '../evidence/page-sections.ts';
import { code, type Html, html, section, table } from '../html/html.ts';
import { page } from '../html/page.ts';
import type { DryRunDocument } from './document.ts';

const SECTIONS: readonly (readonly [id: string, title: string, of: (document: DryRunDocument) => readonly Html[]])[] = [
  ['checks', 'What was done, in this order', checks],
  ['build', 'The dry run', build],
  ['authorizations', 'Who authorized it', authorizations],
  ['bad-inputs', 'Bad inputs, once more', badInputs],
];

/** A dry run for people, on one page that needs nothing else. */
export function dryRunPage(document: DryRunDocument): string {
  const { label, verdict, stack, result } = document;
  const isHold = result.engineering !== 'PASS';
  const body = html`<header>
${label.length === 0 ? html`` : html`<p class="label" role="note">REHEARSAL on staging, no governed proof: ${label.join(' ')}</p>`}
<h1>Governed dry run of C1: stack ${stack}</h1>
<p class="verdict${isHold ? ' hold' : ''}">${verdict}</p>
${summary(document)}
</header>
<main>
${SECTIONS.map(([id, title, of]) => section(id, title, ...of(document)))}
</main>`;
  return page(`Governed dry run of C1: ${stack}`, body);
}

function summary({ result, evidence_digest, auth_code, began_at, ended_at }: DryRunDocument): Html {
  return html`<dl>
<dt>Engineering</dt><dd class="${result.engineering === 'PASS' ? 'good' : 'bad'}">${result.engineering}</dd>
<dt>Authority</dt><dd class="${result.authority === 'PASS' ? 'good' : 'bad'}">${result.authority}: ${result.authority_why}</dd>
<dt>Grant</dt><dd>${code(auth_code)}</dd>
<dt>Evidence</dt><dd>${code(evidence_digest)}</dd>
<dt>Time</dt><dd>${began_at} to ${ended_at}</dd>
</dl>
<p>Check this folder without a network: ${code('npx c1 evidence verify <folder> --key <public key of the signer>')}</p>`;
}

function build({ build: made }: DryRunDocument): readonly Html[] {
  if (made === null) return [html`<p class="none">It did not come to it.</p>`];
  const { operations, computations, seal, rows_before, rows_after } = made;
  return [
    html`<dl>
<dt>Operations</dt><dd>${operations}</dd>
<dt>Manifest</dt><dd>Node ${code(computations.node)}<br>PostgreSQL ${code(computations.postgresql)}<br>sha256sum ${code(computations.sha256sum)}</dd>
<dt>Seal</dt><dd>${seal}</dd>
<dt>Rows of the vocabulary</dt><dd>${rows_before} before, ${rows_after} after</dd>
</dl>`,
  ];
}

function authorizations({ authorizations: given }: DryRunDocument): readonly Html[] {
  return [
    table('Signed statements', given, [
      { head: 'kind', cell: ({ statement }) => statement.kind },
      { head: 'signer', cell: ({ statement }) => statement.signer },
      { head: 'until', cell: ({ statement }) => statement.expires_at },
      { head: 'over', cell: ({ statement }) => code(statement.evidence_digest) },
    ]),
  ];
}
