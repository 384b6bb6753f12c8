import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf, type Json } from '../../domain/canonical.ts';
import type { Delta, Image } from '../../domain/deltas.ts';
import { type DotCode, loginOf } from '../../domain/dots.ts';
import { delta } from '../../domain/plans/plan.ts';
import { binFolder, execute, liveCode, must, OWNERS, propose, restore, vote } from '../dots/support/registrar.ts';
import { codeOf, mustRun } from '../dots/support/rows.ts';
import { signatureOf } from '../dots/support/signatures.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';
import { as } from '../runtime/guards/support/attempt.ts';
import { applied, runOf, type TestRun, writing } from '../runtime/guards/support/runs.ts';

/** Ways around W1: gateway functions called by hand, with a stolen login (steps.md, "Stops"). */
let trial: Trial;
let code: string;
let pending: Image;
beforeAll(async () => {
  trial = await createTrial({ staged: false });
  await mustRun(trial, 'baseline', 'create');
  must(await propose(trial.runtime));
  code = await liveCode(trial.runtime);
  pending = await image();
});
afterAll(() => trial?.dispose());

const [FIRST, SECOND] = OWNERS;
const ref = () => ({ surface: 'apr_requests' as const, key: code });
const image = () =>
  trial.value<Image>(`select x.image as v from iu_core.surface_rows('apr_requests', array[$1]) x`, [code]);

async function unchanged(act: () => Promise<void>): Promise<void> {
  const before = await trial.fingerprint({ intents: false });
  await act();
  expect(await trial.fingerprint({ intents: false })).toBe(before);
}

/** A request whose code is made of its content, on a DOT that none is live on. */
function patch(changes: object): object {
  const dot_code = 'DOT_SPECIES_MAP';
  const base = { dot_code, file_path: '/opt/incomex/dot/bin/dot-species-map', staged_files: [], alias: null };
  const proposed_action = { ...base, ...changes } as Json;
  const digest = digestOf({ action_code: 'patch_ops_code', proposed_action }).slice(0, 16);
  return { proposed_action, apr_code: `APR-C1-${dot_code}-${digest}` };
}

function brings(file: object): object {
  return patch({ staged_files: [{ ...file, sha256: '0'.repeat(64) }] });
}

type Write = readonly [surface: string, op: 'insert' | 'update' | 'retire', row: Image];

/** A run by hand with a login of one's own: what a stolen password, or a bin without checks, can do at most. */
async function byHand(login: string, run: TestRun, ...writes: readonly Write[]): Promise<string> {
  return as(trial.runtime, login, (client) => applied(client, run, ...writes.map((one) => writing(...one))));
}

function runBy(dot: DotCode, deltas: readonly [Delta, ...Delta[]], options: object = {}): TestRun {
  return runOf(dot, deltas, { step: 'W1', resource: 'registrar', ...options });
}

describe('the gateway, called by hand', () => {
  const ballot = (voter: string, decision = 'approve', signature = 'x') => ({
    apr_code: code,
    voter,
    decision,
    signature,
  });
  const cast = (vote_: Image, options: object = {}) =>
    runBy(
      'DOT_APR_VOTE',
      [delta({ surface: 'apr_approvals', key: `${code}/${String(vote_.voter)}` }, 'insert', null, vote_)],
      {
        ...{ step: 'VOTE', kind: 'vote', resource: 'by-hand' },
        ...options,
      },
    );
  const close = (status: string) => delta(ref(), 'retire', pending, { ...pending, status });

  test('takes a vote of nobody but the voter himself: not of a superuser, not of another DOT, not of another owner', async () => {
    await unchanged(async () => {
      for (const login of ['postgres', 'dot_310', 'dot_apr_propose'])
        expect([login, await byHand(login, cast(ballot(FIRST)))]).toEqual([login, 'REJECT_NOT_ALLOWED']);
      expect(await byHand(FIRST, cast(ballot(SECOND)), ['apr_approvals', 'insert', ballot(SECOND)])).toBe(
        'REJECT_NOT_ALLOWED',
      );
    });
  });

  test('closes no request as denied without a denial in the same run', async () => {
    const run = runBy('DOT_APR_VOTE', [close('denied')], {
      direction: 'retire',
      kind: 'vote',
      resource: 'registrar-request',
    });
    await unchanged(async () => {
      expect(await byHand(FIRST, run, ['apr_requests', 'retire', { ...pending, status: 'denied' }])).toBe(
        'REJECT_NOT_ALLOWED',
      );
    });
  });

  const dispatch = (more: readonly Delta[] = []) =>
    runBy('DOT-310', [delta(ref(), 'update', pending, { ...pending, status: 'applied' }), ...more]);
  const deploy = (changes: Image = {}) => {
    const action = pending.proposed_action as { readonly new_content_base64: string; readonly version: string };
    const row = {
      ...{
        file: '/opt/incomex/dot/bin/dot-dot-register',
        request_ref: code,
        version: action.version,
        status: 'success',
      },
      ...{ sha256: action.new_content_base64.replace('sha256:', ''), is_known_good: true, ...changes },
    };
    return delta({ surface: 'vps_deploy_log', key: `${row.file}/${code}/${row.status}` }, 'insert', null, row);
  };

  const applying = (): Write => ['apr_requests', 'update', { ...pending, status: 'applied' }];

  test('applies no request without quorum, and logs no deploy but the one that the request names', async () => {
    await unchanged(async () => {
      expect(await byHand('dot_310', dispatch(), applying())).toBe('HOLD_APR_AWAITING_QUORUM');
    });
    await vote(trial.runtime, FIRST);
    // A vote with a signature that is none counts for the database, and for no bin.
    expect(await byHand(SECOND, cast(ballot(SECOND)), ['apr_approvals', 'insert', ballot(SECOND)])).toBe('accepted');
    expect(codeOf(await execute(trial.runtime))).toBe('REJECT_UNKNOWN_SIGNER');
    await unchanged(async () => {
      for (const changes of [
        { file: '/opt/incomex/dot/bin/dot-apr-execute' },
        { sha256: '0'.repeat(64) },
        { version: '9.9.9' },
        { status: 'restored' },
        { is_known_good: false },
        { request_ref: 'APR-2025-0007' },
      ]) {
        const log = deploy(changes);
        const outcome = await byHand('dot_310', dispatch([log]), applying(), [
          'vps_deploy_log',
          'insert',
          log.after ?? {},
        ]);
        expect([changes, outcome]).toEqual([changes, 'REJECT_NOT_ALLOWED']);
      }
    });
  });

  test("takes a second vote neither by hand nor moved from another request into the voter's own login", async () => {
    await trial.tamper(
      ['public.apr_approvals'],
      `delete from public.apr_approvals where voter = '${SECOND}' and apr_code = '${code}'`,
    );
    const signature = (await signatureOf(trial.runtime, code, SECOND)).trim();
    expect(codeOf(await execute(trial.runtime))).toBe('HOLD_APR_AWAITING_QUORUM');
    await unchanged(async () => {
      const again = { ...ballot(FIRST, 'approve', signature) };
      expect(await byHand(FIRST, cast(again), ['apr_approvals', 'insert', again])).toBe('REJECT_VOTED_TWICE');
    });
  });

  test('applied by hand on votes without signatures, moves no file; with signatures the bin brings the files, and takes all back', async () => {
    expect(await byHand(SECOND, cast(ballot(SECOND)), ['apr_approvals', 'insert', ballot(SECOND)])).toBe('accepted');
    const log = deploy();
    expect(await byHand('dot_310', dispatch([log]), applying(), ['vps_deploy_log', 'insert', log.after ?? {}])).toBe(
      'accepted',
    );
    const before = await binFolder(trial.runtime);
    expect(codeOf(await execute(trial.runtime))).toBe('REJECT_UNKNOWN_SIGNER');
    expect(await binFolder(trial.runtime)).toEqual(before);
    const signature = await signatureOf(trial.runtime, code, SECOND);
    await trial.tamper(
      ['public.apr_approvals'],
      `update public.apr_approvals set signature = '${signature}' where apr_code = '${code}' and voter = '${SECOND}'`,
    );
    expect(codeOf(await execute(trial.runtime))).toBe('NOOP_ALREADY_THERE');
    expect(await binFolder(trial.runtime)).not.toEqual(before);
    must(await restore(trial.runtime));
    expect(await binFolder(trial.runtime)).toEqual(before);
  });

  const other = (changes: Image): readonly [TestRun, Write] => {
    const row: Image = {
      ...pending,
      proposer: 'operator_1',
      proposer_signature: '-----BEGIN SSH SIGNATURE-----',
      ...changes,
    } as Image;
    const run = runBy(
      'DOT_APR_PROPOSE',
      [delta({ surface: 'apr_requests', key: String(row.apr_code) }, 'insert', null, { ...pending, ...changes })],
      { kind: 'propose' },
    );
    return [run, ['apr_requests', 'insert', row]];
  };
  test.each([
    ['another action', { action_code: 'authorize_build_step' }, 'REJECT_NOT_ALLOWED'],
    ['a lower risk', { risk_class: 'low' }, 'REJECT_NOT_ALLOWED'],
    ['a request that is applied already', { status: 'applied' }, 'REJECT_NOT_ALLOWED'],
    [
      'a file of another DOT',
      { proposed_action: { dot_code: 'DOT-REGISTER', file_path: '/opt/incomex/dot/bin/dot-apr-execute' } },
      'REJECT_PATCH_TARGET',
    ],
    [
      'a file elsewhere',
      { proposed_action: { dot_code: 'DOT-REGISTER', file_path: '/etc/passwd' } },
      'REJECT_PATCH_TARGET',
    ],
    ['a code that is not made of its content', {}, 'REJECT_APR_ALTERED'],
    ['files that others live by', brings({ file: 'dot-catalog-sync', dot_code: 'DOT-015' }), 'REJECT_PATCH_TARGET'],
    [
      'a staged file under the name of another',
      brings({ file: 'dot-catalog-sync', dot_code: 'DOT_C1_PREFLIGHT' }),
      'REJECT_PATCH_TARGET',
    ],
    ['an installed file as its second name', patch({ alias: 'dot-catalog-sync' }), 'REJECT_PATCH_TARGET'],
    [
      'a file that is not the one there',
      patch({ replaces: { version: '1.0.0', sha256: '0'.repeat(64) } }),
      'HOLD_DOT_INTERFACE_MISMATCH',
    ],
  ])('takes no proposal of %s', async (_, changes, refusal) => {
    await unchanged(async () => {
      const [run, write] = other({ apr_code: 'APR-C1-DOT-REGISTER-0123456789abcdef', ...changes } as Image);
      expect(await byHand(loginOf('DOT_APR_PROPOSE'), run, write)).toBe(refusal);
    });
  });
});
