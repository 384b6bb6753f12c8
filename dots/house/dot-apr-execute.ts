import { PATCH_ARM } from '../authority/patch-arm.ts';
import { runBin } from '../kernel/main.ts';

runBin(PATCH_ARM);
