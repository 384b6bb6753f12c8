import { htmlEscape } from 'escape-goat';

/** Text that is HTML already; everything else is escaped where it is put in. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | boolean | null | readonly Html[];

/** HTML from a template: what is put in is escaped, unless it is HTML itself. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((text, at) => text + textOf(parts[at] ?? '')).join(''));
}

function textOf(part: Part): string {
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map(({ text }: Html) => text).join('\n');
  return htmlEscape(String(part));
}

export interface Column<R> {
  readonly head: string;
  readonly cell: (row: R) => Part;
  /** Numbers stand at the right. */
  readonly isNumber?: boolean;
}

/** A table that scrolls by itself where the screen is narrow; a table without rows says so. */
export function table<R>(caption: string, rows: readonly R[], columns: readonly Column<R>[]): Html {
  if (rows.length === 0) return html`<p class="none">${caption}: none.</p>`;
  const attribute = ({ isNumber = false }: Column<R>) => new Html(isNumber ? ' class="number"' : '');
  const head = columns.map((column) => html`<th scope="col"${attribute(column)}>${column.head}</th>`);
  const body = rows.map(
    (row) => html`<tr>${columns.map((column) => html`<td${attribute(column)}>${column.cell(row)}</td>`)}</tr>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption} (${rows.length})</caption>
<thead><tr>${head}</tr></thead><tbody>
${body}
</tbody></table></div>`;
}

export function section(id: string, title: string, ...content: readonly Html[]): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${content}
</section>`;
}

export function list(items: readonly Part[]): Html {
  return html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;
}

export function code(text: string): Html {
  return html`<code>${text}</code>`;
}
