import { startReader } from './components/reader.ts';
import { localTransport } from './components/transport.ts';

// The reader and both plugins start while the rest of the program loads: first what more is waiting for.
const reader = startReader(localTransport);
const { lookUp, startCommandPlugin } = await import('./components/look-ups.ts');
const lookUps = lookUp(startCommandPlugin());
const { runStack } = await import('./components/stack.ts');
/** HALT: the verdict for the reviewer, or the exact HOLD. */
export const { halt } = await runStack(reader, lookUps);
