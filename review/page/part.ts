import { Html, html } from '../html/html.ts';

/** Parts of the page that change while an `up` runs, by name: made once, and put both into the page and into each update. */
export type Parts = ReadonlyMap<string, Html>;

/** Where a part stands. Only its content is ever replaced, so that the reader keeps his place. */
export function part(parts: Parts, name: string, tag: 'span' | 'div' = 'span'): Html {
  const content = parts.get(name);
  if (content === undefined) throw new TypeError(`no part ${name} of the page`);
  const element = new Html(tag);
  return html`<${element} data-part="${name}">${content}</${element}>`;
}
