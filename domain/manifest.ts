import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical.ts';
import { C1Error } from './codes.ts';

/**
 * Manifest cser-v1 (executor.md): the 14 canonical operations of the runtime as one canonical JSON object, and its hash,
 * to which grant, verifier and evidence are bound.
 */
export const CANONICAL_ACT_TYPE = 'canonical_operation';
export const MANIFEST_PROTOCOL = '1';
export const MANIFEST_CARRIER = 'C1';
export const MANIFEST_LANE = 'dry_run';
export const MANIFEST_PLAN = 'LEGO1-C1-PLAN';
export const MANIFEST_NAMESPACE = 'DRYRUN-NS:dot:c1:vocab';

/** The object without its operations. Its keys stand in canonical order around them. */
const HEAD = { act_type: CANONICAL_ACT_TYPE, carrier: MANIFEST_CARRIER, lane: MANIFEST_LANE } as const;
const TAIL = {
  output_namespace: MANIFEST_NAMESPACE,
  plan: MANIFEST_PLAN,
  protocol_version: MANIFEST_PROTOCOL,
} as const;

/** Own columns of `apr_action_types`, as a reader got them. */
export interface ActionTypeRow {
  readonly action_code: string | null;
  readonly act_type: string | null;
  readonly protocol_version: string | null;
  readonly status: string | null;
}

export interface Operation {
  readonly operation_code: string;
  readonly protocol_version: string;
  readonly status: string;
}

export interface Manifest {
  readonly act_type: string;
  readonly carrier: string;
  readonly lane: string;
  readonly operations: readonly Operation[];
  readonly output_namespace: string;
  readonly plan: string;
  readonly protocol_version: string;
}

/** Nobody names an operation with more; a longer one is a fault of the row, and would be signed unread. */
export const LONGEST_CODE = 200;

/**
 * The operations that C1 makes a vocabulary of: active rows of the one act type, by code in UTF-16 code-unit order.
 *
 * @throws C1Error REJECT_MANIFEST_MISSING without any; REJECT_DUPLICATE_OPERATION; REJECT_PROTOCOL_VERSION;
 * ERROR_PAYLOAD_INVALID for a code that is null, empty, too long or no Unicode
 */
export function resolveOperations(rows: readonly ActionTypeRow[]): readonly Operation[] {
  const operations = rows.filter(isCanonical).map(operationOf).toSorted(byCode);
  assertSome(operations.length);
  for (const [at, operation] of operations.entries()) assertAfter(operations[at - 1], operation);
  return operations;
}

export function manifestOf(operations: readonly Operation[]): Manifest {
  return { ...HEAD, operations, ...TAIL };
}

/** The exact bytes that are hashed: RFC 8785 canonical JSON in UTF-8. */
export function manifestBytes(operations: readonly Operation[]): Buffer {
  return Buffer.from(canonicalJson(manifestOf(operations) as never), 'utf8');
}

/** Lower-case hex SHA-256 of the bytes. */
export function manifestHash(operations: readonly Operation[]): string {
  return createHash('sha256').update(manifestBytes(operations)).digest('hex');
}

/** The sorted operation codes: what a grant's `action_set` is. */
export function actionSetOf(operations: readonly Operation[]): readonly string[] {
  return operations.map(({ operation_code }) => operation_code);
}

/** Operations of one piece: few enough that its text is garbage as soon as it is hashed. */
const PIECE = 200;

/**
 * The same bytes in pieces, for any number of operations in flat memory. They must come sorted.
 *
 * @throws C1Error as `resolveOperations`; ERROR_PAYLOAD_INVALID when they do not come in order
 */
export async function* manifestPieces(
  rows: Iterable<ActionTypeRow> | AsyncIterable<ActionTypeRow>,
): AsyncGenerator<string> {
  const [before, after] = frame();
  let separator = before;
  let last: Operation | undefined;
  let piece: Operation[] = [];
  for await (const row of rows) {
    if (!isCanonical(row)) continue;
    const operation = operationOf(row);
    assertAfter(last, operation);
    last = operation;
    if (piece.push(operation) < PIECE) continue;
    yield separator + listed(piece);
    separator = ',';
    piece = [];
  }
  assertSome(last === undefined ? 0 : 1);
  if (piece.length > 0) yield separator + listed(piece);
  yield after;
}

/** Operations are made with their keys in canonical order, of strings that are well-formed: such JSON is canonical as it comes. */
function listed(operations: readonly Operation[]): string {
  return JSON.stringify(operations).slice(1, -1);
}

/** Hash of the pieces; equal to `manifestHash` of the same operations. */
export async function hashPieces(pieces: AsyncIterable<string>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of pieces) hash.update(piece, 'utf8');
  return hash.digest('hex');
}

function frame(): readonly [string, string] {
  const empty = canonicalJson({ ...HEAD, operations: [], ...TAIL });
  const at = empty.indexOf('[') + 1;
  return [empty.slice(0, at), empty.slice(at)];
}

function isCanonical({ act_type, status }: ActionTypeRow): boolean {
  return act_type === CANONICAL_ACT_TYPE && status === 'active';
}

function operationOf({ action_code, protocol_version, status }: ActionTypeRow): Operation {
  if (typeof action_code !== 'string' || action_code === '' || action_code.length > LONGEST_CODE) {
    const seen = typeof action_code === 'string' ? `${action_code.length} characters` : String(action_code);
    throw invalid(`an operation code of ${seen}`, `1 to ${LONGEST_CODE} characters`);
  }
  if (!action_code.isWellFormed()) throw invalid('an operation code with half a surrogate pair', 'well-formed Unicode');
  if (protocol_version !== MANIFEST_PROTOCOL) {
    throw new C1Error('REJECT_PROTOCOL_VERSION', {
      seen: `${action_code} with protocol version ${JSON.stringify(protocol_version)}`,
      expected: JSON.stringify(MANIFEST_PROTOCOL),
    });
  }
  return { operation_code: action_code, protocol_version, status: String(status) };
}

function assertAfter(last: Operation | undefined, next: Operation): void {
  if (last === undefined || last.operation_code < next.operation_code) return;
  if (last.operation_code === next.operation_code) {
    throw new C1Error('REJECT_DUPLICATE_OPERATION', {
      seen: `${next.operation_code} twice`,
      expected: 'each operation once',
    });
  }
  throw invalid(`${next.operation_code} after ${last.operation_code}`, 'operations in UTF-16 code-unit order');
}

function assertSome(count: number): void {
  if (count > 0) return;
  throw new C1Error('REJECT_MANIFEST_MISSING', { seen: 'no active canonical operation', expected: 'at least one' });
}

function byCode(left: Operation, right: Operation): number {
  return left.operation_code < right.operation_code ? -1 : Number(left.operation_code > right.operation_code);
}

function invalid(seen: string, expected: string): C1Error {
  return new C1Error('ERROR_PAYLOAD_INVALID', {
    seen,
    expected,
    next: 'correct the row of apr_action_types by its DOT',
  });
}
