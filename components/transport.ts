/**
 * Where a command runs. The embedded runtime's bins are called in place, by relative path; the governed host's will be
 * called through SSH, which is the other implementation of this one seam.
 */
export interface Transport {
  /** Folder that the DOT bins are called in, relative to the program. */
  readonly dotFolder: string;
  /** Folder of the executor's deploy, which is no DOT. */
  readonly executorFolder: string;
  /** Folder of c1-reader, which is no DOT and is never staged. */
  readonly readerFolder: string;
  /** `dot-x --cloud` as the shell of that folder runs it. */
  readonly call: (command: string) => string;
}

export const localTransport: Transport = {
  dotFolder: '.c1/opt/incomex/dot/bin',
  executorFolder: '.c1/opt/incomex/executor/bin',
  readerFolder: '.c1/bin',
  call: (command) => `./${command}`,
};
