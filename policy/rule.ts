/** What a rule sees of a resource: plain values, nothing unknown. */
export interface Declared {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly deleteBeforeReplace: boolean;
  /** Inputs, by path, that the program marked as secret; empty where the rule does not ask. */
  readonly secrets: readonly string[];
}

/** A resource with where it stands, for rules about the whole stack. */
export interface Placed {
  readonly type: string;
  readonly name: string;
  /** What is known of its properties; at preview the engine does not know what a command will say. */
  readonly known: Readonly<Record<string, unknown>>;
  /** Name of the parent; of a row that is its step. */
  readonly parent: string | null;
}

/** What is wrong: what was seen, and what would be right. The rule knows what to do next. */
export interface Violation {
  readonly seen: string;
  readonly expected: string;
}

interface RuleText {
  /** Kebab-case, as the engine prints it. */
  readonly name: string;
  readonly description: string;
  /** What the author of a refused resource does next. */
  readonly next: string;
}

/** Asked for each resource, before anything of it runs: in preview and in `up`. */
export interface ResourceRule extends RuleText {
  /** Whether it has to know what is marked as secret: that is one more question of the engine for each resource. */
  readonly seesSecrets?: true;
  readonly check: (resource: Declared) => readonly Violation[];
}

/** Asked once, with every resource: at the end of a preview, and at the end of `up`. */
export interface StackRule extends RuleText {
  readonly checkStack: (resources: readonly Placed[]) => readonly Violation[];
}

export type Rule = ResourceRule | StackRule;
