import type { Release } from './fixture.ts';
import { KG_FIXTURES } from './kg.ts';

/** As it was before C1: the pair of KG, and no other code. */
export const RELEASE_V1: Release = { version: '1.0.0', fixtures: KG_FIXTURES };
