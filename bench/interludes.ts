import { join } from 'node:path';
import { readPayloadFiles, readRelease } from '../components/input-files.ts';
import { aprCode, PATCH_ACTION, type PatchProposal } from '../domain/apr.ts';
import { grantOrderOf } from '../domain/grant.ts';
import { AUTHORIZE_ACTION } from '../domain/handler.ts';
import type { ActionTypeRow } from '../domain/manifest.ts';
import { manifestFrom } from '../domain/plans/grant-content.ts';
import { root } from '../engine/root.mjs';
import { VOTER_LOGINS } from '../runtime/roles.ts';
import { actionTypeRows } from '../runtime/seed/authority.ts';
import type { PlannedCommand } from './planned-resources.ts';
import { lastLines, run } from './process.ts';
import type { Program } from './project.ts';
import { quote } from './shell.ts';

/**
 * What a person has to do between two commands of the program, e.g. vote for an approval request: THE one place for it,
 * for pulumi, bash and Ansible alike.
 *
 * All three stop there, and are started again for the rest. What the person does is nobody's time.
 */
export interface Interlude {
  /** Name of the resource whose command cannot succeed without it. */
  readonly before: string;
  /** Code that `pulumi up` stops with. */
  readonly hold: string;
  /** Folders are relative to the program's, as for the program's own commands. */
  readonly commands: readonly PlannedCommand[];
}

export function interludesOf(program: Program): readonly Interlude[] {
  const { proposal, handlerProposal } = readRelease(program.paths.release);
  return [
    {
      before: 'handler-patch',
      hold: 'HOLD_APR_AWAITING_QUORUM',
      commands: votes(program, codeOfPatch(handlerProposal)),
    },
    { before: 'registrar', hold: 'HOLD_APR_AWAITING_QUORUM', commands: votes(program, codeOfPatch(proposal)) },
    { before: 'grant', hold: 'HOLD_APR_AWAITING_QUORUM', commands: votes(program, codeOfGrant()) },
  ];
}

/** Does it. @throws Error with the last lines that a command printed which failed */
export async function perform(folder: string, { commands }: Interlude): Promise<void> {
  for (const { folder: own, line, stdin } of commands) {
    const input = stdin === null ? {} : { input: stdin };
    const ended = await run('/bin/sh', ['-c', line], { cwd: join(folder, own), ...input });
    if (ended.exitCode !== 0) throw new Error(`exit status ${ended.exitCode} of ${line}: ${lastLines(ended.all)}`);
  }
}

/** On a fresh runtime it is the first request of its kind. */
function codeOfPatch(proposal: PatchProposal): string {
  return aprCode(PATCH_ACTION, { ...proposal, incarnation: 0 });
}

/** Of the manifest that a fresh runtime has. */
function codeOfGrant(): string {
  const manifest = manifestFrom(actionTypeRows() as unknown as readonly ActionTypeRow[]);
  const order = grantOrderOf(readPayloadFiles(join(root, 'payloads')).grant, manifest, 1);
  return aprCode(AUTHORIZE_ACTION, { ...order, incarnation: 0 });
}

/** Both stand-in owners approve the request. */
function votes({ paths }: Program, code: string): readonly PlannedCommand[] {
  const c1 = `C1_STATE_DIR=${quote(paths.state)} ${quote(process.execPath)} ${quote(join(root, 'cli', 'main.ts'))}`;
  return VOTER_LOGINS.map((voter) => ({ folder: '.', line: `${c1} apr approve ${code} --as ${voter}`, stdin: null }));
}
