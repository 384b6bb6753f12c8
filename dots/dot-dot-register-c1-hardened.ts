import { InvalidArgumentError, Option } from 'commander';
import { C1Error } from '../domain/codes.ts';
import { C1_DOT_CODES } from '../domain/dots.ts';
import { type DotToolRow, dotToolRow } from '../domain/payloads.ts';
import { dotRegister } from '../domain/plans/dot-register.ts';
import {
  assertCandidates,
  C1_PREFIX,
  HARDENED_VERSION,
  MOST_NEW,
  newByCode,
  type ScannedFile,
} from '../domain/registrar.ts';
import { usage } from './kernel/command.ts';
import { dotFolder, runBin } from './kernel/main.ts';
import { rowPayload } from './kernel/row-payload.ts';
import { readRegistered, scanDotFolder } from './kernel/scan.ts';

/**
 * The registrar after W1: it matches by DOT code, takes only C1's own files, and at most as many as asked for. Without
 * --only it says what is new; with --only it registers that one DOT, whose row comes on standard input.
 */
runBin<DotToolRow>({
  plan: dotRegister,
  version: HARDENED_VERSION,
  summary: 'Registers one named C1 DOT, by its DOT code; without --only, says which C1 DOTs are new.',
  examples: [
    `--cloud --only-prefix ${C1_PREFIX} --dry-run`,
    `--cloud --only-prefix ${C1_PREFIX} --only DOT_C1_PREFLIGHT --max-new 1 --step W4 --for dryrun/tool < row.json`,
  ],
  direction: 'both',
  hasDryRun: true,
  flags: (command) =>
    command
      .addOption(new Option('--only-prefix <prefix>', 'take files of this prefix only').argParser(prefixOf))
      .addOption(new Option('--only <code>', 'register this DOT').choices(C1_DOT_CODES))
      .addOption(new Option('--max-new <n>', 'stop when more files than this are new').argParser(maxNewOf)),
  inspect: async (client, flags) => {
    if (flags.retire === true) return forRetire(flags);
    const files = scanDotFolder(dotFolder()).filter(({ file }) => file.startsWith(String(flags.onlyPrefix ?? '')));
    const found = newByCode(files, await readRegistered(client, files));
    if (flags.only === undefined) return answerWithoutOnly(files, found, flags);
    assertNamed(files, String(flags.only));
    assertCandidates(
      found.filter(({ codes }) => codes.includes(String(flags.only))),
      Number(flags.maxNew ?? 1),
    );
    return null;
  },
  payload: ({ only, onlyPrefix }, stdin) => {
    if (onlyPrefix === undefined) throw usage('no --only-prefix', `--only-prefix ${C1_PREFIX}`);
    return rowPayload(dotToolRow, 'dot_tools', { code: only }, stdin);
  },
});

/** What was registered can be retired whatever became of its file: the claim decides, not the disk. */
function forRetire({ only }: Readonly<Record<string, unknown>>): null {
  if (only === undefined) throw usage('no --only', '--only <code>: one DOT at a time is retired');
  return null;
}

function answerWithoutOnly(
  files: readonly ScannedFile[],
  found: readonly ScannedFile[],
  flags: Readonly<Record<string, unknown>>,
) {
  if (flags.dryRun !== true) throw usage('no --only', '--only <code>: one DOT at a time, or --dry-run');
  if (flags.onlyPrefix !== undefined) assertCandidates(found, Number(flags.maxNew ?? MOST_NEW));
  return { scanned: files.length, new: found.length, files: found.map(({ file }) => file) };
}

/** The file of a DOT carries that DOT's code, and only that. */
function assertNamed(files: readonly ScannedFile[], code: string): void {
  const name = code.toLowerCase().replaceAll('_', '-');
  const file = files.find((found) => found.file === name);
  if (file !== undefined && file.codes.length === 1 && file.codes[0] === code) return;
  throw new C1Error('C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED', {
    seen: file === undefined ? `no file ${name}` : `${name} with DOT-CODE ${file.codes.join(' and ') || 'missing'}`,
    expected: `${name} with the one line DOT-CODE: ${code}`,
    next: 'npx pulumi up, whose step W1 stages the file',
  });
}

function prefixOf(text: string): string {
  if (/^dot-c1-[a-z0-9-]*$/.test(text)) return text;
  throw new InvalidArgumentError(`${C1_PREFIX} or a longer prefix in ASCII small letters is expected: C1 only.`);
}

function maxNewOf(text: string): number {
  if (/^[1-8]$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`a whole number from 1 to ${MOST_NEW} is expected.`);
}
