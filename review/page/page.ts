import type { PlanDocument } from '../../domain/planning/document.ts';
import { code, Html, html, list, section, table } from '../html/html.ts';
import { page } from '../html/page.ts';
import { commandsOf } from '../plan/commands.ts';
import { differenceLine, operationsText, summaryOf } from '../plan/summary.ts';
import { whatChanges, whatUndoes } from './answers.ts';
import { type Parts, part } from './part.ts';
import { partsOf, sentences } from './parts.ts';
import { stateChip } from './state-chip.ts';
import { timeline } from './steps.ts';
import { REVIEW_STYLE } from './style.ts';
import type { ReviewView } from './view.ts';

/** Address of the script that keeps a served page up to date. */
export const SCRIPT = '/live.mjs';

const SECTIONS: readonly (readonly [id: string, title: string, of: (view: ReviewView, parts: Parts) => Html])[] = [
  ['surfaces', 'Before and after', (_, parts) => part(parts, 'surfaces', 'div')],
  ['steps', 'Steps', (view, parts) => timeline(parts, view)],
  ['approvals', 'Approvals', (_, parts) => part(parts, 'approvals', 'div')],
  ['commands', 'Commands to copy', ({ plan }) => commands(plan)],
  ['bad-inputs', 'Bad inputs', (_, parts) => part(parts, 'bad-inputs', 'div')],
  ['lifecycle', 'Lifecycle of the eight DOTs', (_, parts) => part(parts, 'lifecycle', 'div')],
  ['basis', 'What the plan stands on', ({ plan }) => basis(plan)],
];

/**
 * A plan for the owner who decides on it, on one page that needs nothing else (review.md, "The page").
 *
 * @param isServed by `c1 review --serve`, so that it may keep itself up to date
 */
export function reviewPage(view: ReviewView, isServed = false): string {
  const parts = partsOf(view);
  const { plan } = view;
  const title = `${plan.direction === 'apply' ? 'Plan' : 'Plan to take back'} of stack ${plan.stack}`;
  const body = html`<a class="skip" href="#answers">To the three answers</a>
<header>
${plan.label.length === 0 ? html`` : html`<p class="label" role="note">REHEARSAL on staging, no governed proof: ${plan.label.join(' ')}</p>`}
<h1>${title}</h1>
${part(parts, 'verdict', 'div')}
${plan.differences.length === 0 ? html`` : html`<p class="bad">Nobody planned this:</p>${list(plan.differences.map(differenceLine))}`}
${digest(plan)}
</header>
<main>
${answers(view, parts)}
<div class="read"${isServed ? new Html(' role="status"') : html``}>${part(parts, 'read', 'div')}${isServed ? served() : html``}</div>
<nav aria-label="Sections">${list(SECTIONS.map(([id, name]) => html`<a href="#${id}">${name}</a>`))}</nav>
${SECTIONS.map(([id, name, of]) => section(id, name, of(view, parts)))}
</main>`;
  return page(title, body, { style: REVIEW_STYLE, ...(isServed ? { script: SCRIPT } : {}) });
}

/** In groups of eight for the eye; copied it is one word. */
function digest({ direction, plan_digest, target, config }: PlanDocument): Html {
  const groups = (plan_digest.match(/.{1,8}/g) ?? []).map((group) => html`<span>${group}</span>`.text).join('');
  return html`<dl class="compare">
<dt>Plan digest</dt><dd><code class="digest">${new Html(groups)}</code></dd>
<dt>Compare</dt><dd>These 64 characters must be the same in what <code>npx c1 ${direction === 'apply' ? 'plan' : 'retire --plan'}</code> shows the operator, in the comment of the pull request, and in the file that you sign. If one differs, it is another plan: deny, and ask.</dd>
<dt>Target</dt><dd>${target.kind} runtime, database system ${code(target.system)}, database ${code(target.database)}${target.ssh_host_key === null ? '' : html`, host key ${code(target.ssh_host_key)}`}; through ${config.through}</dd>
</dl>`;
}

function answers({ plan }: ReviewView, parts: Parts): Html {
  return html`<section id="answers" class="answers" aria-label="Three answers" tabindex="-1">
<div><h2>What will change?</h2>${sentences(whatChanges(plan))}</div>
<div><h2>What would it take to undo it?</h2>${sentences(whatUndoes(plan))}</div>
<div><h2>Who has approved?</h2>${part(parts, 'approved', 'div')}</div>
</section>`;
}

/** Without scripts the page is as new as its last loading; no timer takes the reader's place from him. */
function served(): Html {
  return html`<noscript><p>Without scripts this page does not renew itself: <a href="/">read the state again</a>.</p></noscript>
<template id="lost">${stateChip('cannot be read')}</template><p id="connection"></p>`;
}

function commands(plan: PlanDocument): Html {
  const items = commandsOf(plan).map(
    ({ what, command }) =>
      html`<dt>${what}</dt><dd><pre class="command" tabindex="0" aria-label="${what}">${command}</pre></dd>`,
  );
  return html`<p>One click selects a whole line. <code>plan.json</code> is the plan document that you were given; put your own name behind <code>--as</code>.</p>
<dl class="commands">${items}</dl>`;
}

function basis(plan: PlanDocument): Html {
  const { source, ledger, versions, config, bins, release, resources } = plan;
  const named = (entries: Readonly<Record<string, string>>) =>
    Object.entries(entries).map(([name, sha256]) => ({ name, sha256 }));
  const columns = [
    { head: 'file', cell: ({ name }: { readonly name: string }) => name },
    { head: 'SHA-256', cell: ({ sha256 }: { readonly sha256: string }) => code(sha256) },
  ];
  return html`<dl>
<dt>Program</dt><dd>${source.files} files, digest ${code(source.digest)}</dd>
<dt>Handbook</dt><dd>${ledger.entries} entries, head ${ledger.head === null ? 'none' : code(ledger.head)}</dd>
<dt>Versions</dt><dd>${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}</dd>
<dt>Configuration</dt><dd>approvals ${config.approvals}, through ${config.through}, grant generation ${config.grant_generation}, expected manifest ${config.expected_manifest_hash ?? 'any'}</dd>
<dt>Engine</dt><dd>${resources.length} resources: ${operationsText(summaryOf(plan, [], plan.stack).operations)}</dd>
</dl>
<details><summary>Files of the DOT folder (${Object.keys(bins).length}) and of the release (${Object.keys(release).length})</summary>
${table('Files of the DOT folder', named(bins), columns)}
${table('Files of the release', named(release), columns)}
</details>`;
}
