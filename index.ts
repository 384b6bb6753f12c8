import { lookUp, startCommandPlugin } from './components/look-ups.ts';

// Both plugins start while the rest of the program loads.
startCommandPlugin();
const lookUps = lookUp();
const { runStack } = await import('./components/stack.ts');
/** HALT: the verdict for the reviewer, or the exact HOLD. */
export const { halt } = await runStack(lookUps);
