import { refOf } from '../../domain/deltas.ts';
import type { JournalRun } from '../../domain/readiness/readback.ts';
import { code, type Html, html, list, table } from '../html/html.ts';
import type { EvidenceDocument } from './document.ts';

type Sections = (document: EvidenceDocument) => readonly Html[];

export const surfaces: Sections = ({ readback }) => {
  const most = Math.max(1, ...readback.surfaces.map(({ before, observed }) => Math.max(before, observed)));
  const width = (count: number) => Math.round((count / most) * 100);
  return [
    table('Surfaces', readback.surfaces, [
      { head: 'surface', cell: ({ surface }) => surface },
      { head: 'before', cell: ({ before }) => before, isNumber: true },
      { head: 'planned', cell: ({ planned }) => signed(planned), isNumber: true },
      { head: 'applied', cell: ({ applied }) => signed(applied), isNumber: true },
      { head: 'after', cell: ({ observed }) => observed, isNumber: true },
      {
        head: 'of the largest',
        cell: ({ observed }) => html`<span class="bar" style="width: ${width(observed)}%" aria-hidden="true"></span>`,
      },
      { head: 'rows not ours', cell: unmoved },
    ]),
  ];
};

function unmoved({ digest_before, digest_undone }: EvidenceDocument['readback']['surfaces'][number]): Html {
  if (digest_before === null) return html`<span class="none">outside of the database</span>`;
  const same = digest_before === digest_undone;
  return html`<span class="${same ? 'good' : 'bad'}">${same ? 'unchanged' : 'changed'}</span>`;
}

export const steps: Sections = ({ order, readback }) =>
  order.steps.map((step) => {
    const own = readback.steps.find((one) => one.step === step.id);
    const rows = Object.entries(own?.applied ?? {}).map(([surface, count]) => `${surface} ${signed(count)}`);
    return html`<h3>${step.id} ${step.title}</h3>
<p>${step.goal}</p>
<dl>
<dt>Commands</dt><dd>${list(step.commands.map(code))}</dd>
<dt>Applied</dt><dd>${own === undefined ? 'no run' : `${own.runs} runs`}${rows.length === 0 ? '' : `: ${rows.join(', ')}`}</dd>
<dt>Readback</dt><dd>${step.readback}</dd>
<dt>Retire</dt><dd>${list(step.retires.map(code))}</dd>
<dt>Blast radius</dt><dd>${step.blast_radius}</dd>
<dt>Stops</dt><dd>${list([...step.stops])}</dd>
<dt>Attack that fails</dt><dd>${step.attack}</dd>
<dt>Definition</dt><dd>${code(order.proven_for.definitions[step.id] ?? 'none')}</dd>
</dl>`;
  });

export const runs: Sections = ({ readback }) => [
  table('Runs', readback.runs, [
    { head: 'at', cell: ({ position }) => position ?? '', isNumber: true },
    { head: 'step', cell: ({ step }) => step },
    { head: 'DOT', cell: ({ bin, direction }) => html`${bin}<br>${direction}` },
    {
      head: 'result',
      cell: ({ code: said }) => html`<span class="${said === null ? 'bad' : 'good'}">${said ?? 'not committed'}</span>`,
    },
    { head: 'rows', cell: deltasOf },
    { head: 'request', cell: ({ request_id }) => code(request_id.slice(0, 12)) },
  ]),
];

function deltasOf({ deltas }: JournalRun): Html {
  return list(deltas.map((delta) => html`${delta.op} ${code(refOf(delta))}`));
}

export const badInputs = ({ bad_inputs }: Pick<EvidenceDocument, 'bad_inputs'>): readonly Html[] => [
  html`<p>Each was refused with its code, and the same request made good was accepted.</p>
<ol class="grid">${bad_inputs.map(
    ({ number, name, code: said, refused, accepted, repeat }) =>
      html`<li><strong>${number} ${name}</strong><br>${code(said)}<br>${refused} refused, ${accepted} made good and accepted<br>${code(repeat)}</li>`,
  )}</ol>`,
];

export const lifecycles: Sections = ({ readback: { lifecycle } }) => [
  table('Lifecycle proofs', lifecycle.dots, [
    { head: 'DOT', cell: ({ dot_code }) => code(dot_code) },
    { head: 'why no other', cell: ({ reuse_reason }) => reuse_reason ?? 'missing' },
    {
      head: 'birth',
      cell: ({ birth }) => (birth === null ? 'missing' : `${birth.species} by ${birth.born_by}: ${birth.path}`),
    },
    {
      head: 'admission',
      cell: ({ admission }) => (admission === null ? 'missing' : `${admission.authority}: ${admission.path}`),
    },
    { head: 'registration', cell: ({ registration }) => registration?.path ?? 'missing' },
    { head: 'catalogue', cell: ({ catalogue }) => `${catalogue.counted ?? 'no count'} of ${catalogue.live}` },
    {
      head: 'handbook',
      cell: ({ ledger }) => `${ledger.admission?.seq ?? 'missing'}, ${ledger.registration?.seq ?? 'missing'}`,
    },
    { head: 'retire', cell: ({ retire_path }) => retire_path ?? 'missing' },
  ]),
  html`<p>Orphans: ${lifecycle.orphans.length === 0 ? 'none' : lifecycle.orphans.join(', ')}.</p>`,
];

export const approvals: Sections = ({ readback }) => [
  table('Requests', readback.approvals.requests, [
    { head: 'request', cell: ({ apr_code }) => code(apr_code) },
    { head: 'asks for', cell: ({ action_code, risk_class }) => `${action_code}, risk ${risk_class}` },
    { head: 'by', cell: ({ proposer }) => proposer },
    { head: 'status', cell: ({ status, quorum }) => `${status}, ${quorum ? 'with' : 'without'} quorum` },
    {
      head: 'votes',
      cell: ({ votes }) => list(votes.map(({ voter, decision, at }) => `${decision} by ${voter}, ${at}`)),
    },
  ]),
  table(
    'Grants',
    readback.grants,
    columnsOf(['auth_code', 'status', 'single_use', 'granted_at', 'expires_at', 'request_ref']),
  ),
  table(
    'Contracts',
    readback.contracts,
    columnsOf(['dot_code', 'role', 'mode', 'contract_status', 'no_mutation_assertion']),
  ),
  table('Ownership', readback.ownership, columnsOf(['object', 'owner', 'authority', 'status'])),
];

function columnsOf(names: readonly string[]) {
  return names.map((name) => ({
    head: name,
    cell: (row: Readonly<Record<string, unknown>>) => {
      const value = row[name] ?? '';
      return typeof value === 'string' ? value : JSON.stringify(value);
    },
  }));
}

export const handbook: Sections = ({ readback: { ledger } }) => [
  table('Entries', ledger.chain, [
    { head: 'entry', cell: ({ seq }) => seq, isNumber: true },
    { head: 'subject', cell: ({ subject }) => subject },
    { head: 'kind', cell: ({ entry_kind, direction }) => `${entry_kind}, ${direction}` },
    { head: 'DOT', cell: ({ dot_code }) => dot_code },
    { head: 'hash', cell: ({ entry_hash }) => code(entry_hash) },
  ]),
];

export const files: Sections = ({ readback: { manifest, executor, gates, bins, tools, runtime } }) => [
  html`<dl>
<dt>Manifest</dt><dd>Node ${code(manifest.hashes.node)}<br>PostgreSQL ${code(manifest.hashes.postgresql)}<br>sha256sum ${code(manifest.hashes.sha256sum)}</dd>
<dt>Executor</dt><dd>${executor.release}, ${code(executor.digest)}</dd>
<dt>Gates</dt><dd>dry_run_only=${gates.dry_run_only}, execute_enabled=${gates.execute_enabled}, real_run_enabled=${gates.real_run_enabled}</dd>
<dt>Guards</dt><dd>${code(runtime.guard.seen)}</dd>
</dl>`,
  table('Tools of C1', tools, [
    { head: 'code', cell: ({ code: name }) => name },
    { head: 'file', cell: ({ file }) => file },
    { head: 'SHA-256 of the file', cell: ({ file_sha256 }) => code(file_sha256) },
  ]),
  table('Files of the DOT folder', bins, [
    { head: 'file', cell: ({ file }) => file },
    { head: 'SHA-256', cell: ({ sha256 }) => code(sha256) },
  ]),
];

function signed(count: number | null): string {
  if (count === null) return 'not said';
  return count > 0 ? `+${count}` : String(count);
}
