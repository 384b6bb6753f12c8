/** What the whole program declares: written by hand, so that a resource or a row that comes or goes is noticed. */
export const RESOURCES = 165;
/** Live rows that all steps together bring, as the total of the preview's table. */
export const PLANNED_ROWS = 98;
/** Resources that the last `up` of a fresh runtime still creates: the mint and its component, ownership, gate, all of W8 and W9. */
export const AFTER_LAST_VOTE = 14;

/** Resources of a stack that goes through these steps and no further. */
export const RESOURCES_THROUGH = { W5: 139, W6: 144, W7: 153 } as const;

export const ALL_UNCHANGED = unchanged(RESOURCES);
export const ALL_TO_COME = new RegExp(`total +\\+${PLANNED_ROWS} +0 +\\+${PLANNED_ROWS}`);

/** Nothing but so many resources that stay as they are. */
export function unchanged(resources: number): RegExp {
  return new RegExp(`\\b${resources} unchanged`);
}
