import { C1_DOT_CODES } from '../../domain/dots.ts';
import { C1_COLLECTION, C1_SCHEMA, C1_TABLE } from '../../domain/objects.ts';
import { C1_PREFIX } from '../../domain/registrar.ts';
import { flagsOf, linesOf } from '../command.ts';
import type { ResourceRule, Violation } from '../rule.ts';

/** Codes, bins and carriers of C2 to C7, which do not exist here. */
const OTHER_CARRIER = /\bC[2-7]\b|\bDOT_C[2-7]_|\bdot-c[2-7]-/;

const codes: readonly string[] = C1_DOT_CODES;
const SPECIES = 'gov-canonical-op-vocab';

/** What a flag may name. A flag that is not here names nothing of the runtime. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  '--only': codes,
  '--only-prefix': [C1_PREFIX],
  '--key': [...codes, SPECIES],
  '--code': [SPECIES, 'CAT-006'],
  '--species-code': [SPECIES],
  '--schema': [C1_SCHEMA],
  '--object': [C1_COLLECTION, C1_TABLE, 'manifest_bytes', 'v_c1_dryrun_preflight'],
  '--collection': [C1_COLLECTION],
  '--collection-name': [C1_COLLECTION],
  '--table': [C1_COLLECTION],
  '--doc': ['c1-readiness-evidence'],
  '--authorize': ['DOT_C1_VOCAB_BUILD'],
  // The two house DOTs that C1 patches, by request and quorum.
  '--dot-code': ['DOT-310', 'DOT-REGISTER'],
  '--patch': ['DOT-310', 'DOT-REGISTER'],
  '--restore': ['DOT-310', 'DOT-REGISTER'],
};

export const c1NamesOnly: ResourceRule = {
  name: 'c1-names-only',
  description: 'Commands name C1 objects and nothing else; C2 to C7 are refused by name.',
  next: 'take the other name out: this program is for C1 alone',
  check: (resource) => {
    const text = [resource.type, resource.name, JSON.stringify(resource.inputs)].join('\n');
    const [other] = OTHER_CARRIER.exec(text) ?? [];
    const carrier = other === undefined ? [] : [{ seen: `${other} in ${resource.name}`, expected: 'C1 alone' }];
    return [...carrier, ...linesOf(resource).flatMap(([, line]) => checkNames(resource.name, line))];
  },
};

function checkNames(name: string, line: string): readonly Violation[] {
  return flagsOf(line).flatMap(([flag, value]) => {
    const allowed = NAMED[flag];
    if (allowed === undefined || allowed.includes(value ?? '')) return [];
    return [{ seen: `${flag} ${value ?? 'without a value'} in ${name}`, expected: allowed.join(' or ') }];
  });
}
