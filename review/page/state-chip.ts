import { Html, html } from '../html/html.ts';
import type { RowState, StepState } from '../plan/step-state.ts';

/** A drawing for each state, so that none is told by its colour alone; the word stands beside it. */
const DRAWINGS: Readonly<Record<StepState, string>> = {
  planned: '<circle cx="8" cy="8" r="5.5"/>',
  approved: '<circle cx="8" cy="8" r="5.5"/><path d="M5 8.2 7.2 10.4 11 6"/>',
  'under way': '<circle cx="8" cy="8" r="5.5"/><path d="M8 8V2.5A5.5 5.5 0 0 1 8 13.500z" fill="currentColor"/>',
  applied:
    '<circle cx="8" cy="8" r="6.2" fill="currentColor"/><path d="M4.800 8.200 7.200 10.600 11.400 5.800" stroke="var(--paper)" stroke-width="2"/>',
  held: '<path d="M5.500 3v10M10.500 3v10" stroke-width="2.800"/>',
  retired: '<path d="M6 3.500 2.500 7 6 10.500M3 7h6.500a3 3 0 0 1 0 6H7"/>',
  denied: '<path d="M3.500 3.500l9 9M12.500 3.500l-9 9" stroke-width="2.400"/>',
  'cannot be read': '<path d="M5.500 6a2.600 2.600 0 1 1 3.700 2.400C8.300 8.900 8 9.400 8 10.300M8 12.800v.400"/>',
};

export function stateChip(state: StepState): Html {
  const drawing = new Html(
    `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false" fill="none" stroke="currentColor" stroke-width="1.600">${DRAWINGS[state]}</svg>`,
  );
  return html`<span class="chip" data-state="${state}">${drawing} ${state}</span>`;
}

const ROW_WORDS: Readonly<Record<RowState, string>> = {
  'to come': 'to come',
  done: 'done',
  'taken back': 'taken back since',
  begun: 'begun, not committed',
  other: 'other rows than planned here',
  'no change': 'nothing to do',
  'not journalled': 'in no journal',
  unread: 'cannot be read',
};

export function rowChip(state: RowState): Html {
  return html`<span class="mark" data-row="${state}">${ROW_WORDS[state]}</span>`;
}
