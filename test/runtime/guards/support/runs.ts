import { randomBytes } from 'node:crypto';
import type { ClientBase } from 'pg';
import type { Json } from '../../../../domain/canonical.ts';
import { type Delta, type DeltaOp, type Direction, deltaDigest, type Image, refOf } from '../../../../domain/deltas.ts';
import { type DotCode, dotOf } from '../../../../domain/dots.ts';
import { runEntry } from '../../../../domain/ledger.ts';
import { delta } from '../../../../domain/plans/plan.ts';
import { attempt } from './attempt.ts';

/** A statement with its values, as attempt() takes them. */
export type Statement = readonly [sql: string, values: readonly unknown[]];

/** The arguments of iu_core.declare_run and open_run, free to be wrong. */
export interface TestRun {
  readonly dot: string | null;
  readonly kind: string | null;
  readonly request: { readonly [name: string]: unknown };
  readonly digest: string | null;
}

export interface RunOptions {
  readonly step?: string;
  readonly direction?: Direction;
  readonly stack?: string;
  readonly resource?: string;
  readonly kind?: string;
}

/** A run as the kernel would ask for it: `deltas` with the handbook entry of the run; the subject is the first delta. */
export function runOf(dot: DotCode, deltas: readonly [Delta, ...Delta[]], options: RunOptions = {}): TestRun {
  const { step = 'W2', direction = 'apply', stack = 'trial', resource = 'row', kind = 'step' } = options;
  const isEntry = deltas.some(({ surface }) => surface === 'dot_ledger');
  const all = dotOf(dot).ledgers && !isEntry ? [...deltas, runEntry(dot, direction, deltas[0], deltas)] : deltas;
  const request = {
    request_id: newRequestId(),
    step,
    direction,
    stack,
    resource,
    subject: refOf(deltas[0]),
    deltas: all,
  };
  return { dot, kind, request, digest: deltaDigest({ step, direction, deltas: all }) };
}

export function newRequestId(): string {
  return randomBytes(32).toString('hex');
}

export function declaring({ dot, kind, request, digest }: TestRun): Statement {
  return ['select iu_core.declare_run($1, $2, $3, $4)', [dot, kind, JSON.stringify(request), digest]];
}

export function opening({ dot, kind, request, digest }: TestRun): Statement {
  return ['select iu_core.open_run($1, $2, $3, $4)', [dot, kind, JSON.stringify(request), digest]];
}

export function closing({ request }: TestRun): Statement {
  return ['select iu_core.close_run($1)', [request.request_id]];
}

/** `iu_core.<surface>_<operation>(row)`. */
export function writing(surface: string, operation: DeltaOp, row: { readonly [column: string]: Json }): Statement {
  return [
    `select iu_core.${surface}_${operation}(jsonb_populate_record(null::public.${surface}, $1))`,
    [JSON.stringify(row)],
  ];
}

/** Declares the run, then opens, writes, closes and commits it; says what came of it, and leaves no transaction open. */
export async function applied(client: ClientBase, run: TestRun, ...writes: readonly Statement[]): Promise<string> {
  const declared = await attempt(client, ...declaring(run));
  return declared === 'accepted' ? transaction(client, opening(run), ...writes, closing(run)) : declared;
}

/** Runs the statements in one transaction up to the first that is refused, and commits it when none was. */
export async function transaction(client: ClientBase, ...statements: readonly Statement[]): Promise<string> {
  await client.query('begin');
  for (const statement of statements) {
    const outcome = await attempt(client, ...statement);
    if (outcome === 'accepted') continue;
    await client.query('rollback');
    return outcome;
  }
  return attempt(client, 'commit');
}

export function speciesImage(code: string, columns: Partial<Record<'name' | 'owner' | 'status', string>> = {}): Image {
  return { code, name: 'A species', owner: 'c1', description: 'Made by a test.', status: 'active', ...columns };
}

/** A run that registers the species, with the statement that does it. */
export function speciesRun(
  code: string,
  options: RunOptions = {},
): { readonly run: TestRun; readonly write: Statement } {
  const image = speciesImage(code);
  const run = runOf('DOT_SPECIES_REGISTER', [delta({ surface: 'species', key: code }, 'insert', null, image)], options);
  return { run, write: writing('species', 'insert', image) };
}

/** A run that retires the species, for the login of the DOT that retires. */
export function speciesRetirement(
  code: string,
  options: RunOptions = {},
): { readonly run: TestRun; readonly write: Statement } {
  const [before, after] = [speciesImage(code), speciesImage(code, { status: 'retired' })];
  const change = delta({ surface: 'species', key: code }, 'retire', before, after);
  const run = runOf('DOT_ENTITY_RETIRE', [change], { direction: 'retire', ...options });
  return { run, write: writing('species', 'retire', before) };
}

export async function count(client: ClientBase, from: string): Promise<number> {
  const { rows } = await client.query<{ n: number }>(`select count(*)::integer as n from ${from}`);
  return rows[0]?.n ?? 0;
}
