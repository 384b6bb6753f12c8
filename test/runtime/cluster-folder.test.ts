import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { stopCluster } from '../../runtime/cluster.ts';
import { stopExecutor } from '../../runtime/executor.ts';
import { CHECKOUT, statePaths } from '../../runtime/paths.ts';
import { SILENT } from '../../runtime/reporter.ts';
import { startRuntime } from '../../runtime/runtime.ts';
import { runC1 } from '../support/state-folder.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const AS_NOBODY = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
const canMount = isRoot && (await execa('unshare', ['--mount', 'true'], { reject: false })).exitCode === 0;

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function temporary(mode: number): Promise<string> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'c1-folder-'));
  await chmod(root, mode);
  cleanUps.push(() => rm(root, { recursive: true, force: true }));
  return root;
}

/** A small file system of its own, so that "full" and "read-only" are real for root as well. */
async function mounted(options: string): Promise<string> {
  const root = await temporary(0o755);
  await execa('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', root]);
  cleanUps.push(() => execa('umount', ['--lazy', root]));
  return root;
}

async function start(dir: string) {
  // Where a file is in the folder's place, there is nothing to stop.
  cleanUps.push(async () => {
    await stopExecutor(statePaths(dir));
    await stopCluster(statePaths(dir), SILENT).catch(() => undefined);
  });
  return startRuntime(dir, SILENT, { fsync: false });
}

describe('a state folder that cannot be written', () => {
  it('is refused by name when a file is in its place', async () => {
    const dir = path.join(await temporary(0o755), 'state');
    await writeFile(dir, 'not a folder');
    await expect(start(dir)).rejects.toMatchObject({
      code: 'ERROR_STATE_FOLDER',
      seen: expect.stringContaining(dir),
      next: 'free or unlock the folder, or link .c1 to one that can be written',
    });
    const shown = await runC1(dir, ['runtime', 'start']);
    expect(shown.exitCode).toBe(1);
    expect(shown.stderr).toMatch(/^ERROR_STATE_FOLDER: seen .* expected .*\. Next: .*\.$/);
    expect(shown.stdout).toBe('');
    expect((await runC1(dir, ['runtime', 'status'])).stderr).toMatch(/^ERROR_STATE_FOLDER: /);
  });

  it.runIf(!isRoot)('is refused when its mode forbids writing', async () => {
    await expect(start(path.join(await temporary(0o500), 'state'))).rejects.toMatchObject({
      code: 'ERROR_STATE_FOLDER',
    });
  });

  it.runIf(isRoot)('is refused at once when it is somebody else’s', async () => {
    const dir = await temporary(0o755);
    const words = [path.join(CHECKOUT, 'cli/main.ts'), 'runtime', 'start'];
    const { exitCode, stderr } = await execa('setpriv', [...AS_NOBODY, process.execPath, ...words], {
      ...{ env: { C1_STATE_DIR: dir, HOME: dir }, reject: false },
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^ERROR_STATE_FOLDER: seen EACCES/);
  });

  it.runIf(canMount)('is refused when its file system is read-only, and works on one that is not', async () => {
    const readOnly = path.join(await mounted('ro,size=200m'), 'state');
    await expect(start(readOnly)).rejects.toMatchObject({
      code: 'ERROR_STATE_FOLDER',
    });
    expect((await start(path.join(await mounted('size=400m'), 'state'))).port).toBeGreaterThan(0);
  });

  it.runIf(canMount)('that runs full during the first start leaves nothing half-made', async () => {
    const dir = path.join(await mounted('size=24m'), 'state');
    await expect(start(dir)).rejects.toMatchObject({
      code: 'ERROR_STATE_FOLDER',
      seen: expect.stringMatching(/space/i),
    });
    expect(await readdir(statePaths(dir).postgres)).not.toContain('data');
  });

  it.runIf(canMount).each([42, 52, 64])(
    'that runs full at %i MB goes on where it stopped once there is room',
    async (size) => {
      const root = await mounted(`size=${size}m`);
      const dir = path.join(root, 'state');
      await expect(start(dir)).rejects.toMatchObject({ code: 'ERROR_STATE_FOLDER' });
      await execa('mount', ['-o', 'remount,size=400m', root]);
      expect((await start(dir)).database).toBe('directus');
      expect((await runC1(dir, ['runtime', 'status'])).exitCode).toBe(0);
    },
  );
});

describe('a state folder that the server user cannot reach', () => {
  it.runIf(isRoot)('is served all the same, below a folder of mode 0700', async () => {
    const root = await temporary(0o700);
    await mkdir(path.join(root, 'deep'), { mode: 0o700 });
    const { pid } = await start(path.join(root, 'deep', 'state'));
    const { stdout } = await execa('grep', ['-E', '^(Uid|CapEff)', `/proc/${pid}/status`]);
    expect(stdout).not.toMatch(/^Uid:\s+0\b/m);
    // Only what it takes to traverse: dac_read_search is bit 2, dac_override bit 1.
    expect(stdout).toMatch(/^CapEff:\s+000000000000000[24]$/m);
  });

  it.runIf(isRoot)('is served as the user who made it, when root starts it later', async () => {
    const root = await temporary(0o755);
    await chown(root, NOBODY, NOBODY);
    const dir = path.join(root, 'state');
    const first = await execa(
      'setpriv',
      [...AS_NOBODY, process.execPath, path.join(CHECKOUT, 'cli/main.ts'), 'runtime', 'start', '--json'],
      {
        env: { C1_STATE_DIR: dir, HOME: root },
      },
    );
    expect(JSON.parse(first.stdout).did).toContain('created database directus');
    await stopExecutor(statePaths(dir));
    await stopCluster(statePaths(dir), SILENT);
    const { pid } = await start(dir);
    expect((await stat(`/proc/${pid}`)).uid).toBe(NOBODY);
  });

  it.runIf(isRoot)('costs no capability where the folder is open', async () => {
    const { pid } = await start(path.join(await temporary(0o755), 'state'));
    const { stdout } = await execa('grep', ['^CapEff', `/proc/${pid}/status`]);
    expect(stdout).toMatch(/^CapEff:\s+0000000000000000$/);
  });
});
