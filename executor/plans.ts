import type { Output } from './fixture.ts';

/** Plans by the text of everything that they are made of, so that the same rows are not worked through again. */
const plans = new Map<string, Output>();
/** Rows seldom change: what is kept is for the codes that are asked for, not for the past. */
const MOST = 16;

/**
 * What `make` gives for this text; it must depend on nothing else.
 *
 * @param text all that goes in; the rows are read anew for each request
 */
export function planFor(text: string, make: () => Output): Output {
  const known = plans.get(text);
  if (known !== undefined) return known;
  const made = make();
  if (plans.size >= MOST) plans.clear();
  plans.set(text, made);
  return made;
}
