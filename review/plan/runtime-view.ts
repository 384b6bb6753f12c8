import type { JudgedDecision } from '../../domain/approval/standing.ts';
import type { Direction } from '../../domain/deltas.ts';

/** A run of the stack since the plan was made, as the runtime's journal has it. */
export interface JournalEntry {
  readonly step: string;
  readonly resource: string;
  readonly direction: Direction;
  readonly outcome: 'intent' | 'applied';
  readonly delta_digest: string;
}

/** An approval request that waits for the owners, or that they denied. */
export interface AskedRequest {
  readonly apr_code: string;
  readonly status: string;
  readonly approvals: number;
  readonly quorum: boolean;
}

export interface RuntimeView {
  readonly target: { readonly system: string; readonly database: string };
  /** Whether the handbook has the entry that the plan was made on. */
  readonly knows_plan: boolean;
  /** In the order of the journal; what was begun and not applied comes last. */
  readonly runs: readonly JournalEntry[];
  readonly requests: readonly AskedRequest[];
  /** Live rows per surface. */
  readonly live: Readonly<Record<string, number>>;
  /** What owners entered about plans of the stack, signatures checked, and how many have to agree; null where none are asked. */
  readonly decisions: readonly JudgedDecision[];
  readonly quorum: number | null;
  /** Whether an engine holds the lock of the stack; null where nobody here can tell. */
  readonly engine: boolean | null;
}

/** What the runtime said, or why it could not be asked; never an empty answer for a failed one. */
export type Reading =
  | { readonly at: string; readonly view: RuntimeView; readonly fault: null }
  | { readonly at: string; readonly view: null; readonly fault: string };
