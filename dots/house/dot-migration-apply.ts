import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { C1Error } from '../../domain/codes.ts';
import { type HandlerBinding, MIGRATION_FOLDER, migrationFile, parseMigration } from '../../domain/migration.ts';
import { parsePayload } from '../../domain/payloads.ts';
import { handlerBind } from '../../domain/plans/handler-bind.ts';
import { type Release, release } from '../../domain/release.ts';
import { usage } from '../kernel/command.ts';
import { gatewayCall } from '../kernel/gateway.ts';
import { dotFolder, runBin } from '../kernel/main.ts';
import { readReleased } from '../kernel/release-file.ts';

/**
 * The governed migration mechanism (steps.md, H4): of a migration of the release it takes the one call of a named gateway
 * function, and makes that call itself. No text of a file ever reaches the database.
 */
runBin<HandlerBinding>({
  plan: handlerBind,
  summary: 'Applies a governed migration of the release: one call of a named gateway function. --retire undoes it.',
  examples: [
    '--cloud --step H4 --for dryrun/handler-binding --file migrations/bind-authorize_build_step-handler.sql --dry-run',
    '--cloud --step H4 --for dryrun/handler-binding --file migrations/bind-authorize_build_step-handler.sql',
  ],
  direction: 'both',
  hasDryRun: true,
  flags: (command) => command.requiredOption('--file <file>', `the migration, ${MIGRATION_FOLDER}/<name>.sql`),
  payload: ({ file }, stdin) => {
    if (stdin !== undefined) throw usage('a payload on standard input', 'none: the migration says everything');
    return bindingOf(parsePayload(migrationFile, file, 'file'));
  },
  calls: ({ direction, payload: { action_code, handler_ref } }) => [
    direction === 'apply'
      ? gatewayCall('bind_handler', [action_code, handler_ref])
      : gatewayCall('unbind_handler', [action_code]),
  ],
});

/** Only a migration that release.json lists, and only as it is listed there. */
function bindingOf(file: string): HandlerBinding {
  assertPlainFolder();
  const { migrations } = readList();
  const listed = migrations.find((one) => one.file === file);
  if (listed !== undefined) return parseMigration(readReleased(file, listed.sha256), file);
  throw new C1Error('ERROR_PAYLOAD_INVALID', {
    seen: `${file}, which the release does not list`,
    expected: `one of ${migrations.map((one) => one.file).join(', ')}`,
  });
}

/** A link in the place of the folder would lead out of the release. */
function assertPlainFolder(): void {
  const folder = join(dotFolder(), '..', 'release', MIGRATION_FOLDER);
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new C1Error('ERROR_PAYLOAD_INVALID', {
    seen: `no plain folder ${MIGRATION_FOLDER} in the release`,
    expected: 'the folder that a start brings',
    next: 'npx c1 runtime start, which brings the release, then the same command again',
  });
}

function readList(): Release {
  let text: unknown;
  try {
    text = JSON.parse(readFileSync(join(dotFolder(), '..', 'release', 'release.json'), 'utf8'));
  } catch (cause) {
    const seen = 'no readable release.json beside the bins';
    throw new C1Error('ERROR_RUNTIME_UNREACHABLE', { seen, expected: 'the one that a start brings' }, { cause });
  }
  return parsePayload(release, text, 'release');
}
