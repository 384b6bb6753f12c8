import type { Client } from 'pg';
import { canonicalJson } from '../../domain/canonical.ts';
import { GRANT_TARGET } from '../../domain/decision/grant-checks.ts';
import { dotOf } from '../../domain/dots.ts';
import { HANDLER_DOT } from '../../domain/handler.ts';
import { ISSUER_NAME, LIFE_FIXTURES, type LifeFixture, rehearsalFailed } from '../../domain/rehearsal.ts';
import { type BinAnswer, type ReleaseFile, withDisposable } from './disposable.ts';
import type { Host } from './slots.ts';
import { prepareStage, type Stage } from './stage.ts';
import { written } from './written.ts';

/** What each must say beside its code: a dry run that says nothing of what it would do shows nothing. */
type Says = Readonly<Record<LifeFixture, RegExp>>;
export const SAYS: Says = {
  'issue-dry-run': /^would propose, and mint nothing: insert apr_requests\/APR-C1-GRANT-/,
  propose: /insert apr_requests\/APR-C1-GRANT-/,
  'execute-dry-run': /^would dispatch: insert governance_build_authorization\/GBA-C1-APR-C1-GRANT-/,
};

/**
 * H6: the issuer's dry run prints the request and writes nothing; the request that it then makes, which nobody approved,
 * would be dispatched, and is not (seed 003, step 6).
 *
 * @param says what each must say; something else only in a test of this
 * @returns names of the fixtures that ran
 * @throws C1Error HOLD_REHEARSAL_FAILED
 */
export async function runHandlerRehearsal(
  host: Host,
  files: readonly ReleaseFile[],
  says: Says = SAYS,
): Promise<readonly string[]> {
  return withDisposable(host, { files }, async (runtime) => {
    const stage = await prepareStage(runtime);
    const answered = (name: LifeFixture, answer: BinAnswer) => assertSays(name, answer, says[name]);
    const unwritten = async (name: LifeFixture, act: () => Promise<BinAnswer>) =>
      answered(name, await withoutWriting(stage, name, act));
    await unwritten('issue-dry-run', () => issue(stage, '--dry-run'));
    answered('propose', await issue(stage));
    await unwritten('execute-dry-run', () =>
      stage.bin(dotOf(HANDLER_DOT).bin, [...flagsFor('grant'), '--authorize', GRANT_TARGET, '--dry-run']),
    );
    return Object.keys(LIFE_FIXTURES);
  });
}

function issue({ bin, order }: Stage, ...more: readonly string[]): Promise<BinAnswer> {
  const named = ['--manifest-hash', order.manifest_hash ?? '', '--owner', order.owner];
  return bin(ISSUER_NAME, [...flagsFor('grant-request'), ...named, ...more], canonicalJson(order));
}

function flagsFor(resource: string): readonly string[] {
  return ['--cloud', '--step', 'H6', '--for', `rehearsal/${resource}`];
}

async function withoutWriting({ client }: Stage, name: LifeFixture, act: () => Promise<BinAnswer>): Promise<BinAnswer> {
  const before = await fingerprint(client);
  const answer = await act();
  if ((await fingerprint(client)) === before) return answer;
  throw rehearsalFailed(`fixture ${name}`, 'rows that were written', 'a dry run that writes nothing');
}

function assertSays(name: LifeFixture, { code, message, exitCode }: BinAnswer, says: RegExp): void {
  if (code === LIFE_FIXTURES[name] && exitCode === 0 && says.test(message)) return;
  throw rehearsalFailed(`fixture ${name}`, `${code}: ${message}`, `${LIFE_FIXTURES[name]}: ${String(says)}`);
}

async function fingerprint(client: Client): Promise<string> {
  const { rows } = await client.query<{ v: string }>(written());
  return rows[0]?.v ?? '';
}
