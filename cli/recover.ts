import type { Command } from 'commander';
import { stateDirOf } from '../runtime/paths.ts';
import { STACK } from './engine.ts';
import { printAnswer } from './output.ts';
import type { Lock } from './recover/locks.ts';
import type { Judged } from './recover/pending.ts';
import { type Recovery, recover } from './recover/recovery.ts';
import { assertStateOfProgram } from './stack.ts';

interface Flags {
  readonly stack: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  $ npx c1 recover
  $ npx c1 recover --stack dryrun --dry-run
  $ npx c1 recover && npx pulumi up --stack dryrun`;

/** `c1 recover`: after a killed engine (quality.md, mistake 7: the lock of a file back end has no lease). */
export function addRecover(program: Command): void {
  program
    .command('recover')
    .description('after a killed engine: remove its lock, and clear the operations whose outcome the journal knows')
    .option('--stack <stack>', 'the stack that the engine worked on', STACK)
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async ({ stack, dryRun = false, json = false }: Flags) => {
      const stateDir = stateDirOf(process.env);
      assertStateOfProgram(stateDir);
      const recovery = await recover(stateDir, stack, dryRun);
      await printAnswer({ text: lines(recovery), json: document(recovery) }, json);
    });
}

function lines(recovery: Recovery): readonly string[] {
  const { code, locks, pending, stack } = recovery;
  const blind =
    locks === null ? ['lock     not looked for: this back end does not show it; npx pulumi cancel removes it'] : [];
  if (code === 'NOOP_NOTHING_TO_RECOVER') return [...blind, `nothing to recover on stack ${stack}`];
  return [
    ...blind,
    ...(locks ?? []).map((lock) => lockLine(lock, recovery)),
    ...pending.map((judged) => pendingLine(judged, recovery)),
    recovery.dryRun
      ? `next: npx c1 recover --stack ${stack}`
      : `next: npx pulumi up --stack ${stack}, or destroy where that was what ran`,
  ];
}

function lockLine({ pid, username, hostname }: Lock, { dryRun }: Recovery): string {
  return `lock     of process ${pid} of ${username}@${hostname}, which is gone: ${dryRun ? 'would be removed' : 'removed'}`;
}

const EFFECTLESS: Readonly<Record<string, string>> = {
  'only reads': 'it only reads',
  'no effect': 'a component has no effect of its own',
  'completed by the next up': 'the next up completes it, or finds it done',
};

function pendingLine({ operation, resource, outcome, requestId }: Judged, { dryRun }: Recovery): string {
  const request = requestId === null ? '' : ` (request ${requestId.slice(0, 12)}…)`;
  const done = outcome === 'unknown' ? 'left for a person' : dryRun ? 'would be cleared' : 'cleared';
  const says = EFFECTLESS[outcome] ?? `the journal says ${outcome}${request}`;
  return `pending  ${operation.type} ${resource}: ${outcome === 'unknown' ? 'outcome unknown' : says}; ${done}`;
}

function document({ code, stack, dryRun, locks, pending }: Recovery): Readonly<Record<string, unknown>> {
  return {
    code,
    stack,
    dryRun,
    locks,
    pending: pending.map(({ operation, resource, outcome, requestId }) => ({
      operation: operation.type,
      resource,
      journal: outcome,
      requestId,
    })),
  };
}
