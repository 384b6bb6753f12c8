import { Html, html } from './html.ts';
import { STYLE } from './style.ts';

export interface PageOptions {
  /** What this page needs beside the style that all share. */
  readonly style?: string;
  /** Address of a script, for a page that is served: it may then ask its own origin, and nobody else. */
  readonly script?: string;
}

/** A page that needs nothing else. */
export function page(title: string, body: Html, { style = '', script }: PageOptions = {}): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policyOf(script !== undefined)}">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Html(STYLE + style)}</style>
${script === undefined ? html`` : html`<script type="module" src="${script}"></script>`}
</head>
<body>
${body}
</body>
</html>
`.text;
}

/** What a page may load: its own style, and where it is served its own origin's script and answers. */
export function policyOf(isServed: boolean): string {
  const own = isServed ? "; script-src 'self'; connect-src 'self'" : '';
  return `default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'${own}`;
}
