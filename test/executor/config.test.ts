import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { STAGING_LABELS } from '../../domain/label.ts';
import { readConfig } from '../../executor/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'c1-config-'));
const file = join(folder, 'executor.json');

beforeAll(() => writeFileSync(join(folder, 'password'), 'secret'));
afterAll(() => rmSync(folder, { recursive: true }));

const GOOD = {
  label: [...STAGING_LABELS],
  listen: { host: '127.0.0.1', port: 8090 },
  database: { host: '127.0.0.1', port: 5432, database: 'directus', login: 'executor_ro', passwordFile: 'password' },
  upstreamUrl: null,
  allowedSigners: null,
  release: { name: 'agent-api-executor-local:v1', digest: 'ab'.repeat(32) },
};

test('a file with exactly these keys is taken, and names of files are taken from its folder', () => {
  expect(read(GOOD)).toEqual({ ...GOOD, database: { ...GOOD.database, passwordFile: join(folder, 'password') } });
  expect(read({ ...GOOD, upstreamUrl: 'https://executor.example:8090/dispatch' }).upstreamUrl).toContain('example');
});

test('a labelled runtime listens on loopback only; one without a label anywhere', () => {
  const everywhere = { ...GOOD, listen: { ...GOOD.listen, host: '0.0.0.0' } };
  expect(() => read(everywhere)).toThrow(/^ERROR_CONFIG_INVALID: seen listen\.host: /);
  expect(read({ ...everywhere, label: [] }).listen.host).toBe('0.0.0.0');
});

test.each([
  ['an unknown key', { ...GOOD, debug: true }, 'debug'],
  ['a missing key', { ...GOOD, upstreamUrl: undefined }, 'upstreamUrl'],
  ['a port that is none', { ...GOOD, listen: { host: '127.0.0.1', port: 65_536 } }, 'listen.port'],
  ['a port as text', { ...GOOD, listen: { host: '127.0.0.1', port: '8090' } }, 'listen.port'],
  ['a host that is empty', { ...GOOD, listen: { host: '', port: 1 } }, 'listen.host'],
  ['an unknown key of the database', { ...GOOD, database: { ...GOOD.database, password: 'x' } }, 'password'],
  [
    'a password file that is not there',
    { ...GOOD, database: { ...GOOD.database, passwordFile: 'x' } },
    'database.passwordFile',
  ],
  ['a list of signers that is not there', { ...GOOD, allowedSigners: 'x' }, 'allowedSigners'],
  ['an upstream that is no address', { ...GOOD, upstreamUrl: 'executor:8090' }, 'upstreamUrl'],
  ['an upstream that is a file', { ...GOOD, upstreamUrl: 'file:///etc/passwd' }, 'upstreamUrl'],
  ['an upstream with a login', { ...GOOD, upstreamUrl: 'http://user:canary@executor:8090/dispatch' }, 'upstreamUrl'],
  ['a digest that is none', { ...GOOD, release: { ...GOOD.release, digest: 'v1' } }, 'release.digest'],
  ['a label that is no list', { ...GOOD, label: 'LOCAL' }, 'label'],
])('%s is named', (_, config, property) => {
  const said = failureOf(() => read(config));
  expect(said).toMatch(/^ERROR_CONFIG_INVALID: seen /);
  expect(said).toContain(property);
  expect(said).not.toContain(folder);
  expect(said).not.toContain('canary');
});

test.each([
  ['no JSON', '{'],
  ['a duplicate key', JSON.stringify(GOOD).replace('{', '{"label":[],')],
  ['a comment', `// ours\n${JSON.stringify(GOOD)}`],
])('%s is no configuration', (_, text) => {
  writeFileSync(file, text);
  expect(failureOf(() => readConfig(file))).toMatch(/^ERROR_CONFIG_INVALID: seen JSON with /);
});

function read(config: unknown) {
  writeFileSync(file, JSON.stringify(config));
  return readConfig(file);
}

function failureOf(work: () => unknown): string {
  try {
    work();
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
  return 'no failure';
}
