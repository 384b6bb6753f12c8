/** A failure that a person can act on: what was seen, what was expected, what to run next. */
export class EngineFailure extends Error {
  constructor(code, { seen, expected, next, exitCode = 1, cause }) {
    super(`${code}: seen ${seen} expected ${expected}. Next: ${next}`, { cause });
    this.code = code;
    this.exitCode = exitCode;
  }
}

export const setupFailure = (details) => new EngineFailure('ERROR_ENGINE_SETUP', details);

/** Prints what went wrong in one line, or with its stack when C1_DEBUG asks for it, and ends the process. */
export function exitWith(error) {
  const failure = error instanceof EngineFailure ? error : unexpected(error);
  process.stderr.write(`${process.env.C1_DEBUG ? error.stack : failure.message}\n`);
  process.exit(failure.exitCode);
}

const unexpected = (cause) =>
  setupFailure({
    seen: `"${cause.message}"`,
    expected: 'the setup to go through',
    next: 'mend what the message names, then npm run setup (C1_DEBUG=1 shows where it happened)',
    cause,
  });
