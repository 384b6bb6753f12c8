import type { Direction } from '../../domain/deltas.ts';
import type { PendingOperation } from '../stack.ts';
import { askJournal, type Claimed, type JournalWord } from './journal.ts';

/** A pending operation, and what is known of its outcome; `unknown` when neither the journal nor we can tell. */
export interface Judged {
  readonly operation: PendingOperation;
  readonly resource: string;
  readonly outcome: JournalWord['word'] | 'only reads' | 'no effect' | 'completed by the next up' | 'unknown';
  readonly requestId: string | null;
}

/**
 * What became of every operation that the engine had begun. Clearing one whose outcome is known is safe: a bin is one
 * transaction, and run again it answers NOOP or does the whole change (architecture.md, decision 3).
 *
 * @throws C1Error whatever `askJournal` throws
 */
export async function judge(stateDir: string, operations: readonly PendingOperation[]): Promise<readonly Judged[]> {
  const claims = operations.map(claimOf);
  const asked = claims.filter((claim) => claim !== null);
  const words = await askJournal(stateDir, asked);
  return operations.map((operation, at) => {
    const claim = claims[at] ?? null;
    const base = { operation, resource: nameOf(operation) };
    if (claim === null) return { ...base, outcome: effectOf(operation), requestId: null };
    const { word, requestId } = words[asked.indexOf(claim)] ?? { word: 'unknown', requestId: null };
    return { ...base, outcome: word, requestId };
  });
}

const DIRECTIONS: Readonly<Record<string, Direction>> = { creating: 'apply', updating: 'apply', deleting: 'retire' };
const CLAIMANT = /^\.\/(dot-[a-z0-9-]+) .*--for ([a-z0-9-]+)\/([a-z0-9-]+)$/;

function claimOf(operation: PendingOperation): Claimed | null {
  const direction = DIRECTIONS[operation.type];
  const command = commandOf(operation);
  const [, bin, stack, resource] = CLAIMANT.exec(command) ?? [];
  return direction === undefined || bin === undefined || stack === undefined || resource === undefined || isDry(command)
    ? null
    : { bin, stack, resource, direction };
}

/**
 * A component is a name for its children, and a reader or a dry run only reads: none leaves anything behind. The executor's
 * deploy goes by contents: run again, it completes what a killed one began, or finds it done.
 */
function effectOf(operation: PendingOperation): 'only reads' | 'no effect' | 'completed by the next up' | 'unknown' {
  const command = commandOf(operation);
  if (command.startsWith('./c1-reader ') || isDry(command)) return 'only reads';
  if (command.startsWith('./executor-deploy ')) return 'completed by the next up';
  return operation.resource.type.startsWith('c1:') ? 'no effect' : 'unknown';
}

function isDry(command: string): boolean {
  return /^\.\/dot-.* --dry-run( |$)/.test(command);
}

/** The command line that the engine had started. */
function commandOf({ type, resource: { type: kind, inputs } }: PendingOperation): string {
  if (kind !== 'command:local:Command') return '';
  const command = type === 'deleting' ? (inputs.delete ?? inputs.create) : inputs.create;
  return typeof command === 'string' ? command : '';
}

function nameOf({ resource }: PendingOperation): string {
  return resource.urn.split('::').at(-1) ?? resource.urn;
}
