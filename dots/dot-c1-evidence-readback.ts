import { runUnbuiltBin } from './kernel/main.ts';

runUnbuiltBin('DOT_C1_EVIDENCE_READBACK', 'Reads every C1 surface in one consistent snapshot.');
