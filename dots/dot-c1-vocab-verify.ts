import { runUnbuiltBin } from './kernel/main.ts';

runUnbuiltBin('DOT_C1_VOCAB_VERIFY', 'Verifies a manifest against the grant and consumes the grant once.');
