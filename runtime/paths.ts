import path from 'node:path';

/** The checkout that this code belongs to. */
export const CHECKOUT = path.dirname(import.meta.dirname);

/** Where every file of one embedded runtime lives; all of it below one folder. */
export interface StatePaths {
  readonly state: string;
  readonly lock: string;
  /** Host, port, database and reader: what the launcher and the program need. */
  readonly connection: string;
  readonly secrets: string;
  readonly postgres: string;
  readonly data: string;
  readonly log: string;
  /** `opt/incomex/dot`, the stand-in for the folder of that name on the governed host. */
  readonly dot: string;
  readonly bin: string;
  readonly lib: string;
  /** What a build brings for staging; nobody runs files from here. */
  readonly release: string;
  /** The executor's folder: releases, which is in use, and its deploy (executor/deploy/folder.ts). */
  readonly executor: string;
  readonly config: string;
  /** Folder of the read-only reader, which is no DOT and so lives apart from the bins. */
  readonly reader: string;
  readonly build: string;
}

/** @param stateDir absolute or relative; the result is absolute. */
export function statePaths(stateDir: string): StatePaths {
  const state = path.resolve(stateDir);
  const postgres = path.join(state, 'postgres');
  const dot = path.join(state, 'opt', 'incomex', 'dot');
  return {
    state,
    lock: path.join(state, 'runtime.lock'),
    connection: path.join(state, 'connection.json'),
    secrets: path.join(state, 'secrets'),
    postgres,
    data: path.join(postgres, 'data'),
    log: path.join(postgres, 'server.log'),
    dot,
    bin: path.join(dot, 'bin'),
    lib: path.join(dot, 'lib'),
    release: path.join(dot, 'release'),
    executor: path.join(state, 'opt', 'incomex', 'executor'),
    config: path.join(dot, 'config', 'runtime.json'),
    reader: path.join(state, 'bin'),
    build: path.join(state, 'build'),
  };
}

/** `C1_STATE_DIR`, else `.c1` in the checkout. */
export function stateDirOf(env: NodeJS.ProcessEnv): string {
  const chosen = env.C1_STATE_DIR;
  return path.resolve(chosen === undefined || chosen === '' ? path.join(CHECKOUT, '.c1') : chosen);
}
