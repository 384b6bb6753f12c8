/** What the whole program declares: written by hand, so that a resource or a row that comes or goes is noticed. */
export const RESOURCES = 153;
/** Live rows that all steps together bring, as the total of the preview's table. */
export const PLANNED_ROWS = 96;
/** Resources that the last `up` of a fresh runtime still creates: the mint and its component, ownership, gate. */
export const AFTER_LAST_VOTE = 4;

export const ALL_UNCHANGED = new RegExp(`\\b${RESOURCES} unchanged`);
export const ALL_TO_COME = new RegExp(`total +\\+${PLANNED_ROWS} +0 +\\+${PLANNED_ROWS}`);
