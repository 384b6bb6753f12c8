import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Everything that a run leaves behind, ignored by git. */
export const stateFolder = (env = process.env) => (env.C1_STATE_DIR ? resolve(env.C1_STATE_DIR) : resolve(root, '.c1'));
