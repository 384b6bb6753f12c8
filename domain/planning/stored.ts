import type { Json } from '../canonical.ts';
import type { StepId } from '../steps/step.ts';

/** A resource of a stack whose delete may take a row back, as the stack's state has it: a destroy runs no other command. */
export interface StoredRow {
  /** Type of its component. */
  readonly type: string;
  readonly name: string;
  /** Who claims the row: `--for` of its commands. */
  readonly stack: string;
  readonly owner: string;
  readonly step: StepId;
  /** Command lines, without the folder that they are called in. */
  readonly create: string;
  readonly retire: string;
  /** What both take on standard input. */
  readonly payload: Json | null;
  /** Names of rows of the same step that are retired before it. */
  readonly after: readonly string[];
}

/** What a stack's state holds of the program. */
export interface StoredStack {
  /** Every resource, by name and type. */
  readonly resources: readonly { readonly type: string; readonly name: string }[];
  /** In the order in which a destroy walks them; what it may delete at the same time by name. */
  readonly rows: readonly StoredRow[];
  /** Every step of which something is left, the last one first. */
  readonly steps: readonly StepId[];
}
