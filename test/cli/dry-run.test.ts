import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pWaitFor from 'p-wait-for';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canonicalJson, type Json } from '../../domain/canonical.ts';
import { type CheckoutCopy, checkoutCopy } from './support/checkout-copy.ts';

// One stack to HALT, and what reviewer and owner do then; each test goes on where the one before ended.
let copy: CheckoutCopy;
beforeAll(async () => {
  copy = await checkoutCopy();
  expect((await copy.bootstrap('cli/setup.ts')).exitCode).toBe(0);
}, 180_000);
afterAll(() => copy?.dispose());

const LONG = 240_000;
const KINDS = ['reviewer_confirmation', 'owner_authorization'] as const;
type Kind = (typeof KINDS)[number];
const file = (kind: Kind) => `${kind}.json`;

const sign = (kind: Kind, ...words: readonly string[]) =>
  copy.c1('dry-run', 'sign', '--kind', kind, '--out', join(copy.stateDir, file(kind)), ...words);
const dryRunWords = (...words: readonly string[]) => [
  'dry-run',
  ...['--confirmation', join(copy.stateDir, file('reviewer_confirmation'))],
  ...['--authorization', join(copy.stateDir, file('owner_authorization')), ...words],
];
const dryRun = (...words: readonly string[]) => copy.c1(...dryRunWords(...words));

const READY = 'REHEARSAL GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION';
const dryRunFolders = () =>
  readdirSync(join(copy.stateDir, 'evidence'))
    .filter((name) => /-dry-run-[^.]+$/.test(name))
    .map((name) => join(copy.stateDir, 'evidence', name));

const grants = () =>
  copy.behindTheGuards<{ status: string; n: number }>(
    'select status, count(*)::int as n from public.governance_build_authorization group by 1 order by 1',
  );
const rows = () => copy.behindTheGuards(`select line from iu_core.live_snapshot() line order by 1`);

/** Refused with that code, and nothing was written by it. */
async function refused(code: string, work: () => Promise<{ exitCode: number; stdout: string; stderr: string }>) {
  const before = await rows();
  const { exitCode, stdout, stderr } = await work();
  expect([stderr.replace(/^❯.*\n/gm, '').split(':')[0], stdout]).toEqual([code, '']);
  expect(exitCode).toBe(code.startsWith('HOLD') ? 3 : code.startsWith('ERROR') ? 1 : 4);
  expect(await rows()).toEqual(before);
  return stderr;
}

test(
  'before HALT there is nothing to sign for, and a dry run without statements says who has to sign',
  async () => {
    expect((await copy.c1('dry-run', '--help')).stdout).toContain('npx c1 dry-run sign --kind owner_authorization');
    expect(await refused('HOLD_EVIDENCE_MISSING', () => sign('owner_authorization'))).toContain('through W9');
    expect((await copy.apply()).exitCode).toBe(0);
    expect(await refused('HOLD_DRYRUN_NOT_AUTHORIZED', () => copy.c1('dry-run'))).toMatch(
      /seen no reviewer_confirmation.*Next: npx c1 dry-run sign/,
    );
  },
  LONG,
);

test(
  'a statement is signed by its own signer, over whole evidence, for a while',
  async () => {
    const reviewersKey = join(copy.stateDir, 'secrets', 'ssh', 'reviewer_1');
    await refused('HOLD_DRYRUN_NOT_AUTHORIZED', () => sign('owner_authorization', '--key', reviewersKey));
    await refused('HOLD_DRYRUN_NOT_AUTHORIZED', () => sign('owner_authorization', '--as', 'voter_owner_1'));
    const asFolder = await copy.c1('dry-run', 'sign', '--kind', 'owner_authorization', '--out', copy.stateDir);
    expect(asFolder.stderr).toMatch(/^ERROR_USAGE: seen no place for /);
    for (const hours of ['0', '-1', '169', '1.5', 'x']) {
      expect((await sign('owner_authorization', '--valid-for', hours)).stderr).toMatch(/^ERROR_USAGE: seen .*1 to 168/);
    }
    const page = join(copy.stateDir, 'evidence', 'dryrun', 'evidence.html');
    const whole = readFileSync(page, 'utf8');
    writeFileSync(page, `${whole} `);
    await refused('REJECT_EVIDENCE_ALTERED', () => sign('owner_authorization'));
    writeFileSync(page, whole);
    for (const kind of KINDS) expect((await sign(kind)).stderr).toBe('');
  },
  LONG,
);

test(
  'evidence that is lost is made anew when somebody asks for it, and what was signed over the old one authorizes nothing',
  async () => {
    const [own, old] = [join(copy.stateDir, 'evidence', 'dryrun'), join(copy.stateDir, 'old')];
    const packet = () => copy.c1('review-packet', '--out', join(copy.stateDir, 'packet.md'));
    expect((await packet()).exitCode).toBe(0);
    renameSync(own, old);
    await refused('HOLD_EVIDENCE_MISSING', packet);
    const lost = await refused('HOLD_EVIDENCE_MISSING', () => sign('owner_authorization'));
    expect(lost).toMatch(/raise c1:evidenceGeneration/);
    expect((await copy.pulumi('config', 'set', 'c1:evidenceGeneration', '2', '--stack', 'dryrun')).exitCode).toBe(0);
    const granted = await grants();
    const applied = await copy.apply();
    expect([applied.exitCode, applied.stdout]).toEqual([0, expect.stringContaining(READY)]);
    expect(await grants()).toEqual(granted);
    expect(await refused('HOLD_DRYRUN_NOT_AUTHORIZED', () => dryRun())).toMatch(/over other evidence/);
    // Nor does the old one stand for the new, whole as it is.
    renameSync(own, `${old}-new`);
    renameSync(old, own);
    expect(await refused('HOLD_EVIDENCE_STALE', () => sign('owner_authorization'))).toMatch(/c1:evidenceGeneration/);
    await refused('HOLD_EVIDENCE_STALE', packet);
    renameSync(own, old);
    renameSync(`${old}-new`, own);
    expect((await packet()).exitCode).toBe(0);
    for (const kind of KINDS) expect((await sign(kind)).stderr).toBe('');
    const preview = await copy.pulumi('preview', '--stack', 'dryrun', '--expect-no-changes');
    expect([preview.exitCode, preview.stdout]).toEqual([0, expect.not.stringContaining('HOLD_')]);
  },
  LONG,
);

test(
  'statements that do not go together, or not with this evidence, authorize nothing',
  async () => {
    const whole = Object.fromEntries(
      KINDS.map((kind) => [kind, readFileSync(join(copy.stateDir, file(kind)), 'utf8')]),
    ) as Record<Kind, string>;
    const { statement } = JSON.parse(whole.owner_authorization) as { statement: Record<string, Json> };
    const put = (kind: Kind, text: string) => writeFileSync(join(copy.stateDir, file(kind)), text);
    const cases: readonly (readonly [string, () => void])[] = [
      ['the reviewer twice', () => put('owner_authorization', whole.reviewer_confirmation)],
      ['by one key', () => put('owner_authorization', resign({ ...statement, signer: 'reviewer_1' }, 'reviewer_1'))],
      [
        'over another digest',
        () => put('owner_authorization', resign({ ...statement, evidence_digest: 'f'.repeat(64) })),
      ],
      ['over', () => put('owner_authorization', resign({ ...statement, expires_at: '2020-01-01T00:00:00Z' }))],
      ['for another stack', () => put('owner_authorization', resign({ ...statement, stack: 'vps' }))],
      ['edited', () => put('owner_authorization', whole.owner_authorization.replace(/"2\d{3}-/, '"2098-'))],
      ['no statement', () => put('owner_authorization', '{}')],
      ['a file twice over', () => put('owner_authorization', '{"statement":{},"statement":{}}')],
    ];
    for (const [name, spoil] of cases) {
      spoil();
      expect([name, (await refused('HOLD_DRYRUN_NOT_AUTHORIZED', () => dryRun())).length > 0]).toEqual([name, true]);
      put('owner_authorization', whole.owner_authorization);
    }
    expect(await grants()).toEqual([{ status: 'active', n: 1 }]);
  },
  LONG,
);

test(
  'killed in the middle it leaves a HOLD that says so, and the grant as it was',
  async () => {
    const { end, ended } = copy.startC1(...dryRunWords());
    await pWaitFor(() => dryRunFolders().length > 0, { interval: 10, timeout: 60_000 });
    end('SIGKILL');
    await ended;
    const [folder = ''] = dryRunFolders();
    const { exitCode, stderr } = await copy.c1('evidence', 'verify', folder);
    expect([exitCode, stderr]).toEqual([3, expect.stringMatching(/^HOLD_EVIDENCE_INCOMPLETE: .*not executed/)]);
    expect(JSON.parse(readFileSync(join(folder, 'dry-run.json'), 'utf8')).verdict).toBe('HOLD_OUTCOME_UNKNOWN');
    expect(await grants()).toEqual([{ status: 'active', n: 1 }]);
  },
  LONG,
);

test(
  'authorized by both: every part passes, the grant is used once, and the folder says so to whoever checks it',
  async () => {
    // Two at once: one uses the grant, the other finds it used and writes nothing over what the first one found.
    const both = await Promise.all([dryRun('--json'), dryRun('--json')]);
    const [{ exitCode, stdout, stderr }, second] = both.toSorted((left, right) => left.exitCode - right.exitCode) as [
      (typeof both)[0],
      (typeof both)[1],
    ];
    expect([second.exitCode, second.stderr]).toEqual([4, expect.stringMatching(/^REJECT_AUTH_ALREADY_CONSUMED/m)]);
    expect([exitCode, stderr]).toEqual([0, expect.stringMatching(/^❯ preflight\n/m)]);
    const answer = JSON.parse(stdout) as Record<string, Json> & { folder: string };
    expect(answer).toMatchObject({
      ...{ code: 'GOVERNED_C1_DRYRUN_EXECUTED', verdict: 'REHEARSAL GOVERNED_C1_DRYRUN_EXECUTED' },
      result: { engineering: 'PASS', authority: 'NOT PASS' },
      build: { operations: 14, agreeing: 3, seal: 'WITHHELD_DRY_RUN', rows_before: 0, rows_after: 0 },
    });
    expect(new Set(Object.values((answer.build as { computations: object }).computations)).size).toBe(1);
    expect(await grants()).toEqual([{ status: 'consumed', n: 1 }]);
    const verified = await copy.c1('evidence', 'verify', join(copy.folder, answer.folder), '--stack', 'dryrun');
    expect(verified.stdout).toMatch(/^signers +passed, 2/m);
    expect(verified.exitCode).toBe(0);
  },
  LONG,
);

test(
  'a second one is refused before its first command; the halt says what is needed next, and a destroy takes all of it back',
  async () => {
    await refused('REJECT_AUTH_ALREADY_CONSUMED', () => dryRun());
    const preview = await copy.pulumi('preview', '--stack', 'dryrun');
    expect(preview.exitCode).toBe(0);
    expect(preview.stdout).toMatch(/HOLD_PREFLIGHT_NOT_READY: seen no grant that can still be used/);
    expect((await copy.pulumi('destroy', '--stack', 'dryrun', '--yes', '--skip-preview')).exitCode).toBe(0);
  },
  LONG,
);

/** As `ssh-keygen` signs it for whoever has the key. */
function resign(statement: Record<string, Json>, signer = 'owner_1'): string {
  const key = join(copy.stateDir, 'secrets', 'ssh', signer);
  const words = ['-Y', 'sign', '-q', '-n', 'c1-dry-run', '-f', key];
  const signature = execFileSync('ssh-keygen', words, { input: canonicalJson(statement), encoding: 'utf8' });
  return JSON.stringify({ statement, signature });
}
