import { join } from 'node:path';
import { dotFolder } from '../kernel/main.ts';

/** Where a bin finds what is no row. */
export interface Places {
  /** The folder of runnable DOTs. */
  readonly bins: string;
  /** The folder of the executor. */
  readonly executor: string;
}

/** Beside the bin that runs. */
export function placesOfBin(): Places {
  const bins = dotFolder();
  return { bins, executor: join(bins, '..', '..', 'executor') };
}
