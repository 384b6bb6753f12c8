import { C1_FIXTURES } from './c1.ts';
import type { Release } from './fixture.ts';
import { KG_FIXTURES } from './kg.ts';

/** The pair of KG as it was, and C1 beside it. */
export const RELEASE: Release = { version: '1.1.0', fixtures: new Map([...KG_FIXTURES, ...C1_FIXTURES]) };
