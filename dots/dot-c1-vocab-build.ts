import { runUnbuiltBin } from './kernel/main.ts';

runUnbuiltBin('DOT_C1_VOCAB_BUILD', 'Builds the cser-v1 manifest of the canonical operations, without writing.');
