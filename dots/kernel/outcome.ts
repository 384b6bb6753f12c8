import type { Json } from '../../domain/canonical.ts';
import { CODES, type Code, exitCodeOf } from '../../domain/codes.ts';
import type { Delta } from '../../domain/deltas.ts';

/** What every bin answers, as one JSON line (runtime.md, "Every bin"). */
export interface Outcome {
  readonly dot: string;
  readonly version: string;
  readonly mode: 'real' | 'dry-run' | 'read';
  readonly outcome: 'OK' | 'NOOP' | 'HOLD' | 'REJECT' | 'ERROR';
  readonly code: Code;
  readonly message: string;
  readonly remedy: string;
  readonly deltas: readonly Delta[];
  readonly readback: Json;
  readonly requestId: string | null;
  /** What the runtime says of itself; an embedded one says in every answer that it is staging. */
  readonly label: readonly string[];
}

const STDOUT_LIMIT_BYTES = 16 * 1024;

/** The JSON line; where it would pass 16 KiB the deltas are left out and counted (a longer line hangs the plugin). */
export function outcomeLine(outcome: Outcome): string {
  const shorter = { ...outcome, deltas: [], deltasLeftOut: outcome.deltas.length };
  const lines = [outcome, shorter, { ...shorter, readback: null, readbackLeftOut: true }].map((one) =>
    JSON.stringify(one),
  );
  return lines.find((line) => Buffer.byteLength(line) < STDOUT_LIMIT_BYTES) ?? JSON.stringify({ code: outcome.code });
}

export interface Printing {
  /** Print the outcome as JSON though it is a failure. */
  readonly json?: boolean;
  /** Print all of an answer, for a program that is no Pulumi. */
  readonly whole?: boolean;
}

/**
 * Prints the outcome: JSON on standard output, one line for people on standard error. A failure leaves standard output
 * empty unless JSON was asked for, because Pulumi prints what a failing command wrote several times over.
 */
export function printOutcome(outcome: Outcome, { json, whole }: Printing): void {
  const failed = exitCodeOf(outcome.code) !== 0;
  // A reader that went away does not undo the change, and must not look like a fault of the bin.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const line = whole === true && !failed ? JSON.stringify(outcome) : outcomeLine(outcome);
  if (!failed || json === true) process.stdout.write(`${line}\n`);
  process.stderr.write(`${failed ? outcome.message : successLine(outcome)}\n`);
}

export function kindOf(code: Code): Outcome['outcome'] {
  return CODES[code].kind;
}

function successLine({ code, message, label }: Outcome): string {
  return label.length === 0 ? `${code}: ${message}` : `${code}: ${message} [${label.join(' ')}]`;
}
