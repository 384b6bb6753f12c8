/** A failure that a person can act on: what was seen, what was expected, what to run next. */
export class EngineFailure extends Error {
  constructor(code, { seen, expected, next, exitCode = 1, cause }) {
    super(`${code}: seen ${seen} expected ${expected}. Next: ${next}`, { cause });
    this.code = code;
    this.exitCode = exitCode;
  }
}

export const setupFailure = (details) => new EngineFailure('ERROR_ENGINE_SETUP', details);

/** Prints the failure without a stack, unless the environment asks for one, and ends the process. */
export function exitWith(error) {
  process.stderr.write(
    `${error instanceof EngineFailure && !process.env.C1_DEBUG ? error.message : (error.stack ?? error)}\n`,
  );
  process.exit(error instanceof EngineFailure ? error.exitCode : 1);
}
