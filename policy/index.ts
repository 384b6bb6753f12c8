// The entry point of the pack: the engine loads it with `--policy-pack policy`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PolicyPack } from '@pulumi/policy';
import { parse } from 'yaml';
import { parsePlannedDeltas } from '../domain/planned-deltas.ts';
import { policyOf } from './pack.ts';
import { rulesFor } from './rules.ts';

const file = join(import.meta.dirname, '..', 'planned-deltas.yaml');
const planned = parsePlannedDeltas(parse(readFileSync(file, 'utf8')));

new PolicyPack('c1', { enforcementLevel: 'mandatory', policies: rulesFor(planned).map(policyOf) });
