import { lookUp, startCommandPlugin } from './components/look-ups.ts';

// Both plugins start while the rest of the program loads.
startCommandPlugin();
const lookUps = lookUp();
const { runStack } = await import('./components/stack.ts');
await runStack(lookUps);
