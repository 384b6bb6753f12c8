import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where builds and downloads are kept for every checkout of this user. */
export const cacheFolder = (env = process.env) =>
  join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'c1-target-state', 'engine');
