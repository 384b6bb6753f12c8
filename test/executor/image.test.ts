import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { execa } from 'execa';
import getPort from 'get-port';
import pWaitFor from 'p-wait-for';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BIN_BUNDLE } from '../../runtime/bin-build.ts';
import { CHECKOUT } from '../../runtime/paths.ts';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';
import { configFor, dispatchTo, KG_PLAN } from './support/service.ts';

/** One instruction each, with its continuation lines; comments left out. */
const INSTRUCTIONS = readFileSync(join(CHECKOUT, 'executor', 'Dockerfile'), 'utf8')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '');

describe('the Dockerfile', () => {
  const stages = INSTRUCTIONS.filter((line) => line.startsWith('FROM '));
  const last = INSTRUCTIONS.slice(INSTRUCTIONS.lastIndexOf(stages.at(-1) ?? ''));

  test('has two stages, and the second holds nothing of the checkout but the bundle', () => {
    expect(stages).toHaveLength(2);
    expect(last.filter((line) => /^(COPY|ADD) /.test(line))).toEqual([
      'COPY --from=build --chown=root:root --chmod=0444 /build/executor.cjs /opt/executor/executor.cjs',
    ]);
  });

  test('runs as a user who is not root and owns nothing of the program, from its last instructions on', () => {
    const user = last.indexOf('USER node');
    expect(user).toBeGreaterThan(0);
    expect(last.slice(user).some((line) => /^(RUN|COPY|ADD|USER root)/.test(line))).toBe(false);
  });

  test('has a health check, a port and a stop signal that the service knows', () => {
    expect(last.find((line) => line.startsWith('HEALTHCHECK '))).toContain('http://127.0.0.1:8090/healthz');
    expect(last).toContain('EXPOSE 8090');
    expect(last).toContain('STOPSIGNAL SIGTERM');
  });

  test('says how it is run on a root file system that is read-only', () => {
    const text = readFileSync(join(CHECKOUT, 'executor', 'Dockerfile'), 'utf8');
    expect(text).toMatch(/^# {3}docker run --read-only --tmpfs \/tmp /m);
  });

  test('copies only what is there, and no secret', () => {
    const copied = INSTRUCTIONS.filter((line) => /^COPY (?!--from)/.test(line)).flatMap((line) =>
      line.split(' ').slice(1, -1),
    );
    expect(copied.length).toBeGreaterThan(4);
    for (const path of copied) expect([path, existsSync(join(CHECKOUT, path))]).toEqual([path, true]);
    expect(copied.join(' ')).not.toMatch(/secret|\.c1|\.env/);
  });
});

describe('the bundle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'c1-bundle-'));
  let runtime: TestRuntime;
  beforeAll(async () => {
    runtime = await createTestRuntime();
    const entryPoints = ['executor/main.ts', 'executor/main-v1.ts'];
    await build({
      ...BIN_BUNDLE,
      write: true,
      absWorkingDir: CHECKOUT,
      entryPoints,
      outdir: folder,
      outExtension: { '.js': '.cjs' },
    });
  });
  afterAll(async () => {
    await runtime.dispose();
    rmSync(folder, { recursive: true });
  });

  test.each(['main.cjs', 'main-v1.cjs'])('%s is one file that serves alone', async (name) => {
    const listen = { host: '127.0.0.1', port: await getPort({ host: '127.0.0.1' }) };
    const config = join(folder, `${name}.json`);
    writeFileSync(config, JSON.stringify(configFor(runtime, { listen })));
    const child = execa(process.execPath, [join(folder, name), '--config', config], { reject: false, cwd: folder });
    const url = `http://127.0.0.1:${listen.port}`;
    await pWaitFor(
      () =>
        fetch(`${url}/health`).then(
          ({ ok }) => ok,
          () => false,
        ),
      { timeout: 20_000 },
    );
    expect((await dispatchTo(url, KG_PLAN)).json).toMatchObject({ validated: true, writes_db: false });
    child.kill('SIGTERM');
    const { exitCode, stderr } = await child;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });
});
