import { runUnbuiltBin } from './kernel/main.ts';

runUnbuiltBin('DOT_C1_ROLLBACK_CHECK', 'Proves, read-only, that every retire path exists and would work.');
