import type { Json } from '../../domain/canonical.ts';
import { type Html, html } from '../html/html.ts';

/** As much of one value as the page shows: more than any text of a plan document has (domain/planning/shorten.ts). */
const LONGEST = 5_000;

/**
 * A value as JSON has it, so that a text and a number are told apart; a text of several lines stands as it is.
 *
 * @param where it is whole, for what is cut
 */
export function shownValue(value: Json, where: string): Html {
  const isLines = typeof value === 'string' && value.includes('\n');
  const text = isLines ? value : JSON.stringify(value, null, 1);
  const lines = isLines ? html`<span class="note">text of ${value.split('\n').length} lines</span><br>` : html``;
  return html`${lines}<span class="value">${visible(text.slice(0, LONGEST))}</span>${cut(text.length - LONGEST, text.length, where)}`;
}

function cut(left: number, length: number, where: string): Html {
  if (left <= 0) return html``;
  return html` <strong class="cut">… ${left} of ${length} characters are left out here: all of them are in the plan file (npx c1 plan --out plan.json), ${where}</strong>`;
}

/** Characters that show nothing, or turn the text around them, are spelled out. */
export function visible(text: string): string {
  return text.replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}]/gu, (one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`);
}
