import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CODE, createThrough, failure, failureOf, printed } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

const BIN = 'dot-species-map';
const SPECIES = 'gov-canonical-op-vocab';

let trial: Trial;
let before: string;
beforeAll(async () => {
  trial = await createTrial();
  await createThrough(trial, 'birth-dot-c1-vocab-build');
});
beforeEach(async () => {
  before = await trial.fingerprint();
});
afterAll(() => trial?.dispose());

const map = (...words: readonly string[]) => trial.runtime.bin(BIN, words);

describe('dot-species-map', () => {
  test('shows a species with its owner and what was born into it, and writes nothing', async () => {
    const answer = printed(await map('--cloud', '--species', SPECIES));
    expect(answer).toMatchObject({ code: 'OK_READ', mode: 'read', deltas: [], requestId: null });
    expect(answer.readback).toEqual({ species: [{ code: SPECIES, owner: 'c1', status: 'active', born: [CODE] }] });
    expect(await trial.fingerprint()).toBe(before);
  });

  test('shows every species in one line that Pulumi can take', async () => {
    const answer = await map('--cloud');
    expect(answer.stdout).toContain(SPECIES);
    expect(answer.stdout).toContain('dot-tool');
    expect(Buffer.byteLength(answer.stdout)).toBeLessThan(16 * 1024);
  });

  test('answers with an empty list for a species that is not there', async () => {
    expect(printed(await map('--cloud', '--species', 'gov-nobody')).readback).toEqual({ species: [] });
  });

  test('prints help and version without the database, and is unreachable in one line without it', async () => {
    await trial.withConfig({ port: 1 }, async () => {
      expect((await map('--help')).stdout).toContain(`$ ${BIN} --cloud`);
      expect((await map('--version')).stdout).toMatch(/^dot-species-map \d+\.\d+\.\d+ DOT_SPECIES_MAP$/);
      expect(failureOf(await map('--cloud'))).toEqual(failure(1, 'ERROR_RUNTIME_UNREACHABLE'));
    });
  });

  test('has no flags of a bin that writes', async () => {
    for (const words of [
      [],
      ['--cloud', '--dry-run'],
      ['--cloud', '--retire'],
      ['--cloud', '--for', 'a/b'],
      ['--cloud', 'x'],
    ]) {
      expect({ words, ...failureOf(await map(...words)) }).toEqual({ words, ...failure(64, 'ERROR_USAGE') });
    }
  });

  test('refuses a hostile name', async () => {
    for (const name of [`x'; drop table public.species; --`, 'a"b', 'a\nb', '../x', 'gоv', 'gov\u200b', '', '%']) {
      const refused = await map('--cloud', '--species', name);
      expect({ name, ...failureOf(refused) }).toEqual({ name, ...failure(1, 'ERROR_PAYLOAD_INVALID') });
    }
    expect(await trial.fingerprint()).toBe(before);
  });
});
