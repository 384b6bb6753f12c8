import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { binFile, execute, liveCode, must, ownSecrets, propose, restore } from '../dots/support/registrar.ts';
import { mustRun } from '../dots/support/rows.ts';
import { strangersKey } from '../dots/support/signatures.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';

const MAIN = path.resolve(import.meta.dirname, '../../cli/main.ts');
const LEGACY = ['APR-2025-0007', 'APR-2025-0012', 'APR-2025-0019'];

let trial: Trial;
let keys: string;
let code: string;
const said: string[] = [];
beforeAll(async () => {
  trial = await createTrial({ staged: false });
  keys = await ownSecrets(trial.runtime);
  await mustRun(trial, 'baseline', 'create');
  must(await propose(trial.runtime));
  code = await liveCode(trial.runtime);
});
afterAll(() => trial?.dispose());

async function c1(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const options = { reject: false, env: { NO_COLOR: '1', ...trial.runtime.env, ...env } } as const;
  const { exitCode, stdout, stderr } = await execa(process.execPath, [MAIN, 'apr', ...args], options);
  said.push(stdout, stderr);
  return { exitCode, stdout, stderr };
}

async function json(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await c1([...args, '--json']);
  expect([exitCode, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

async function refused(args: readonly string[], refusal: string, exitCode: number, env = {}): Promise<void> {
  const before = await trial.fingerprint({ intents: false });
  const answer = await c1(args, env);
  expect(answer.stderr).toContain(`${refusal}: `);
  expect([answer.exitCode, answer.stdout]).toEqual([exitCode, '']);
  expect(await trial.fingerprint({ intents: false })).toBe(before);
}

describe('c1 apr list', () => {
  test('shows what is live with its target and tally, in columns and without colours', async () => {
    const { stdout } = await c1(['list']);
    expect(stdout).toMatch(new RegExp(`${code}\\s+pending\\s+patch_ops_code DOT-REGISTER\\s+operator_1\\s+0 of 2`));
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('LOCAL_STAGING_NOT_SSOT');
    expect(stdout.split('\n').every((line) => line === line.trimEnd())).toBe(true);
  });

  test('says the same as JSON; legacy requests have a summary and no SSH signature', async () => {
    const { requests } = await json('list', '--all');
    expect(requests.map(({ apr_code }: { apr_code: string }) => apr_code).toSorted()).toEqual(
      [...LEGACY, code].toSorted(),
    );
    const [old] = requests.filter(({ apr_code }: { apr_code: string }) => apr_code === LEGACY[0]);
    expect(old).toMatchObject({ status: 'applied', signature: 'none', summary: 'Install dot-apr-execute 2.1.0' });
    expect(old.votes).toEqual([
      expect.objectContaining({ signature: 'none' }),
      expect.objectContaining({ signature: 'none' }),
    ]);
  });
});

describe('c1 apr show', () => {
  test('says all that an owner signs, and what to do next', async () => {
    const { stdout } = await c1(['show', code]);
    for (const part of [
      ...[
        'signature  signature holds',
        'DOT-REGISTER at /opt/incomex/dot/bin/dot-dot-register',
        'session S-C1-REG-001',
      ],
      ...[
        'from     1.0.0 sha256 ',
        'to       1.1.0-c1-hardened sha256 ',
        'also as  dot-dot-register-c1-hardened (symlink)',
      ],
      ...['stages   dot-c1-preflight sha256 ', 'test     node --check', `npx c1 apr approve ${code} --as <owner>`],
    ])
      expect(stdout).toContain(part);
    expect(stdout.match(/ {2}stages /g)).toHaveLength(8);
  });

  test('writes the new file with --content, byte for byte what is put in place later', async () => {
    const file = path.join(await mkdtemp(path.join(tmpdir(), 'c1-apr-')), 'new');
    const shown = await json('show', code, '--content', file);
    expect(shown.proposed_action.new_content_sha256).toBe(
      execFileSync('sha256sum', [file], { encoding: 'utf8' }).split(' ')[0],
    );
    expect(shown.proposed_action.new_content_base64).toBeUndefined();
    expect(await readFile(file, 'utf8')).toContain('// DOT-CODE: DOT-REGISTER');
  });

  test('of a legacy request says that there was no SSH signature, and of an unknown one that there is none', async () => {
    const { stdout } = await c1(['show', LEGACY[0] ?? '']);
    expect(stdout).toContain('summary    Install dot-apr-execute 2.1.0');
    expect(stdout.match(/no SSH signature/g)).toHaveLength(3);
    expect(stdout).not.toContain('does not hold');
    await refused(['show', LEGACY[0] ?? '', '--content', '/dev/null'], 'REJECT_PATCH_TARGET', 4);
    for (const bad of ['APR-C1-NONE', '%', "' or true --", '\u001b[2J', ''])
      await refused(['show', bad], 'HOLD_APR_MISSING', 3);
  });
});

describe('c1 apr approve and deny', () => {
  test('need an owner, by name', async () => {
    await refused(['approve', code], 'ERROR_USAGE', 64);
    await refused(['approve', code, '--as', 'operator_1'], 'ERROR_USAGE', 64);
    await refused(['deny', '--as', 'voter_owner_1'], 'ERROR_USAGE', 64);
    await refused(['approve', 'APR-C1-NONE', '--as', 'voter_owner_1'], 'HOLD_APR_MISSING', 3);
  });

  test('need ssh-keygen on PATH, and the key', async () => {
    const empty = await mkdtemp(path.join(tmpdir(), 'c1-path-'));
    await refused(['approve', code, '--as', 'voter_owner_1'], 'ERROR_SSH_MISSING', 1, { PATH: empty });
    await refused(['approve', code, '--as', 'voter_owner_1', '--key', '/nowhere'], 'REJECT_UNKNOWN_SIGNER', 4);
    const own = await strangersKey();
    await refused(['approve', code, '--as', 'voter_owner_1', '--key', own], 'REJECT_UNKNOWN_SIGNER', 4);
    const [type, key] = (await readFile(`${own}.pub`, 'utf8')).split(' ');
    await appendFile(path.join(keys, 'allowed_signers'), `voter_owner_1 namespaces="c1-apr" ${type} ${key}\n`);
    const { stdout } = await c1(['approve', code, '--as', 'voter_owner_1', '--key', own]);
    expect(stdout).toContain(`${code}  voter_owner_1: approve; quorum not passed yet`);
    expect((await c1(['approve', code, '--as', 'voter_owner_1'])).stdout).toContain(
      'voter_owner_1 had voted so already',
    );
  });

  test('say when the quorum passes, and that a closed request takes no vote', async () => {
    expect(await json('approve', code, '--as', 'voter_owner_2')).toMatchObject({
      code: 'OK_APPLIED',
      quorum_passed: true,
    });
    expect((await c1(['show', code])).stdout).toContain('next       npx pulumi up');
    must(await execute(trial.runtime));
    must(await restore(trial.runtime));
    must(await propose(trial.runtime));
    const next = await liveCode(trial.runtime);
    const { stdout } = await c1(['deny', next, '--as', 'voter_owner_1']);
    expect(stdout).toContain(`${next}  voter_owner_1: deny; the request is closed for good`);
    await refused(['approve', next, '--as', 'voter_owner_2'], 'REJECT_APR_CLOSED', 4);
    expect((await c1(['list'])).stdout).not.toContain(next);
    expect((await c1(['list', '--all'])).stdout).toContain(`${next}  denied`);
  });
});

test('no private key and no new file is in any output, row, journal or log', async () => {
  const content = (await readFile(binFile(trial.runtime, 'dot-apr-execute'))).toString('base64').slice(4000, 4100);
  const bodies = await Promise.all(
    ['operator_1', 'voter_owner_1', 'voter_owner_2'].map(
      async (name) => (await readFile(path.join(keys, name), 'utf8')).split('\n')[2] ?? '',
    ),
  );
  expect(bodies.every((body) => body.length > 40)).toBe(true);
  const rows = await trial.value<string>(`select string_agg(r::text, '') as v from iu_core.dot_run r`);
  const others = await trial.value<string>(`select (select string_agg(q::text, '') from public.apr_requests q)
    || (select string_agg(a::text, '') from public.apr_approvals a) || (select string_agg(l::text, '') from public.vps_deploy_log l) as v`);
  for (const text of [...said, rows, others]) {
    for (const secret of [...bodies, 'OPENSSH PRIVATE KEY']) expect(text.includes(secret)).toBe(false);
  }
  for (const text of [...said, rows]) {
    expect(text.includes(content)).toBe(false);
    expect(text).not.toMatch(/new_content_base64[^s]{1,8}[A-Za-z0-9+/]{200}/);
  }
});
