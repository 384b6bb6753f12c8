import { lookUp, startCommandPlugin } from './components/look-ups.ts';

// Both plugins start while the rest of the program loads: first the one that more is waiting for.
const lookUps = lookUp(startCommandPlugin());
const { runStack } = await import('./components/stack.ts');
/** HALT: the verdict for the reviewer, or the exact HOLD. */
export const { halt } = await runStack(lookUps);
