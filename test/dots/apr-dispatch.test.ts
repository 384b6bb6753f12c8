import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { HANDLER_NAME, HANDLER_VERSION } from '../../domain/handler.ts';
import type { BinResult } from '../support/runtime.ts';
import { rewrite } from './support/patch-trial.ts';
import { approve, binFile, binFolder, must, propose } from './support/registrar.ts';
import { failure, failureOf, mustRun } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

/** Two runtimes in step: on one `dot-apr-execute` is v2.2.0, on the other the file that H1 brings. */
const BIN = 'dot-apr-execute';
let old: Trial;
let patched: Trial;
const both = () => [old, patched] as const;

beforeAll(async () => {
  [old, patched] = await Promise.all([createTrial({ staged: false }), createTrial({ staged: false })]);
  await rewrite(binFile(patched.runtime, BIN), await readFile(builtFile(HANDLER_NAME)));
  for (const trial of both()) await mustRun(trial, 'baseline', 'create');
});
afterAll(() => Promise.all([old?.dispose(), patched?.dispose()]));

function builtFile(name: string): string {
  return join(inject('testServer').buildFolder, name);
}

/** The same command line on both, in a runtime of the same rows. */
async function onBoth(line: string): Promise<readonly [BinResult, BinResult]> {
  const words = line.split(' ').filter((word) => word !== '');
  const [first, second] = await Promise.all(both().map(({ runtime }) => runtime.bin(BIN, words)));
  if (first === undefined || second === undefined) throw new Error('two answers');
  return [first, second];
}

/** What both say, with the one version read as the other. */
async function alike(line: string): Promise<BinResult> {
  const [first, second] = await onBoth(line);
  const asOld = (text: string) => text.replaceAll(`"version":"${HANDLER_VERSION}"`, '"version":"2.2.0"');
  expect([line, { ...second, stdout: asOld(second.stdout) }]).toEqual([line, first]);
  return first;
}

const OWN = '--cloud --step W1 --for trial/registrar';

describe('v2.3.0 answers byte for byte as v2.2.0, but for its version', () => {
  test.each([
    '',
    '--cloud',
    OWN,
    `${OWN} --patch DOT-REGISTER --restore DOT-REGISTER`,
    `${OWN} --patch DOT-REGISTER --patch DOT-REGISTER`,
    `${OWN} --patch dot-register`,
    `${OWN} --patch APR-2025-0012`,
    `${OWN} --restore ../x`,
    `${OWN} --patch`,
    `${OWN} --patch DOT-REGISTER --force`,
    `${OWN} --patch DOT-REGISTER stray`,
    '--step W1 --for trial/registrar --patch DOT-REGISTER',
    '--cloud --step X1 --for trial/registrar --patch DOT-REGISTER',
    '--cloud --step W1 --for trial --patch DOT-REGISTER',
    `${OWN} --patch DOT-999`,
    `${OWN} --patch DOT-999 --json`,
    `${OWN} --patch DOT-310 --dry-run`,
    `${OWN} --patch DOT-REGISTER`,
    `${OWN} --restore DOT-999`,
    `${OWN} --restore DOT-REGISTER`,
    `--status ${'0'.repeat(64)}`,
    '--status x',
  ])('to %j', async (line) => {
    await alike(line);
  });

  test('through the life of a patch: asked for, dry, without quorum, applied, again, moved, taken back', async () => {
    for (const { runtime } of both()) must(await propose(runtime));
    const dry = await alike(`${OWN} --patch DOT-REGISTER --dry-run`);
    expect(dry.stdout).toContain('would dispatch');
    expect((await alike(`${OWN} --patch DOT-REGISTER`)).stderr).toContain('HOLD_APR_AWAITING_QUORUM');
    for (const { runtime } of both()) await approve(runtime);
    const applied = await alike(`${OWN} --patch DOT-REGISTER`);
    expect(applied.stderr).toContain('OK_APPLIED');
    const { requestId } = JSON.parse(applied.stdout) as { requestId: string };
    for (const line of [
      `--status ${requestId}`,
      `${OWN} --patch DOT-REGISTER`,
      `${OWN} --patch DOT-REGISTER --dry-run`,
      '--cloud --step W1 --for other/registrar --patch DOT-REGISTER',
      '--cloud --step W1 --for trial/moved --patch DOT-REGISTER',
      '--cloud --step W1 --for trial/other --restore DOT-REGISTER',
      '--cloud --step W1 --for trial/moved --restore DOT-REGISTER --dry-run',
      '--cloud --step W1 --for trial/moved --restore DOT-REGISTER',
      '--cloud --step W1 --for trial/moved --restore DOT-REGISTER',
    ]) {
      await alike(line);
    }
    const [files, others] = await Promise.all(both().map(({ runtime }) => binFolder(runtime)));
    expect({ ...others, [BIN]: '' }).toEqual({ ...files, [BIN]: '' });
  });
});

describe('the new arm', () => {
  const LINE = '--cloud --step W7 --for trial/grant --authorize DOT_C1_VOCAB_BUILD';

  test('is asked for by --authorize, which v2.2.0 does not know', async () => {
    const [first, second] = await onBoth(LINE);
    expect(failureOf(first)).toEqual(failure(64, 'ERROR_USAGE'));
    expect(failureOf(second)).toEqual(failure(3, 'HOLD_APR_MISSING'));
    const [version] = (await onBoth('--version')).map(({ stdout }) => stdout);
    expect(version).toBe('dot-apr-execute 2.2.0 DOT-310');
    expect((await onBoth('--version'))[1].stdout).toBe('dot-apr-execute 2.3.0 DOT-310');
    expect((await onBoth('--help')).map(({ stdout }) => stdout.includes('--authorize'))).toEqual([false, true]);
  });

  test('goes with neither of the others, and only with a code', async () => {
    for (const line of [
      `${LINE} --patch DOT-REGISTER`,
      `${LINE} --restore DOT-REGISTER`,
      '--cloud --step W7 --for trial/grant --authorize',
    ]) {
      expect([line, failureOf((await onBoth(line))[1])]).toEqual([line, failure(64, 'ERROR_USAGE')]);
    }
    const bad = (await onBoth('--cloud --step W7 --for trial/grant --authorize ../x'))[1];
    expect(failureOf(bad)).toEqual(failure(1, 'ERROR_PAYLOAD_INVALID'));
  });

  test('is not in the file of v2.2.0', async () => {
    const [first, second] = await Promise.all([BIN, HANDLER_NAME].map((name) => readFile(builtFile(name), 'utf8')));
    expect([first, second].map((text) => text?.includes('--authorize'))).toEqual([false, true]);
    expect([first, second].map((text) => text?.includes('isAuthorization'))).toEqual([false, true]);
  });
});
