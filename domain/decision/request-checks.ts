import { CONTRACTED_DOT_CODES } from '../dots.ts';
import { MANIFEST_NAMESPACE, MANIFEST_PROTOCOL } from '../manifest.ts';
import { type Case, type Check, type Mode, type Refusal, refusal, shown } from './check.ts';
import type { VocabularyRow } from './shapes.ts';

/** Modes by DOT: the producer builds, the verifier verifies (executor.md, "Contract rows"). */
const MODES_OF: Readonly<Record<(typeof CONTRACTED_DOT_CODES)[number], readonly Mode[]>> = {
  DOT_C1_VOCAB_BUILD: ['PLAN_ONLY', 'DRY_RUN'],
  DOT_C1_VOCAB_VERIFY: ['PLAN_ONLY', 'VERIFY_ONLY'],
};
const DRY_RUN_NAMESPACES = 'DRYRUN-NS:';
const ROLLBACK = 'retire';

/** What is longer is refused as malformed, and need not be read. */
const LONGEST_MODE = 10_000;

/** Letters of other alphabets that read like those of REAL_RUN, and the letters that they read like. */
const LOOK_ALIKES = new Map(
  Array.from('АаΑαᎪꭺᴀЕеΕεᎬꭼᴇᏞꮮⳐⳑʟᎡꮁƦʀՍսΥυᴜΝνⲚⲛɴ', (letter, at) => [
    letter,
    'AAAAAAAEEEEEEELLLLLRRRRUUUUUNNNNN'[at] ?? '',
  ]),
);

/**
 * Whether a mode is REAL_RUN in whatever dress: letter case, width, accents, alphabet, signs between or around the letters.
 * `iu_core.is_real_run` is its twin.
 */
export function isRealRun(mode: unknown): boolean {
  if (typeof mode !== 'string') return false;
  const letters = mode.slice(0, LONGEST_MODE).normalize('NFKD');
  const latin = Array.from(letters, (letter) => LOOK_ALIKES.get(letter) ?? letter).join('');
  return latin
    .replaceAll(/[^A-Za-z]/g, '')
    .toUpperCase()
    .includes('REALRUN');
}

/** What can be decided from the request and the gates alone, in this order. */
export const REQUEST_CHECKS: readonly Check[] = [isC1, isModeOfDot, gatesClosed, isDryRunTarget, retires];

function isC1({ asked }: Case): Refusal | null {
  if (isContracted(asked.dot_code)) return null;
  return refusal('REJECT_SCOPE_NOT_C1', `dot_code ${shown(asked.dot_code)}`, CONTRACTED_DOT_CODES.join(' or '));
}

function isModeOfDot({ asked, mode }: Case): Refusal | null {
  const modes = isContracted(asked.dot_code) ? MODES_OF[asked.dot_code] : [];
  if (modes.includes(mode)) return null;
  return refusal('REJECT_MALFORMED_REQUEST', `mode ${mode} for ${asked.dot_code}`, modes.join(' or '));
}

/** A gate that stands open lets more through than a dry run; nothing is decided behind it. */
function gatesClosed({ gates: { dry_run_only, execute_enabled, real_run_enabled } }: Case): Refusal | null {
  if (dry_run_only && !execute_enabled && !real_run_enabled) return null;
  return refusal(
    'C1_PROD_REAL_RUN_BLOCKED',
    `gates dry_run_only=${dry_run_only}, execute_enabled=${execute_enabled}, real_run_enabled=${real_run_enabled}`,
    'dry_run_only=true, execute_enabled=false, real_run_enabled=false',
  );
}

function isDryRunTarget({ asked: { target } }: Case): Refusal | null {
  return target === undefined ? null : namespaceFault('target', target);
}

/** Refusal of a namespace that is not the one of C1: another dry run's is out of scope, anything else is production. */
export function namespaceFault(what: string, namespace: string): Refusal | null {
  if (namespace === MANIFEST_NAMESPACE) return null;
  const isOtherDryRun = namespace.startsWith(DRY_RUN_NAMESPACES);
  const code = isOtherDryRun ? 'REJECT_SCOPE_NOT_C1' : 'REJECT_PRODUCTION_TARGET';
  return refusal(code, `${what} ${shown(namespace)}`, MANIFEST_NAMESPACE);
}

function retires({ asked: { rollback } }: Case): Refusal | null {
  if (rollback === undefined || rollback === ROLLBACK) return null;
  return refusal('REJECT_ROLLBACK_DELETE', `rollback ${shown(rollback)}`, `rollback ${ROLLBACK}, never a delete`);
}

export function isAuthorizedDryRun({ mode, facts }: Case): Refusal | null {
  if (mode !== 'DRY_RUN' || facts.dry_run_authorized) return null;
  return refusal(
    'HOLD_DRYRUN_NOT_AUTHORIZED',
    'a dry run without two signed authorizations that hold',
    "the reviewer's confirmation and the owner's authorization over the evidence, by two keys",
  );
}

/** Rows to be written: of the manifest's operations, and none that is there with another meaning. */
export function rewritesNothing({ asked, facts, manifest }: Case): Refusal | null {
  const known = new Set(manifest?.manifest.operations.map(({ operation_code }) => operation_code));
  for (const row of asked.rows ?? []) {
    const fault = rowFault(row, facts.vocabulary, known);
    if (fault !== null) return fault;
  }
  return null;
}

function rowFault(row: VocabularyRow, there: readonly VocabularyRow[], known: ReadonlySet<string>): Refusal | null {
  const name = `${shown(row.operation_code)} under protocol version ${shown(row.protocol_version)}`;
  const old = there.find((one) => keyOf(one) === keyOf(row));
  if (old !== undefined && (old.status !== row.status || old.semantic_definition !== row.semantic_definition)) {
    return refusal('REJECT_SEMANTIC_REWRITE', `a row ${name} with another meaning`, 'the row as it is there');
  }
  if (row.protocol_version !== MANIFEST_PROTOCOL) {
    return refusal('REJECT_PROTOCOL_VERSION', `a row ${name}`, `protocol version ${MANIFEST_PROTOCOL}`);
  }
  if (known.has(row.operation_code)) return null;
  return refusal('REJECT_ACTION_SET_MISMATCH', `a row ${name}`, 'an operation of the manifest');
}

function keyOf({ operation_code, protocol_version }: VocabularyRow): string {
  return JSON.stringify([operation_code, protocol_version]);
}

function isContracted(code: string): code is (typeof CONTRACTED_DOT_CODES)[number] {
  return CONTRACTED_DOT_CODES.some((known) => known === code);
}
