import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { C1Error, type Code, isCode } from '../domain/codes.ts';
import type { RowRef, ScopeRef } from '../domain/deltas.ts';
import { C1_COLLECTION, C1_SCHEMA, C1_TABLE } from '../domain/objects.ts';
import { type RuntimeState, runtimeState } from '../domain/runtime-state.ts';
import { type RefsAnswer, rowOf, type Snapshot, snapshotOf } from '../domain/snapshot.ts';
import type { LookUps } from './look-ups.ts';
import { type Reader, RUNS_FOLDER } from './reader.ts';

export interface LiveState {
  readonly state: RuntimeState;
  readonly snapshot: Snapshot;
}

/** Bins that have to be there now, and those that a step of this program brings. */
export interface Bins {
  readonly bins: readonly string[];
  readonly staged: readonly string[];
}

/** Rows that the cross-check compares, whatever steps are declared. */
export const CROSS_CHECKED: readonly RowRef[] = [
  { surface: 'schema_object', key: C1_SCHEMA },
  { surface: 'schema_object', key: C1_TABLE },
];

/**
 * State and rows of the runtime, read by c1-reader in one database snapshot. Awaited before anything is registered, so
 * that the program never sees what its own run writes.
 *
 * @param reader started, and not asked yet
 * @throws C1Error the code that the reader stopped with; ERROR_READ_FAILED when it gave none
 */
export async function readLiveState(refs: readonly ScopeRef[], bins: Bins, reader: Reader): Promise<LiveState> {
  try {
    makeRunsFolder();
    const answer = await answerTo(JSON.stringify({ refs, ...bins }), reader);
    return { state: answer.state, snapshot: snapshotOf(refs, answer.refs) };
  } finally {
    reader.dismiss();
  }
}

async function answerTo(request: string, reader: Reader): Promise<ReturnType<typeof readAnswer>> {
  try {
    await reader.ask(request).catch((cause: unknown) => {
      throw readerFailure(cause);
    });
    return readAnswer(reader.file);
  } finally {
    rmSync(reader.file, { force: true });
  }
}

/**
 * Compares what the look-ups saw with our own snapshot.
 *
 * @throws C1Error HOLD_CROSS_CHECK, ERROR_READ_FAILED
 */
export async function crossCheck(snapshot: Snapshot, lookUps: Promise<LookUps>): Promise<void> {
  const [schemas, tables] = await lookUps.catch(readFailed);
  compare(`schema ${C1_SCHEMA}`, schemas.schemas.includes(C1_SCHEMA), snapshot, C1_SCHEMA);
  const found = tables.tables.some(({ objectName }) => objectName === C1_COLLECTION);
  compare(`table ${C1_TABLE}`, found, snapshot, C1_TABLE);
}

/** The reader validated the rows when it read them; here the state is checked again. A file that is not there is a stop. */
function readAnswer(file: string): { readonly state: RuntimeState; readonly refs: RefsAnswer } {
  try {
    const answer = JSON.parse(readFileSync(file, 'utf8')) as { readonly state: unknown; readonly refs: RefsAnswer };
    return { state: runtimeState.parse(answer.state), refs: answer.refs };
  } catch (cause) {
    const seen = cause instanceof Error ? cause.message : String(cause);
    throw new C1Error('ERROR_READ_FAILED', { seen, expected: 'the whole answer of c1-reader' }, { cause });
  }
}

function compare(what: string, lookedUp: boolean, snapshot: Snapshot, key: string): void {
  const ours = rowOf(snapshot, { surface: 'schema_object', key }) !== null;
  if (ours === lookedUp) return;
  throw new C1Error('HOLD_CROSS_CHECK', {
    seen: `${what} ${lookedUp ? 'present' : 'absent'} by @pulumi/postgresql`,
    expected: `${ours ? 'present' : 'absent'}, as in our own snapshot`,
  });
}

/** The reader's one line on standard error, wherever the plugin's message has put it. */
const READER_LINE = /\b([A-Z][A-Z0-9_]+): seen (.*?), expected (.*?)\. Next: (.*?)\.(?:\n|$)/s;

/** The code that the reader stopped with; ERROR_READ_FAILED when it gave none that is registered. */
export function readerFailure(cause: unknown): C1Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  const [, code, seen, expected, next] = READER_LINE.exec(text) ?? [];
  if (code !== undefined && isCode(code) && seen !== undefined && expected !== undefined && next !== undefined) {
    return new C1Error(code satisfies Code, { seen, expected, next }, { cause });
  }
  if (/not found|No such file|ENOENT/.test(text)) {
    return new C1Error(
      'ERROR_RUNTIME_UNREACHABLE',
      { seen: 'no c1-reader', expected: 'an installed runtime' },
      { cause },
    );
  }
  return new C1Error('ERROR_READ_FAILED', { seen: text.trim(), expected: 'the state of the runtime' }, { cause });
}

function readFailed(cause: unknown): never {
  const seen = cause instanceof Error ? cause.message : String(cause);
  throw new C1Error('ERROR_READ_FAILED', { seen, expected: 'schemas and tables of the runtime' }, { cause });
}

function makeRunsFolder(): void {
  try {
    mkdirSync(RUNS_FOLDER, { recursive: true });
  } catch (cause) {
    const seen = cause instanceof Error ? cause.message : String(cause);
    throw new C1Error('ERROR_STATE_FOLDER', { seen, expected: 'a state folder that can be written' }, { cause });
  }
}
