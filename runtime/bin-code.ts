/** What a bin is started with. */
export const START = 'start.cjs';
/** Beside it and Node: one file of bytecode for each bundle. */
export const CODE_FOLDER = 'code';
