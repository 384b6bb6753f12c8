/** Light and dark by what the reader's system says; on paper black on white; one column on a phone. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --faint: #57606a; --line: #d0d7de; --soft: #f3f5f7;
  --good: #0a5c2b; --bad: #a40e26; --warn-ink: #5c3c00; --warn: #fff3d1; --bar: #2f6fd0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --faint: #a3adb8; --line: #3a424c; --soft: #161b22;
  --good: #5dd47f; --bad: #ff8a8f; --warn-ink: #ffe2a0; --warn: #3a2b00; --bar: #6ea8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 0 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); } h3 { margin-bottom: .25rem; }
a { color: inherit; } a:focus-visible, .scroll:focus-visible { outline: 3px solid var(--bar); outline-offset: 2px; }
.label { margin: 1rem 0; padding: .75rem 1rem; background: var(--warn); color: var(--warn-ink); border: 2px solid currentColor; font-weight: 600; }
.verdict { padding: .75rem 1rem; border-left: .4rem solid var(--good); background: var(--soft); font-size: 1.15rem; font-weight: 600; }
.verdict.hold { border-color: var(--bad); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; list-style: none; }
dl { display: grid; grid-template-columns: minmax(10rem, max-content) 1fr; gap: .25rem 1rem; } dt { color: var(--faint); } dd { margin: 0; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; color: var(--faint); padding: .5rem 0; } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { background: var(--soft); } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code, .hash { font: .85em/1.4 ui-monospace, monospace; } td code { overflow-wrap: anywhere; }
.good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; } .none { color: var(--faint); }
.bar { display: block; height: .5rem; min-width: 1px; background: var(--bar); }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .5rem; padding: 0; list-style: none; }
.grid li { border: 1px solid var(--line); padding: .5rem .6rem; background: var(--soft); }
@media (max-width: 40rem) { body { padding: 0 .75rem 3rem; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
@media print { :root { color-scheme: light; --ink: #000; --paper: #fff; --faint: #333; --line: #999; --soft: #fff; --good: #000; --bad: #000;
  --warn: #fff; --warn-ink: #000; } body { max-width: none; font-size: 10pt; } nav { display: none; } .scroll { overflow: visible; } th, td { overflow-wrap: anywhere; }
  tr, .grid li { break-inside: avoid; } h2, h3 { break-after: avoid; } }
`;
