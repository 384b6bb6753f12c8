import { RELEASE } from './release.ts';
import { runExecutor } from './run.ts';

// No await: the bundle is CommonJS.
void runExecutor(RELEASE);
