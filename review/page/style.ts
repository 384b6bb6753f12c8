/** What the review page needs beside the style of every page. No colour says anything that a word does not say as well. */
export const REVIEW_STYLE = `
.skip { position: absolute; left: .5rem; top: -4rem; padding: .5rem .75rem; background: var(--paper); border: 2px solid currentColor; z-index: 1; }
.skip:focus { top: .5rem; }
summary:focus-visible, pre:focus-visible, .answers:focus-visible { outline: 3px solid var(--bar); outline-offset: 2px; }
.digest { font-size: 1rem; line-height: 1.7; } .digest span { margin-right: .6ch; white-space: nowrap; } .digest span:nth-child(even) { text-decoration: underline; text-underline-offset: .25em; text-decoration-thickness: 1px; }
.compare { margin: 1rem 0; }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1rem; margin: 1.5rem 0; }
.answers > div { border: 1px solid var(--line); border-top: .3rem solid var(--bar); padding: .25rem 1rem .75rem; background: var(--soft); }
.answers h2 { margin: .5rem 0; border: 0; font-size: 1.1rem; } .answers p { margin: .5rem 0; }
.read { color: var(--faint); } .read p { margin: .25rem 0; } #connection:not(:empty) { color: var(--bad); font-weight: 600; }
.timeline { list-style: none; margin: 1rem 0; padding: 0 0 0 1rem; border-left: 3px solid var(--line); } .timeline > li { margin: .5rem 0; }
summary { cursor: pointer; } .step > summary { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .75rem; padding: .4rem .6rem; background: var(--soft); border: 1px solid var(--line); }
.step > summary::before { content: "+"; font: 1rem/1 ui-monospace, monospace; width: 1ch; } .step[open] > summary::before { content: "-"; }
.step > summary h3 { margin: 0; font-size: 1rem; } .step .count { color: var(--faint); margin-left: auto; }
.step[open] { padding-bottom: 1.5rem; } .goal { font-weight: 600; } .step > dl, .row > dl { margin: .5rem 0 1rem; } .step dl ul { margin: 0; padding-left: 1.2rem; }
.chip { display: inline-flex; align-items: center; gap: .35rem; padding: .05rem .5rem; border: 1px solid currentColor; border-radius: 1rem; background: var(--paper); white-space: nowrap; font-size: .9rem; }
.chip[data-state="applied"], .chip[data-state="approved"] { color: var(--good); } .chip[data-state="denied"], .chip[data-state="held"], .chip[data-state="cannot be read"] { color: var(--bad); font-weight: 600; }
.row { margin: .4rem 0; padding-left: .75rem; border-left: 2px solid var(--line); } .row[open] { padding-bottom: 1rem; }
.refs ul { margin: 0; padding-left: 1.6rem; list-style: none; font: .85em/1.5 ui-monospace, monospace; color: var(--faint); } .row[open] > summary .refs { display: none; }
.mark { color: var(--faint); } .mark[data-row="done"] { color: var(--good); } .mark[data-row="begun"], .mark[data-row="other"], .mark[data-row="unread"] { color: var(--bad); font-weight: 600; }
.value { font: .85em/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; } .cut { display: block; } .note { color: var(--faint); font-size: .9rem; margin: .25rem 0; }
.picture, .legend span { display: inline-flex; height: .9rem; } .picture { width: 100%; min-width: 7rem; border: 1px solid var(--line); } .legend span { width: 1.5rem; margin-left: .75rem; vertical-align: middle; border: 1px solid var(--line); }
.legend { margin: .25rem 0 1rem; color: var(--faint); font-size: .9rem; } .stay { background: var(--bar); } .add { background: repeating-linear-gradient(135deg, var(--ink) 0 2px, transparent 2px 5px); } .go { background: repeating-linear-gradient(90deg, var(--bad) 0 1px, transparent 1px 5px); }
.command { margin: 0; padding: .5rem .75rem; background: var(--soft); border: 1px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; font: .9em/1.4 ui-monospace, monospace; }
.commands dt { margin-top: .4rem; }
@media (max-width: 40rem) { .step .count { margin-left: 0; } .timeline { padding-left: .5rem; } .row { padding-left: .4rem; } }
@media print { .answers { grid-template-columns: repeat(3, 1fr); gap: .5rem; } .answers > div { padding: .25rem .5rem; } .skip, #connection, noscript { display: none; } details::details-content { content-visibility: visible; display: block; block-size: auto; } .step > summary::before { content: ""; }
  .stay { background: #777; print-color-adjust: exact; } .add, .go { print-color-adjust: exact; } .step > summary, .answers > div, .row > summary { break-inside: avoid; break-after: avoid; } .chip { border-color: #000; } .row[open] > summary .refs, .refs { display: block; } }
`;
