import * as z from 'zod/mini';
import { C1Error } from './codes.ts';

/** Governed migrations (steps.md, H4): files of the release that may do nothing but call one named gateway function. */
export const MIGRATION_FOLDER = 'migrations';
export const BIND_MIGRATION = `${MIGRATION_FOLDER}/bind-authorize_build_step-handler.sql`;

/** Name of a migration as release.json and the command line have it: right below its folder, so that no path leads out. */
export const migrationFile = z
  .string()
  .check(
    z.maxLength(120),
    z.regex(
      new RegExp(`^${MIGRATION_FOLDER}/[a-z0-9]+([_-][a-z0-9]+)*\\.sql$`),
      `${MIGRATION_FOLDER}/<name>.sql in ASCII small letters, digits, single hyphens and underscores`,
    ),
  );

/** What a migration asks for: which handler an action is bound to. */
export type HandlerBinding = { readonly action_code: string; readonly handler_ref: string };

const MOST_BYTES = 16 * 1024;
/** Printable ASCII and line feeds: no look-alike, no invisible character, no carriage return that hides a line. */
const PLAIN = /^[\x20-\x7e\n]*$/;
const CALL = /^select iu_core\.bind_handler\('([a-z][a-z0-9_]{0,62})', '([a-z0-9][a-z0-9_:-]{0,99})'\);$/;

/**
 * The one call of a migration. Whole lines only: a comment, nothing, or the call; so that there is no second statement,
 * no other function, no quoting and no command of psql to be found in it. The text itself is never sent to the database.
 *
 * @throws C1Error REJECT_MIGRATION_STATEMENT
 */
export function parseMigration(bytes: Uint8Array, file: string): HandlerBinding {
  const text = Buffer.from(bytes).toString('latin1');
  if (bytes.length > MOST_BYTES || !PLAIN.test(text)) {
    throw refused(
      file,
      `${bytes.length} bytes, or a character that is not plain ASCII`,
      `at most ${MOST_BYTES} bytes of ASCII`,
    );
  }
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('--'));
  const [line, second] = lines;
  const [, action_code, handler_ref] = CALL.exec(line ?? '') ?? [];
  if (second === undefined && action_code !== undefined && handler_ref !== undefined)
    return { action_code, handler_ref };
  throw refused(file, JSON.stringify((second ?? line ?? '').slice(0, 120)));
}

function refused(
  file: string,
  seen: string,
  expected = "comments and one line select iu_core.bind_handler('<action>', '<handler>');",
): C1Error {
  return new C1Error('REJECT_MIGRATION_STATEMENT', { seen: `${file} with ${seen}`, expected });
}
