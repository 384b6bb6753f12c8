import { readdir, readFile, readlink } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { C1_DOT_CODES, dotOf } from '../../domain/dots.ts';
import { approve, binFile, execute, liveCode, propose, restore, vote } from './support/registrar.ts';
import { codeOf, failure, failureOf, mustRun, printed } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

const STAGED = C1_DOT_CODES.map((code) => dotOf(code).bin);
const AWAITING = failure(3, 'HOLD_APR_AWAITING_QUORUM');

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial({ staged: false });
  await mustRun(trial, 'baseline', 'create');
});
afterAll(() => trial?.dispose());

const files = async () => (await readdir(trial.runtime.paths.bin)).toSorted();
const registrar = () => readFile(binFile(trial.runtime, 'dot-dot-register'));

describe('the way of a patch', () => {
  test('is proposed, approved by two owners, applied with its files, and taken back byte for byte', async () => {
    const { runtime } = trial;
    const [before, old] = [await files(), await registrar()];

    expect(codeOf(await propose(runtime, { flags: ['--dry-run'] }))).toBe('OK_PLANNED');
    expect(codeOf(await propose(runtime))).toBe('OK_APPLIED');
    expect(codeOf(await propose(runtime))).toBe('NOOP_ALREADY_THERE');

    const waiting = await execute(runtime);
    expect(failureOf(waiting)).toEqual(AWAITING);
    expect(waiting.stderr).toContain(`npx c1 apr approve ${await liveCode(runtime)} --as <owner>`);
    const dry = await execute(runtime, '--dry-run');
    expect(codeOf(dry)).toBe('OK_PLANNED');
    expect(printed(dry).message).toMatch(/^would dispatch: /);

    await vote(runtime, 'voter_owner_1');
    expect(failureOf(await execute(runtime))).toEqual(AWAITING);
    expect(await files()).toEqual(before);
    await vote(runtime, 'voter_owner_2');
    expect(codeOf(await execute(runtime))).toBe('OK_APPLIED');
    expect(codeOf(await execute(runtime))).toBe('NOOP_ALREADY_THERE');

    expect(await files()).toEqual([...before, 'dot-dot-register-c1-hardened', ...STAGED].toSorted());
    expect(await readlink(binFile(runtime, 'dot-dot-register-c1-hardened'))).toBe('dot-dot-register');
    expect((await registrar()).equals(old)).toBe(false);

    expect(codeOf(await restore(runtime))).toBe('OK_APPLIED');
    expect(codeOf(await restore(runtime))).toBe('NOOP_NOT_OURS');
    expect(await files()).toEqual(before);
    expect((await registrar()).equals(old)).toBe(true);
  });

  test('is a new request after a rollback, with votes of its own', async () => {
    const { runtime } = trial;
    expect(codeOf(await propose(runtime))).toBe('OK_APPLIED');
    expect(failureOf(await execute(runtime))).toEqual(AWAITING);
    await approve(runtime);
    expect(codeOf(await execute(runtime))).toBe('OK_APPLIED');
    expect(codeOf(await restore(runtime))).toBe('OK_APPLIED');
  });
});
