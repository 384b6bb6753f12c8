import { runUnbuiltBin } from './kernel/main.ts';

runUnbuiltBin('DOT_C1_PREFLIGHT', 'Answers READY only when all eight readiness checks hold.');
