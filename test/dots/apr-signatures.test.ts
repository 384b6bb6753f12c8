import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Decision } from '../../domain/apr.ts';
import {
  binFolder,
  execute,
  liveCode,
  must,
  OWNERS,
  ownSecrets,
  propose,
  restore,
  SHELL,
  smallOrder,
  vote,
  withdraw,
} from './support/registrar.ts';
import { codeOf, failure, failureOf, mustRun } from './support/rows.ts';
import { forgedVote, signatureOf, strangersKey } from './support/signatures.ts';
import { createTrial, type Trial } from './support/trial.ts';

let trial: Trial;
let keys: string;
let allowed: string;
let order: unknown;
beforeAll(async () => {
  trial = await createTrial({ staged: false });
  keys = await ownSecrets(trial.runtime);
  allowed = await readFile(signersFile(), 'utf8');
  await mustRun(trial, 'baseline', 'create');
});
afterEach(async () => {
  await writeFile(signersFile(), allowed);
  must(await restore(trial.runtime));
  if (order !== undefined) must(await withdraw(trial.runtime, order));
});
afterAll(() => trial?.dispose());

const TABLE = 'public.apr_requests';
const [FIRST, SECOND] = OWNERS;
const signersFile = () => join(keys, 'allowed_signers');
const hold = (code: string) => expect.objectContaining({ code });
const forge = (sql: string, table = 'public.apr_approvals') => trial.tamper([table], sql);
const unforge = (code: string) =>
  forge(`delete from public.apr_approvals where apr_code = '${code}' and voter = '${SECOND}'`);

/** Asks for a patch; each call with another version is another request. */
async function ask(version = '2.0.0'): Promise<string> {
  order = await smallOrder(trial.runtime, { version });
  must(await propose(trial.runtime, { order }));
  return liveCode(trial.runtime);
}

async function refused(exitCode: number, code: string): Promise<void> {
  const before = [await trial.fingerprint({ intents: false }), await binFolder(trial.runtime)];
  expect(failureOf(await execute(trial.runtime))).toEqual(failure(exitCode, code));
  expect([await trial.fingerprint({ intents: false }), await binFolder(trial.runtime)]).toEqual(before);
}

const forgeVote = (code: string, voter: string, signature: string, decision?: Decision) =>
  forge(forgedVote(code, voter, signature, decision));

describe('a vote counts when it is signed for this very request; then the same request is applied', () => {
  const FORGERIES: readonly (readonly [string, string, (code: string) => Promise<string>])[] = [
    ['that was garbage', 'REJECT_UNKNOWN_SIGNER', async () => 'garbage'],
    [
      'by a key that nobody allowed',
      'REJECT_UNKNOWN_SIGNER',
      async (code) => signatureOf(trial.runtime, code, SECOND, { key: await strangersKey() }),
    ],
    [
      'with the key of another owner',
      'REJECT_UNKNOWN_SIGNER',
      (code) => signatureOf(trial.runtime, code, SECOND, { key: join(keys, FIRST) }),
    ],
    [
      'with the key of the proposer',
      'REJECT_UNKNOWN_SIGNER',
      (code) => signatureOf(trial.runtime, code, SECOND, { key: join(keys, 'operator_1') }),
    ],
    [
      'of another namespace',
      'REJECT_APR_ALTERED',
      (code) => signatureOf(trial.runtime, code, SECOND, { namespace: 'file' }),
    ],
    ['moved from a request that was withdrawn', 'REJECT_APR_ALTERED', (code) => moved(code)],
  ];

  /** His signature over another request. */
  async function moved(code: string): Promise<string> {
    const { rows } = await (await trial.runtime.pool('auditor_ro')).query(
      `select signature from public.apr_approvals where voter = $1 and apr_code <> $2 and apr_code like 'APR-C1-%'
        order by at desc limit 1`,
      [SECOND, code],
    );
    return rows[0].signature;
  }

  test.each(FORGERIES)('a second one %s does not', async (_, refusal, forged) => {
    await ask('1.9.9');
    await vote(trial.runtime, SECOND);
    must(await withdraw(trial.runtime, order));
    const code = await ask();
    await vote(trial.runtime, FIRST);
    await forgeVote(code, SECOND, await forged(code));
    await refused(4, refusal);
    await unforge(code);
    await vote(trial.runtime, SECOND);
    expect(codeOf(await execute(trial.runtime))).toBe('OK_APPLIED');
  });

  test('one decision turned into the other does not', async () => {
    const code = await ask();
    await vote(trial.runtime, FIRST);
    await forgeVote(code, SECOND, await signatureOf(trial.runtime, code, SECOND), 'deny');
    await refused(4, 'REJECT_APR_ALTERED');
    await forge(`update public.apr_approvals set decision = 'approve' where apr_code = '${code}'`);
    expect(codeOf(await execute(trial.runtime))).toBe('OK_APPLIED');
  });
});

describe('a key counts once', () => {
  const shared = async (...names: readonly string[]) => {
    const [type, key] = (await readFile(join(keys, `${names[0]}.pub`), 'utf8')).split(' ');
    await writeFile(signersFile(), `${names.join(',')} namespaces="c1-apr" ${type} ${key}\n${allowed}`);
  };
  const voteWith = (name: string) => vote(trial.runtime, SECOND, 'approve', { keyFile: join(keys, name) });

  test('the proposer under the name of an owner is refused at the vote, and at the write', async () => {
    const code = await ask();
    await vote(trial.runtime, FIRST);
    await shared('operator_1', SECOND);
    await expect(voteWith('operator_1')).rejects.toEqual(hold('REJECT_SELF_APPROVAL'));
    await forgeVote(code, SECOND, await signatureOf(trial.runtime, code, SECOND, { key: join(keys, 'operator_1') }));
    await refused(4, 'REJECT_SELF_APPROVAL');
    await unforge(code);
    await voteWith(SECOND);
    expect(codeOf(await execute(trial.runtime))).toBe('OK_APPLIED');
  });

  test('two owners with one key are one owner', async () => {
    const code = await ask();
    await vote(trial.runtime, FIRST);
    await shared(FIRST, SECOND);
    await voteWith(FIRST);
    await refused(4, 'REJECT_SELF_APPROVAL');
    await unforge(code);
    await voteWith(SECOND);
    expect(codeOf(await execute(trial.runtime))).toBe('OK_APPLIED');
  });

  test("a key of one's own that was listed counts; with nobody listed no signature does", async () => {
    await ask();
    const own = await strangersKey();
    const voteOwn = () => vote(trial.runtime, SECOND, 'approve', { keyFile: own });
    await vote(trial.runtime, FIRST);
    await expect(voteOwn()).rejects.toEqual(hold('REJECT_UNKNOWN_SIGNER'));
    const [type, key] = (await readFile(`${own}.pub`, 'utf8')).split(' ');
    await appendFile(signersFile(), `${SECOND} namespaces="c1-apr" ${type} ${key}\n`);
    await voteOwn();
    const listed = await readFile(signersFile(), 'utf8');
    await writeFile(signersFile(), '');
    await refused(3, 'HOLD_SIGNERS_MISSING');
    await writeFile(signersFile(), listed);
    expect(codeOf(await execute(trial.runtime))).toBe('OK_APPLIED');
  });

  test('the proposer who is an owner votes for nobody', async () => {
    await trial.withConfig({ operator: FIRST }, () => ask());
    await expect(vote(trial.runtime, FIRST)).rejects.toEqual(hold('REJECT_SELF_APPROVAL'));
    await vote(trial.runtime, SECOND);
    await refused(3, 'HOLD_APR_AWAITING_QUORUM');
  });
});

describe('a request that was altered after it was approved is not applied', () => {
  const CASES: readonly (readonly [string, string, string])[] = [
    ['what it asks for', `proposed_action = jsonb_set(proposed_action, '{version}', '"9.9.9"')`, 'HOLD_DRIFT'],
    [
      'its new file',
      `proposed_action = jsonb_set(proposed_action, '{new_content_base64}', '"${btoa(`${SHELL}#`)}"')`,
      'HOLD_DRIFT',
    ],
    ['its risk', `risk_class = 'low'`, 'HOLD_DRIFT'],
    ['its proposer', `proposer = '${SECOND}'`, 'REJECT_UNKNOWN_SIGNER'],
    ['its signature', `proposer_signature = 'x'`, 'REJECT_UNKNOWN_SIGNER'],
  ];
  test.each(CASES)('%s', async (_, change, code) => {
    const apr = await ask();
    for (const owner of OWNERS) await vote(trial.runtime, owner);
    const kept = await trial.value<string>(`select to_jsonb(q)::text as v from ${TABLE} q where apr_code = $1`, [apr]);
    await forge(`update ${TABLE} set ${change} where apr_code = '${apr}'`, TABLE);
    await refused(code === 'HOLD_DRIFT' ? 3 : 4, code);
    const columns = 'proposed_action, risk_class, proposer, proposer_signature';
    await forge(
      `update ${TABLE} q set (${columns}) = (select ${columns} from
      jsonb_populate_record(null::${TABLE}, $json$${kept}$json$)) where apr_code = '${apr}'`,
      TABLE,
    );
    expect(codeOf(await execute(trial.runtime))).toBe('OK_APPLIED');
  });
});
