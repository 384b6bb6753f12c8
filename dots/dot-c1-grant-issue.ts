import { runUnbuiltBin } from './kernel/main.ts';

runUnbuiltBin('DOT_C1_GRANT_ISSUE', 'Proposes the request that a build grant is minted from; never inserts one.');
