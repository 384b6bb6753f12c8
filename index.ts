import { runStack } from './components/stack.ts';

await runStack();
