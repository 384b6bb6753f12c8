import { readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { BinResult } from '../../support/runtime.ts';
import {
  binFile,
  binFolder,
  execute,
  must,
  proposeApproved,
  restore,
  type SmallPatch,
  smallOrder,
  withdraw,
} from './registrar.ts';
import { codeOf, failure, failureOf, mustRun } from './rows.ts';
import { createTrial, type Trial } from './trial.ts';

export const NAME = 'dot-dot-register';
export const EXTRA = 'dot-c1-preflight';
export const extra = (head = '# DOT-CODE: DOT_C1_PREFLIGHT\n') => `#!/bin/sh\n${head}exit 0\n`;
export const STAGED = { [EXTRA]: ['DOT_C1_PREFLIGHT', extra()] } as const;

/** A trial in which each test patches the registrar with a small file, and after which everything is as before. */
export class PatchTrial {
  trial!: Trial;
  /** The order under test, which is closed after it. */
  order: unknown;
  /** The file that is replaced. */
  replaced!: Buffer;
  #start: Readonly<Record<string, string>> = {};

  static forEachTest(): PatchTrial {
    const made = new PatchTrial();
    beforeAll(() => made.#open());
    afterEach(() => made.#close());
    afterAll(() => made.trial?.dispose());
    return made;
  }

  async #open(): Promise<void> {
    this.trial = await createTrial({ staged: false });
    await mustRun(this.trial, 'baseline', 'create');
    this.#start = await binFolder(this.runtime);
    this.replaced = await readFile(this.file(NAME));
  }

  async #close(): Promise<void> {
    must(await restore(this.runtime));
    must(await withdraw(this.runtime, this.order));
    expect(await binFolder(this.runtime)).toEqual(this.#start);
  }

  get runtime() {
    return this.trial.runtime;
  }

  readonly file = (name: string) => binFile(this.runtime, name);
  readonly inRelease = (name: string) => join(this.runtime.paths.release, name);

  async approved(patch: SmallPatch): Promise<void> {
    this.order = await smallOrder(this.runtime, patch);
    await proposeApproved(this.runtime, this.order);
  }

  /** Refused with the code, and neither a row nor a file moved, but for the intent of the run. */
  async refused(
    exitCode: number,
    code: string,
    act: () => Promise<BinResult> = () => execute(this.runtime),
  ): Promise<string> {
    const before = await this.state();
    const answer = await act();
    expect([answer.stderr, failureOf(answer)]).toEqual([answer.stderr, failure(exitCode, code)]);
    expect(await this.state()).toEqual(before);
    return answer.stderr;
  }

  async taken(act: () => Promise<BinResult> = () => execute(this.runtime)): Promise<void> {
    const answer = await act();
    expect([answer.stderr, codeOf(answer)]).toEqual([answer.stderr, 'OK_APPLIED']);
  }

  async state() {
    return { rows: await this.trial.fingerprint({ intents: false }), files: await binFolder(this.runtime) };
  }
}

export async function rewrite(place: string, text: string | Buffer): Promise<void> {
  await rm(place, { force: true, recursive: true });
  await writeFile(place, text, { mode: 0o555 });
}

/** The same content behind a symbolic link. */
export async function linked(place: string): Promise<void> {
  await rename(place, `${place}.real`);
  await symlink(`${place}.real`, place);
}

export async function unlinked(place: string): Promise<void> {
  await rm(place);
  await rename(`${place}.real`, place);
}
