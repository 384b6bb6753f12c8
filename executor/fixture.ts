import type { Json } from '../domain/canonical.ts';
import type { Body } from './body.ts';
import type { Database } from './database.ts';

/** What a producer may use. It keeps nothing between two requests. */
export interface Tools {
  readonly database: Database;
  /** The file that lists who may sign; null where nobody may. */
  readonly allowedSigners: string | null;
}

/** Deterministic: the same rows give the same bytes. No time and no id of a request is in it. */
export type Output = Readonly<Record<string, Json>>;

/** How one DOT code is served. */
export interface Fixture {
  /** @throws C1Error for a request that is refused */
  readonly produce: (body: Body['value'], tools: Tools) => Promise<Output>;
  /** Looks at what was produced before anybody gets it. @throws C1Error */
  readonly check: (output: Output) => void;
}

/** What one release serves. */
export interface Release {
  readonly version: string;
  readonly fixtures: FixtureMap;
}

export type FixtureMap = ReadonlyMap<string, Fixture>;
