import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { restoreHandler, unbind } from '../dots/support/handler.ts';
import { must, ownSecrets, vote } from '../dots/support/registrar.ts';
import { forgedVote, proposersSignature, signatureOf, strangersKey } from '../dots/support/signatures.ts';
import { CLAIMS, GrantTrial, ORDER, REQUESTS, VOTES } from './support/grant-trial.ts';

/** Whose votes count for a grant, over what, and for how long. */
let it: GrantTrial;
let keys: string;
let code: string;
const [FIRST, SECOND] = ['voter_owner_1', 'voter_owner_2'] as const;
beforeAll(async () => {
  it = await GrantTrial.create();
  keys = await ownSecrets(it.runtime);
});
beforeEach(async () => {
  expect((await it.ask()).exitCode).toBe(0);
  code = await it.code();
});
afterEach(() => it.clear());
afterAll(() => it?.dispose());

const cast = (voter: string, options: { keyFile?: string } = {}) =>
  vote(it.runtime, voter, 'approve', { code, ...options });
const refusal = (name: string) => expect.objectContaining({ code: name });
const forge = (voter: string, signature: string, of = code) =>
  it.trial.tamper([VOTES], forgedVote(of, voter, signature));
const forget = (voter: string) =>
  it.trial.tamper([VOTES], `delete from ${VOTES} where apr_code = '${code}' and voter = '${voter}'`);
const mint = () => it.authorize();
const minted = () => it.taken(mint);

describe('a vote', () => {
  test('by the proposer, an unknown key or a key of somebody else is refused when it is cast', async () => {
    const stranger = await strangersKey();
    await it.unchanged(async () => {
      await expect(cast(FIRST, { keyFile: stranger })).rejects.toEqual(refusal('REJECT_UNKNOWN_SIGNER'));
      await expect(cast(FIRST, { keyFile: join(keys, SECOND) })).rejects.toEqual(refusal('REJECT_UNKNOWN_SIGNER'));
      await expect(cast(FIRST, { keyFile: join(keys, 'operator_1') })).rejects.toEqual(
        refusal('REJECT_UNKNOWN_SIGNER'),
      );
    });
    await it.approve();
    await minted();
  });

  test('is one for each owner', async () => {
    await cast(FIRST);
    await it.unchanged(async () => {
      expect((await cast(FIRST)).json.code).toBe('NOOP_ALREADY_THERE');
      await expect(vote(it.runtime, FIRST, 'deny', { code })).rejects.toEqual(refusal('REJECT_VOTED_TWICE'));
    });
    await it.refused('HOLD_APR_AWAITING_QUORUM', mint);
    await cast(SECOND);
    await minted();
  });

  test('that somebody wrote past the guards counts with the signature of an allowed key over this very request', async () => {
    await cast(FIRST);
    for (const [signature, said] of [
      ['none', 'REJECT_UNKNOWN_SIGNER'],
      [await signatureOf(it.runtime, code, SECOND, { key: await strangersKey() }), 'REJECT_UNKNOWN_SIGNER'],
      [await signatureOf(it.runtime, code, SECOND, { key: join(keys, FIRST) }), 'REJECT_UNKNOWN_SIGNER'],
      [await signatureOf(it.runtime, code, SECOND, { namespace: 'c1-dry-run' }), 'REJECT_APR_ALTERED'],
      [await signatureOf(it.runtime, code, FIRST), 'REJECT_UNKNOWN_SIGNER'],
    ] as const) {
      await forge(SECOND, signature);
      await it.refused(said, mint);
      await forget(SECOND);
    }
    await forge(SECOND, await signatureOf(it.runtime, code, SECOND));
    await minted();
  });

  test('of the proposer himself counts for nothing, and neither does his key under another name', async () => {
    await cast(FIRST);
    await forge('operator_1', await signatureOf(it.runtime, code, 'operator_1', { key: join(keys, 'operator_1') }));
    await it.refused('REJECT_SELF_APPROVAL', mint);
    await forget('operator_1');
    const list = join(keys, 'allowed_signers');
    const kept = readFileSync(list, 'utf8');
    writeFileSync(list, kept.replace(/^operator_1 /m, `operator_1,${SECOND} `));
    await forge(SECOND, await signatureOf(it.runtime, code, SECOND, { key: join(keys, 'operator_1') }));
    await it.refused('REJECT_SELF_APPROVAL', mint);
    writeFileSync(list, kept);
    await forget(SECOND);
    await cast(SECOND);
    await minted();
  });

  test('does not move to another request: not to the next one with the same order, not to one of another order', async () => {
    const mine = await signatureOf(it.runtime, code, SECOND);
    await it.clear();
    await it.ask();
    code = await it.code();
    await cast(FIRST);
    await forge(SECOND, mine);
    await it.refused('REJECT_APR_ALTERED', mint);
    await forget(SECOND);
    await cast(SECOND);
    await minted();
  });
});

describe('a request', () => {
  test('that was edited after it was signed is nothing that anybody can approve, and nothing is minted from it', async () => {
    await it.approve();
    const ttl = '{"ttl_seconds":604800}';
    const claimed = `image = jsonb_set(image, '{proposed_action,ttl_seconds}', '604800')`;
    await it.whileSo(REQUESTS, `proposed_action = proposed_action || '${ttl}'`, `apr_code = '${code}'`, () =>
      it.whileSo(CLAIMS, claimed, `surface = 'apr_requests' and key = '${code}'`, async () => {
        await it.refused('REJECT_APR_ALTERED', mint);
        // Signed anew by the proposer, its code is still that of another content.
        const anew = await proposersSignature(it.runtime, code);
        await it.whileSo(REQUESTS, `proposer_signature = $s$${anew}$s$`, `apr_code = '${code}'`, () =>
          it.refused('REJECT_APR_ALTERED', mint).then(() => undefined),
        );
        await expect(cast(FIRST)).rejects.toEqual(refusal('REJECT_APR_ALTERED'));
      }),
    );
    await minted();
  });

  test('that an owner denies is closed for good, with every other vote', async () => {
    await cast(FIRST);
    await vote(it.runtime, SECOND, 'deny', { code });
    expect(await it.statusOf(code)).toBe('denied');
    await it.refused('HOLD_APR_MISSING', mint);
    await it.ask();
    expect(await it.code()).not.toBe(code);
    await it.approve();
    await minted();
  });

  test('has its quorum lost by a denial behind the guards, by time, and by a revoked key', async () => {
    await it.approve();
    const third = await signatureOf(it.runtime, code, FIRST);
    await it.trial.tamper([VOTES], forgedVote(code, 'voter_owner_3', third, 'deny'));
    await it.refused('REJECT_UNKNOWN_SIGNER', mint);
    await forget('voter_owner_3');
    await it.whileSo(
      VOTES,
      `at = now() - interval '3 days 1 second'`,
      `apr_code = '${code}' and voter = '${FIRST}'`,
      async () => {
        expect(await it.refused('HOLD_APR_AWAITING_QUORUM', mint)).toContain('1 more than 3 days old');
      },
    );
    await it.whileSo(VOTES, `at = now() - interval '2 days 23 hours'`, `apr_code = '${code}'`, () =>
      it.unchanged(() => it.taken(() => it.authorize('--dry-run'), 'OK_PLANNED')),
    );
    revoke(FIRST);
    await it.refused('REJECT_SIGNER_REVOKED', mint);
    unrevoke();
    await minted();
  });
});

describe('a revoked key', () => {
  test('neither proposes nor votes, and counts no more where it did', async () => {
    revoke(SECOND);
    await cast(FIRST);
    await it.unchanged(async () => {
      await expect(cast(SECOND)).rejects.toEqual(refusal('REJECT_SIGNER_REVOKED'));
    });
    unrevoke();
    await cast(SECOND);
    revoke('operator_1');
    await it.refused('REJECT_SIGNER_REVOKED', mint);
    await it.refused('HOLD_APR_PENDING', () => it.ask({ order: { ...ORDER, ttl_seconds: 60 } }));
    unrevoke();
    await it.clear();
    revoke('operator_1');
    await it.refused('REJECT_SIGNER_REVOKED', () => it.ask());
    unrevoke();
    await it.taken(() => it.ask());
    await it.approve();
    await minted();
  });

  test('of a list that cannot be read is not passed over, nor one in the binary form of ssh-keygen', async () => {
    await it.approve();
    const list = join(keys, 'revoked_signers');
    writeFileSync(list, 'no key\n');
    await it.refused('REJECT_SIGNER_REVOKED', mint);
    rmSync(list);
    execFileSync('ssh-keygen', ['-k', '-q', '-f', list, join(keys, `${SECOND}.pub`)]);
    await it.refused('REJECT_SIGNER_REVOKED', mint);
    rmSync(list);
    writeFileSync(list, '');
    await minted();
    rmSync(list);
  });

  test('does not keep what it approved in place: the grant is revoked, and a patch that was applied is rolled back', async () => {
    await it.approve();
    await minted();
    revoke('operator_1', FIRST, SECOND);
    await it.taken(() => it.retire());
    expect(await it.grantStatus(code)).toBe('revoked');
    must(await unbind(it.runtime));
    await it.taken(() => restoreHandler(it.runtime));
    unrevoke();
  });
});

function revoke(...names: readonly string[]): void {
  writeFileSync(
    join(keys, 'revoked_signers'),
    names.map((name) => readFileSync(join(keys, `${name}.pub`), 'utf8')).join(''),
  );
}

function unrevoke(): void {
  rmSync(join(keys, 'revoked_signers'));
}
