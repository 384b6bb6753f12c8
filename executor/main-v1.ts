import { RELEASE_V1 } from './release-v1.ts';
import { runExecutor } from './run.ts';

// No await: the bundle is CommonJS.
void runExecutor(RELEASE_V1);
