import { runUnbuiltBin } from './kernel/main.ts';

runUnbuiltBin('DOT_C1_BAD_INPUT_HARNESS', 'Sends the 24 bad inputs and their good halves through the real routes.');
