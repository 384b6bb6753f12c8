import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import pWaitFor from 'p-wait-for';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { binaries } from '../../runtime/binaries.ts';
import { withSuperuser } from '../../runtime/connect.ts';
import { LIVE, MAINTENANCE } from '../../runtime/databases.ts';
import { serverUser } from '../../runtime/os-user.ts';
import { CHECKOUT } from '../../runtime/paths.ts';
import { isAlive, runningPostmaster } from '../../runtime/postmaster.ts';
import type { Reporter } from '../../runtime/reporter.ts';
import { SILENT } from '../../runtime/reporter.ts';
import { stopRuntime } from '../../runtime/runtime.ts';
import { type StateFolder, stateFolder } from '../support/state-folder.ts';

let folder: StateFolder;

// Each goes on with the server of the one before; alone, it starts one itself.
describe('one folder', () => {
  beforeAll(async () => {
    folder = await stateFolder('a state folder');
  });
  afterAll(() => folder.dispose());

  describe('starting', () => {
    it('makes a server, a database and the bins, in a folder whose name has spaces', async () => {
      const report = collector();
      const running = await folder.start({}, report);
      expect(report.done.join('\n')).toMatch(
        /made the data directory[\s\S]*started PostgreSQL[\s\S]*created database directus/,
      );
      expect(await countTools(running.port)).toBe(309);
      const connection = JSON.parse(await readFile(folder.paths.connection, 'utf8'));
      expect(connection).toEqual({
        host: '127.0.0.1',
        port: running.port,
        database: 'directus',
        reader: 'auditor_ro',
        readerPasswordFile: 'secrets/auditor_ro',
      });
    });

    it('does nothing the second time', async () => {
      const first = await folder.start();
      const report = collector();
      expect(await folder.start({}, report)).toEqual(first);
      expect(report.done).toEqual([]);
    });

    it('listens on loopback alone, and on no socket file', async () => {
      const { port } = await folder.start();
      const shown = await query(
        port,
        `select name, setting from pg_settings where name in ('listen_addresses', 'unix_socket_directories')`,
      );
      expect(shown).toEqual([
        { name: 'listen_addresses', setting: '127.0.0.1' },
        { name: 'unix_socket_directories', setting: '' },
      ]);
      const rules = await query(port, 'select type, address, auth_method from pg_hba_file_rules');
      expect(rules).toEqual([{ type: 'host', address: '127.0.0.1', auth_method: 'scram-sha-256' }]);
    });
  });

  describe('a killed predecessor', () => {
    it('may leave a pid file whose number another program of the same user has by now', async () => {
      const { port } = await folder.start();
      await stopRuntime(folder.dir, SILENT);
      const other = await programOfServerUser();
      try {
        const pidFile = path.join(folder.paths.data, 'postmaster.pid');
        await writeFile(pidFile, `${other.pid}\n${folder.paths.data}\n0\n${port}\n\n127.0.0.1\n\nready   \n`);
        const report = collector();
        expect((await folder.start({}, report)).port).toBe(port);
        expect(report.done).toContain('removed the pid file of a server that was killed');
        expect(isAlive(other.pid ?? 0)).toBe(true);
      } finally {
        other.kill();
      }
    });

    it('may leave a lock that nobody holds any more', async () => {
      await mkdir(folder.paths.lock, { recursive: true });
      await utimes(folder.paths.lock, new Date(0), new Date(0));
      expect((await folder.start()).port).toBeGreaterThan(0);
    });
  });

  describe('the port', () => {
    it('is outside of the range that systems take for outgoing connections', async () => {
      const { port } = await folder.start();
      expect(port).toBeGreaterThanOrEqual(15_000);
      expect(port).toBeLessThan(32_000);
    });

    it('is kept over a stop; when another program has it, start says so and --new-port helps', async () => {
      const { port } = await folder.start();
      await stopRuntime(folder.dir, SILENT);
      const other = await listen(port);
      try {
        await expect(folder.start()).rejects.toMatchObject({
          code: 'ERROR_PORT_TAKEN',
          seen: `another program on 127.0.0.1:${port}`,
          next: 'npx c1 runtime start --new-port',
        });
        expect(await runningPostmaster(folder.paths.data)).toBeNull();
        const moved = await folder.start({ newPort: true });
        expect(moved.port).not.toBe(port);
        expect(JSON.parse(await readFile(folder.paths.config, 'utf8')).port).toBe(moved.port);
        expect((await folder.start()).port).toBe(moved.port);
      } finally {
        await new Promise((resolve) => other.close(resolve));
      }
    });

    it('is the kept one again once the other program is gone', async () => {
      const { port } = await folder.start();
      await stopRuntime(folder.dir, SILENT);
      const other = await listen(port);
      await expect(folder.start()).rejects.toMatchObject({ code: 'ERROR_PORT_TAKEN' });
      await new Promise((resolve) => other.close(resolve));
      expect((await folder.start()).port).toBe(port);
    });
  });

  describe('stopping', () => {
    it('keeps the server when the command that started it ends', async () => {
      await stopRuntime(folder.dir, SILENT);
      const started = JSON.parse((await folder.c1(['runtime', 'start', '--json'])).stdout);
      expect(isAlive(started.pid)).toBe(true);
      expect(await countTools(started.port)).toBe(309);
    });

    it('ends its own server and no other', async () => {
      const other = await stateFolder();
      try {
        const [mine, theirs] = await Promise.all([folder.start(), other.start()]);
        expect(await stopRuntime(folder.dir, SILENT)).toBe(true);
        await pWaitFor(() => !isAlive(mine.pid), { interval: 20, timeout: 10_000 });
        expect(isAlive(theirs.pid)).toBe(true);
        expect(await stopRuntime(folder.dir, SILENT)).toBe(false);
      } finally {
        await other.dispose();
      }
    });
  });
});

describe('a folder where nothing was ever started', () => {
  beforeEach(async () => {
    folder = await stateFolder('a state folder');
  });
  afterEach(() => folder.dispose());

  describe('starting', () => {
    it('lets the second of two simultaneous starts wait for the first', async () => {
      const [one, two] = await Promise.all([
        folder.c1(['runtime', 'start', '--json']),
        folder.c1(['runtime', 'start', '--json']),
      ]);
      expect([one.exitCode, two.exitCode]).toEqual([0, 0]);
      const [first, second] = [JSON.parse(one.stdout), JSON.parse(two.stdout)];
      expect(second.pid).toBe(first.pid);
      expect([first.did.length, second.did.length].toSorted()[0]).toBe(0);
    });
  });

  describe('a killed predecessor', () => {
    it('is recovered from: a server killed with SIGKILL has lost nothing that was committed', async () => {
      const { port, pid } = await folder.start({ fsync: true });
      await query(port, 'create table survivor (n int)', MAINTENANCE);
      await query(port, 'insert into survivor values (42)', MAINTENANCE);
      process.kill(pid, 'SIGKILL');
      const again = await folder.start({ fsync: true });
      expect(again.port).toBe(port);
      expect(again.pid).not.toBe(pid);
      expect(await query(port, 'select n from survivor', MAINTENANCE)).toEqual([{ n: 42 }]);
      expect(await countTools(port)).toBe(309);
    });

    it('may have been the first start itself, killed half-way', async () => {
      const child = spawn(process.execPath, [path.join(CHECKOUT, 'cli/main.ts'), 'runtime', 'start'], {
        ...{ env: { ...process.env, C1_STATE_DIR: folder.dir }, stdio: 'ignore' as const },
      });
      const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
      await pWaitFor(() => existsSync(folder.paths.connection), { interval: 5, timeout: 30_000 });
      child.kill('SIGKILL');
      expect(await ended).toBe('SIGKILL');
      const { port } = await folder.start();
      expect(await countTools(port)).toBe(309);
      expect((await folder.c1(['runtime', 'status'])).exitCode).toBe(0);
    });

    it('may leave a half-made data directory', async () => {
      await mkdir(path.join(folder.paths.postgres, 'data.new', 'base'), { recursive: true });
      expect((await folder.start()).port).toBeGreaterThan(0);
    });
  });
});

function collector(): Reporter & { readonly done: string[] } {
  const done: string[] = [];
  return { done, did: (what) => done.push(what), waiting: () => undefined };
}

async function countTools(port: number): Promise<number> {
  const [row] = await query(port, 'select count(*)::int as n from public.dot_tools');
  return Number(row?.n);
}

function query(port: number, sql: string, database = LIVE): Promise<readonly Record<string, unknown>[]> {
  return withSuperuser(folder.paths, port, database, async (client) => (await client.query(sql)).rows);
}

/** A program that runs as the user that the server runs as. */
async function programOfServerUser(): Promise<ChildProcess> {
  const user = await serverUser((await binaries()).postgres, folder.paths.postgres, folder.paths.data);
  const [file = '', ...args] = [...user.prefix, 'sleep', '600'];
  const child = spawn(file, args, { stdio: 'ignore' });
  await pWaitFor(async () => (await readFile(`/proc/${child.pid}/comm`, 'utf8')).trim() === 'sleep', {
    timeout: 10_000,
  });
  return child;
}

function listen(port: number): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
