import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageDigest } from '../../dots/evidence/folder.ts';
import { exportOf, keyPair, STACK, scratchFolder } from '../review/support/evidence.ts';

const MAIN = path.resolve(import.meta.dirname, '../../cli/main.ts');
const owner = keyPair();
const other = keyPair();
const scratch = scratchFolder();
const file = (name: string) => path.join(scratch.root, name);

let folder: string;
beforeAll(() => {
  folder = scratch.package(owner);
  writeFileSync(file('owner.pem'), owner.publicKey);
  writeFileSync(file('other.pem'), other.publicKey);
});
afterAll(() => scratch.dispose());

/** In a state folder that nobody made. */
async function verify(...words: readonly string[]) {
  const env = { NO_COLOR: '1', C1_STATE_DIR: file('no-state') };
  const args = [MAIN, 'evidence', 'verify', ...words];
  const { exitCode, stdout, stderr } = await execa(process.execPath, args, { reject: false, env });
  return { exitCode, stdout, stderr };
}

describe('c1 evidence verify', () => {
  test('says what was verified, with its count, and what was not', async () => {
    const { exitCode, stdout, stderr } = await verify(folder, '--key', file('owner.pem'));
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^files +passed, 3: /m);
    expect(stdout).toMatch(/^state +not executed: /m);
    expect(stdout).toContain('REHEARSAL GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION');
    expect(stdout).toContain('LOCAL_STAGING_NOT_SSOT');
  });

  test('says the same as one JSON document, held against the state of the stack', async () => {
    const digest = packageDigest(readFileSync(path.join(folder, 'evidence.dsse.json')));
    const { readback } = JSON.parse(readFileSync(path.join(folder, 'evidence.json'), 'utf8'));
    const answers = { 'w8-gate': { ledgerHead: readback.ledger.head }, 'evidence-package': { digest } };
    writeFileSync(file('state.json'), exportOf(STACK, answers));
    const words = ['--key', file('owner.pem'), '--stack', STACK, '--state', file('state.json'), '--json'];
    const { exitCode, stdout } = await verify(folder, ...words);
    expect(exitCode).toBe(0);
    const said = JSON.parse(stdout);
    expect(said).toMatchObject({ code: 'OK_READ', digest, signer: owner.verify.keyid, stack: STACK });
    expect(said.verified.map(({ outcome }: { outcome: string }) => outcome)).toEqual(Array(7).fill('passed'));
  });

  test.each([
    ['another key', 4, 'REJECT_UNKNOWN_SIGNER', () => ['--key', file('other.pem')]],
    ['another stack', 4, 'REJECT_EVIDENCE_OTHER_STACK', () => ['--key', file('owner.pem'), '--stack', 'other']],
    ['no key at all', 3, 'HOLD_SIGNERS_MISSING', () => []],
    ['a key file that is not there', 64, 'ERROR_USAGE', () => ['--key', file('none.pem')]],
    ['a state that is none', 1, 'ERROR_READ_FAILED', () => ['--key', file('owner.pem'), '--state', file('owner.pem')]],
  ])('refuses with %s, in one line and by its exit status', async (_, exitCode, code, words) => {
    const ended = await verify(folder, ...words());
    expect(ended.stderr).toMatch(new RegExp(`^${code}: seen .*, expected .*\\. Next: .*\\.$`));
    expect(ended.stderr).not.toContain(scratch.root);
    expect([ended.exitCode, ended.stdout]).toEqual([exitCode, '']);
  });

  test('refuses a folder that is not there, by exit status 4', async () => {
    const { exitCode, stderr } = await verify(file('nowhere'), '--key', file('owner.pem'));
    expect([exitCode, stderr.split(':')[0]]).toEqual([4, 'REJECT_EVIDENCE_FILE_MISSING']);
  });

  test('takes who may sign from a list', async () => {
    const { publicKey } = owner;
    const { default: sshpk } = await import('sshpk');
    const line = sshpk.parseKey(publicKey, 'auto').toString('ssh');
    writeFileSync(file('allowed_signers'), `operator_1 namespaces="c1-evidence" ${line}\n`);
    expect((await verify(folder, '--allowed-signers', file('allowed_signers'))).exitCode).toBe(0);
    writeFileSync(file('allowed_signers'), `operator_1 namespaces="c1-apr" ${line}\n`);
    const refused = await verify(folder, '--allowed-signers', file('allowed_signers'));
    expect([refused.exitCode, refused.stderr.split(':')[0]]).toEqual([3, 'HOLD_SIGNERS_MISSING']);
  });

  test('explains itself with examples', async () => {
    const { exitCode, stdout } = await verify('--help');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('npx c1 evidence verify evidence --key operator.pub --stack dryrun');
  });
});
