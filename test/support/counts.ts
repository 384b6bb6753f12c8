/** What the whole program declares: written by hand, so that a resource or a row that comes or goes is noticed. */
export const RESOURCES = 159;
/** Live rows that all steps together bring, as the total of the preview's table. */
export const PLANNED_ROWS = 96;
/** Resources that the last `up` of a fresh runtime still creates: the mint and its component, ownership, gate, all of W8. */
export const AFTER_LAST_VOTE = 9;

export const ALL_UNCHANGED = new RegExp(`\\b${RESOURCES} unchanged`);
export const ALL_TO_COME = new RegExp(`total +\\+${PLANNED_ROWS} +0 +\\+${PLANNED_ROWS}`);
