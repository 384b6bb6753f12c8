import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { root } from '../../engine/root.mjs';
import {
  CATALOGUE,
  createAll,
  failure,
  failureOf,
  invocation,
  mustRun,
  ONE_OF_EACH,
  printed,
  run,
} from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

let trial: Trial;
let before: string;
beforeAll(async () => {
  trial = await createTrial();
  await createAll(trial);
  for (const name of CATALOGUE) await mustRun(trial, name, 'create');
});
beforeEach(async () => {
  before = await trial.fingerprint();
});
afterAll(() => trial?.dispose());

/** Each bin once, with the row that it makes (entity-retire: retires). */
const BINS = [
  ...[...ONE_OF_EACH, ...CATALOGUE].map((name) => ({ name, way: 'create' as const })),
  { name: 'species', way: 'retire' as const },
]
  .map((one) => ({ ...one, bin: invocation(one.name, one.way).bin }))
  .filter(({ bin }, at, all) => all.findIndex((other) => other.bin === bin) === at);

const NOWHERE = { port: 1 };

describe('what every bin answers without the database', () => {
  for (const [at, { bin, name, way }] of BINS.entries()) {
    test(`${bin} prints help with an example, and its version`, async () => {
      const [help, version] = await trial.withConfig(NOWHERE, () =>
        Promise.all([trial.runtime.bin(bin, ['--help']), trial.runtime.bin(bin, ['--version'])]),
      );
      expect(help).toMatchObject({ exitCode: 0, stderr: '' });
      // The hardened registrar is another name of the registrar that it replaces.
      const ownName = bin.replace('-c1-hardened', '');
      expect(help.stdout).toMatch(new RegExp(`Examples:\\n  \\$ ${ownName} --cloud --`));
      for (const [, file = ''] of help.stdout.matchAll(/ < (payloads\/\S+)/g))
        expect([file, existsSync(join(root, file))]).toEqual([file, true]);
      for (const flag of ['--cloud', '--json', '--status', '--version', '--help', '--for', '--step']) {
        expect(help.stdout).toContain(flag);
      }
      expect(help.stdout.includes('--dry-run')).toBe(bin !== 'dot-collection-create');
      expect(version.stdout).toMatch(new RegExp(`^${ownName} \\d+\\.\\d+\\.\\d+(-c1-hardened)? DOT[A-Z0-9_-]+$`));
    });

    test(`${bin} refuses a command line that it does not know, and takes the good one`, async () => {
      const { args, stdin } = invocation(name, way);
      const withoutCloud = args.filter((word) => word !== '--cloud');
      const all = [
        withoutCloud,
        [...withoutCloud, '--clod'],
        [...args, '--force'],
        [...args, 'surplus'],
        [...args, '--cloud=yes'],
        [...args, '--cloud'],
        [...args, '--step', 'W2'],
        replace(args, '--step', 'W10'),
        replace(args, '--step', 'w2'),
        replace(args, '--step', 'W2\n'),
        replace(args, '--for', 'trial'),
        replace(args, '--for', 'trial/../x'),
        replace(args, '--for', "trial/o'neill"),
        replace(args, '--for', 'trial/a;b'),
        replace(args, '--for', 'triаl/row'),
        replace(args, '--for', ''),
      ];
      // Two neighbours run all of it.
      const lines = all.filter((_, index) => (index + at) % 2 === 0);
      const refused = await inPairs(lines, (line) => trial.runtime.bin(bin, line, { stdin }));
      for (const [index, result] of refused.entries()) {
        expect({ line: lines[index], ...failureOf(result) }).toEqual({
          line: lines[index],
          ...failure(64, 'ERROR_USAGE'),
        });
      }
      expect(await trial.fingerprint()).toBe(before);
      // Everything is there: the same request made good is a no-op, and retiring with another owner is not ours.
      const good = await run(trial, name, way, way === 'retire' ? { resource: 'other' } : {});
      expect(good.exitCode).toBe(0);
      expect(await trial.fingerprint()).toBe(before);
    });
  }
});

describe('--json', () => {
  test('prints the refusal on standard output too, and still one line on standard error', async () => {
    const refused = await run(trial, 'species', 'create', { stack: 'other', flags: ['--json'] });
    expect(refused.exitCode).toBe(3);
    expect(printed(refused)).toMatchObject({ outcome: 'HOLD', code: 'HOLD_CLAIMED_ELSEWHERE', deltas: [] });
    expect(printed(refused).message).toBe(refused.stderr);
  });

  test('a usage error is JSON as well', async () => {
    const refused = await run(trial, 'species', 'create', { flags: ['--json', '--nonsense'] });
    expect(refused.exitCode).toBe(64);
    expect(printed(refused)).toMatchObject({ outcome: 'ERROR', code: 'ERROR_USAGE' });
  });
});

describe('--debug', () => {
  test('shows the stack trace, which nothing else does', async () => {
    const quiet = await run(trial, 'species', 'create', { stack: 'other' });
    const loud = await run(trial, 'species', 'create', { stack: 'other', flags: ['--debug'] });
    expect(quiet.stderr).not.toMatch(/^\s+at /m);
    expect(loud.stderr).toMatch(/^\s+at /m);
  });
});

describe('--status', () => {
  test('says absent, intent and applied, and writes nothing', async () => {
    const applied = printed(await run(trial, 'species', 'create')).requestId ?? '';
    const seen = await trial.runtime.bin('dot-species-register', ['--status', applied]);
    expect(printed(seen)).toMatchObject({
      code: 'OK_READ',
      mode: 'read',
      readback: { outcome: 'applied', step: 'W2' },
    });
    const absent = await trial.runtime.bin('dot-species-register', [`--status=${'0'.repeat(64)}`]);
    expect(printed(absent).readback).toMatchObject({ outcome: 'absent', step: null });
    expect(absent.stderr).toContain('run the same command again');
    expect(await trial.fingerprint()).toBe(before);
  });

  test('refuses what is no request id, and a flag that it does not know', async () => {
    for (const words of [
      ['--status', 'x'],
      ['--status', "'; drop"],
      ['--status'],
      ['--status', 'a'.repeat(64), '--nope'],
    ]) {
      const refused = await trial.runtime.bin('dot-species-register', words);
      expect({ words, ...failureOf(refused) }).toEqual({ words, ...failure(64, 'ERROR_USAGE') });
    }
  });
});

describe('what a bin prints', () => {
  test('a mistyped flag names the flag that was meant', async () => {
    const refused = await run(trial, 'species', 'create', { flags: ['--dry-rum'] });
    expect(refused.stderr).toMatch(/^ERROR_USAGE: seen unknown option '--dry-rum' .*--dry-run/);
  });

  test('a flag with line breaks, escapes and invisible letters stays one line of plain text', async () => {
    const refused = await run(trial, 'species', 'create', { flags: ['--x\nOK_APPLIED: forged\r\u001b[31m\u202e'] });
    expect(failureOf(refused)).toEqual(failure(64, 'ERROR_USAGE'));
    expect(refused.stderr).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

function replace(args: readonly string[], flag: string, value: string): readonly string[] {
  const at = args.indexOf(flag);
  return args.map((word, index) => (index === at + 1 ? value : word));
}

/** Two at a time: the machine has two cores, and each bin is a process. */
async function inPairs<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += 2) results.push(...(await Promise.all(items.slice(at, at + 2).map(work))));
  return results;
}
