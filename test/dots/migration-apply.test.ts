import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AUTHORIZE_ACTION, AUTHORIZE_HANDLER } from '../../domain/handler.ts';
import { BIND_MIGRATION, parseMigration } from '../../domain/migration.ts';
import { root } from '../../engine/root.mjs';
import { bind, bringMigration, deployHandler } from './support/handler.ts';
import { linked, rewrite, unlinked } from './support/patch-trial.ts';
import { codeOf, failure, failureOf, mustRun } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

/** What a governed migration may say, and where it may stand (steps.md, H4). */
const CALL = `select iu_core.bind_handler('${AUTHORIZE_ACTION}', '${AUTHORIZE_HANDLER}');`;

let trial: Trial;
let good: Buffer;
beforeAll(async () => {
  good = await readFile(join(root, BIND_MIGRATION));
  trial = await createTrial({ staged: false });
  await mustRun(trial, 'baseline', 'create');
  await deployHandler(trial.runtime);
});
afterEach(async () => {
  // The same request made good.
  await bringMigration(trial.runtime, good);
  expect(codeOf(await planned())).toBe('OK_PLANNED');
});
afterAll(() => trial?.dispose());

const inRelease = (name: string) => join(trial.runtime.paths.release, name);
const planned = () => bind(trial.runtime, { flags: ['--dry-run'] });

/** Refused with the code, and nothing is written: not even an intent. */
async function refused(exitCode: number, code: string, file = BIND_MIGRATION): Promise<void> {
  const before = await trial.fingerprint();
  for (const flags of [[], ['--retire']]) {
    const answer = await bind(trial.runtime, { file, flags });
    expect([answer.stderr, failureOf(answer)]).toEqual([answer.stderr, failure(exitCode, code)]);
    expect(answer.stderr).not.toContain(trial.runtime.paths.state);
  }
  expect(await trial.fingerprint()).toBe(before);
}

describe('a migration that says more, less or something else than one call is refused', () => {
  const TEXTS: readonly (readonly [string, string])[] = [
    ['two statements', `${CALL}\n${CALL}\n`],
    ['two statements on one line', `${CALL} ${CALL}\n`],
    ['a second statement of another kind', `${CALL}\nselect 1;\n`],
    ['no statement', '-- nothing\n'],
    ['nothing at all', ''],
    ['another function', CALL.replace('bind_handler', 'unbind_handler')],
    ['a function of another name', CALL.replace('bind_handler', 'apr_requests_update')],
    ['another schema', CALL.replace('iu_core.', 'public.')],
    ['no schema', CALL.replace('iu_core.', '')],
    ['a quoted schema', CALL.replace('iu_core', '"iu_core"')],
    ['something behind the semicolon', `${CALL}--\n`],
    ['no semicolon', CALL.slice(0, -1)],
    ['a comment between the words', CALL.replace('select ', 'select /* */ ')],
    ['a block comment', `/* a comment */\n${CALL}\n`],
    ['copy', "copy public.apr_action_types from '/etc/passwd';\n"],
    ['copy of a program', `copy (select 1) to program 'true';\n`],
    ['a do block', `do $$ begin perform ${CALL.slice(7, -1)}; end $$;\n`],
    ['dollar quotes', CALL.replace(`'${AUTHORIZE_ACTION}'`, `$$${AUTHORIZE_ACTION}$$`)],
    ['an escape string', CALL.replace(`'${AUTHORIZE_ACTION}'`, `E'${AUTHORIZE_ACTION}'`)],
    ['a doubled quote', CALL.replace(AUTHORIZE_ACTION, `authorize''build`)],
    ['an expression', CALL.replace(`'${AUTHORIZE_ACTION}'`, `'authorize_' || 'build_step'`)],
    ['a subquery', CALL.replace(`'${AUTHORIZE_HANDLER}'`, "(select 'x')")],
    ['a third argument', CALL.replace("');", "', 'x');")],
    ['another case', CALL.replace('select', 'SELECT')],
    ['a call over two lines', CALL.replace(', ', ',\n')],
    ['white space before it', ` ${CALL}\n`],
    ['a look-alike of a letter', CALL.replace('iu_core', 'iu_c\u043ere')],
    ['a look-alike in a comment', `-- \u0441omment\n${CALL}\n`],
    ['an invisible character', CALL.replace('bind', 'bind\u200b')],
    ['a byte order mark', `\ufeff${CALL}\n`],
    ['a carriage return that hides a line', `-- harmless\rselect 1;\n${CALL}\n`],
    ['a line separator in a comment', `-- harmless\u2028select 1;\n${CALL}\n`],
    ['a zero byte', `${CALL}\0\n`],
    ['a command of psql', `\\! true\n${CALL}\n`],
    ['an include of psql', `\\i other.sql\n`],
    ['a variable of psql', CALL.replace(`'${AUTHORIZE_HANDLER}'`, ":'handler'")],
    ['a transaction of its own', `begin;\n${CALL}\ncommit;\n`],
    ['more than a migration can need', `${CALL}\n${'-- x\n'.repeat(4000)}`],
  ];
  test.each(TEXTS)('%s', async (_, text) => {
    await bringMigration(trial.runtime, text);
    await refused(4, 'REJECT_MIGRATION_STATEMENT');
  });

  test.each([
    ['another action', CALL.replace(AUTHORIZE_ACTION, 'rotate_secret')],
    ['another handler', CALL.replace(AUTHORIZE_HANDLER, 'dot-apr-execute:patch_ops')],
  ])('%s is one call, and still not allowed', async (_, text) => {
    await bringMigration(trial.runtime, text);
    await refused(4, 'REJECT_NOT_ALLOWED');
  });
});

describe('a file that is not the one of the release is refused', () => {
  test('altered by one character, or gone', async () => {
    await rewrite(inRelease(BIND_MIGRATION), `${good}\n`);
    await refused(1, 'ERROR_PAYLOAD_INVALID');
    await rm(inRelease(BIND_MIGRATION));
    await refused(1, 'ERROR_PAYLOAD_INVALID');
  });

  test('a link to the right content, or in a folder that is a link', async () => {
    await linked(inRelease(BIND_MIGRATION));
    await refused(1, 'ERROR_PAYLOAD_INVALID');
    await unlinked(inRelease(BIND_MIGRATION));
    await rename(inRelease('migrations'), inRelease('elsewhere'));
    await symlink('elsewhere', inRelease('migrations'));
    await refused(1, 'ERROR_PAYLOAD_INVALID');
    await rm(inRelease('migrations'));
    await rename(inRelease('elsewhere'), inRelease('migrations'));
  });

  test('a folder of that name', async () => {
    await rm(inRelease(BIND_MIGRATION));
    await mkdir(inRelease(BIND_MIGRATION));
    await refused(1, 'ERROR_PAYLOAD_INVALID');
    await rm(inRelease(BIND_MIGRATION), { recursive: true });
  });

  test('one that the release does not list', async () => {
    await writeFile(inRelease('migrations/other.sql'), good);
    await refused(1, 'ERROR_PAYLOAD_INVALID', 'migrations/other.sql');
  });

  test.each([
    '../release/migrations/bind-authorize_build_step-handler.sql',
    'migrations/../migrations/bind-authorize_build_step-handler.sql',
    'migrations//bind-authorize_build_step-handler.sql',
    './migrations/bind-authorize_build_step-handler.sql',
    '/etc/passwd',
    'bind-authorize_build_step-handler.sql',
    'migrations/bind-authorize_build_step-handler.sql\n',
    'migrations/Bind.sql',
    'migrations/b\u0456nd-authorize_build_step-handler.sql',
    `migrations/${'a'.repeat(200)}.sql`,
    'migrations/.sql',
    '',
  ])('a name that leads elsewhere: %j', async (file) => {
    await refused(1, 'ERROR_PAYLOAD_INVALID', file);
  });

  test('a release without a readable list', async () => {
    const list = await readFile(inRelease('release.json'));
    await rewrite(inRelease('release.json'), 'no JSON');
    await refused(1, 'ERROR_RUNTIME_UNREACHABLE');
    await rewrite(inRelease('release.json'), '{}');
    await refused(1, 'ERROR_PAYLOAD_INVALID');
    await rewrite(inRelease('release.json'), list);
  });
});

test('a payload on standard input and a missing file are usage errors', async () => {
  const line = '--cloud --step H4 --for trial/handler-binding'.split(' ');
  const usage = failure(64, 'ERROR_USAGE');
  expect(failureOf(await trial.runtime.bin('dot-migration-apply', line))).toEqual(usage);
  const file = [...line, '--file', BIND_MIGRATION];
  expect(failureOf(await trial.runtime.bin('dot-migration-apply', file, { stdin: {} }))).toEqual(usage);
});

test('the migration of this program says what the step binds', () => {
  expect(parseMigration(good, BIND_MIGRATION)).toEqual({
    action_code: AUTHORIZE_ACTION,
    handler_ref: AUTHORIZE_HANDLER,
  });
});
