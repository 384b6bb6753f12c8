import type { Json } from '../../domain/canonical.ts';
import { C1Error, type Code } from '../../domain/codes.ts';
import type { Authorization } from '../../domain/dry-run-authorization.ts';
import { failureOf } from '../../domain/failure.ts';
import { BAD_INPUT_COUNT } from '../../domain/readiness/bad-input.ts';
import { assertWhole } from '../../domain/readiness/harness.ts';
import { assertReady } from '../../domain/readiness/preflight.ts';
import { evidenceReadback } from '../../domain/readiness/readback.ts';
import { type Asked, answered, readbackOf, refusalOf } from '../ask-bin.ts';
import { harnessAnswer, preflightAnswer } from '../evidence/collect.ts';
import type { EvidenceCheck, EvidenceDocument } from '../evidence/document.ts';
import { buildAnswer, verifyAnswer } from './answers.ts';
import type { ActName, DryRunDocument } from './document.ts';

/** What a dry run goes by: the evidence that it was authorized over, and who authorized it. */
export interface DryRunOrder {
  /** Folder of the bins. */
  readonly folder: string;
  /** File with the exact bytes of the manifest, out of the evidence. */
  readonly manifest: string;
  readonly evidence: Pick<EvidenceDocument, 'order'> & { readonly manifest_sha256: string };
  readonly authorizations: readonly Authorization[];
}

type Found = Partial<Pick<DryRunDocument, 'build' | 'bad_inputs' | 'readback'>>;

interface Passed {
  readonly checked: number;
  readonly seen: string;
  readonly found?: Found;
}

/** One thing that is done, and the command that repeats it. */
interface Act {
  readonly name: ActName;
  readonly repeat: string;
  readonly perform: (order: DryRunOrder) => Promise<Passed>;
}

const BUILD = 'dot-c1-vocab-build';
const VERIFY = 'dot-c1-vocab-verify';

/** In this order (readiness.md, "HALT, then the governed dry run"). What comes after one that fails is not executed. */
export const ACTS: readonly Act[] = [
  { name: 'preflight', repeat: 'dot-c1-preflight --cloud', perform: preflight },
  { name: 'dry run', repeat: `${BUILD} --cloud --mode DRY_RUN < authorizations.json`, perform: build },
  {
    name: 'grant used once',
    repeat: `${VERIFY} --cloud --manifest manifest.json --consume < authorizations.json`,
    perform: consume,
  },
  {
    name: 'grant used again',
    repeat: `${VERIFY} --cloud --manifest manifest.json --consume < authorizations.json`,
    perform: (order) => refused(order, consumption(order), 'REJECT_AUTH_ALREADY_CONSUMED'),
  },
  { name: 'bad inputs', repeat: 'dot-c1-bad-input-harness --cloud', perform: badInputs },
  {
    name: 'REAL_RUN',
    repeat: `${BUILD} --cloud --mode REAL_RUN`,
    perform: (order) =>
      refused(order, { bin: BUILD, words: ['--mode', 'REAL_RUN'], stdin: {} }, 'C1_PROD_REAL_RUN_BLOCKED'),
  },
  { name: 'readback', repeat: 'dot-c1-evidence-readback --cloud --whole', perform: readback },
];

/** What became of all of it; `failure` is what stopped it, null where nothing did. */
export interface Performed {
  readonly checks: readonly EvidenceCheck[];
  readonly found: Found;
  readonly failure: C1Error | null;
}

/**
 * @param say hears the name of each act as it begins
 * @param keep gets, before each act, what there is to say if nothing more is ever heard: an act that is killed may have used
 * the grant
 */
export async function perform(
  order: DryRunOrder,
  say: (name: string) => void,
  keep: (soFar: Performed) => void = () => undefined,
): Promise<Performed> {
  const checks: EvidenceCheck[] = [];
  let found: Found = {};
  let failure: C1Error | null = null;
  for (const [at, act] of ACTS.entries()) {
    const { name, repeat } = act;
    if (failure !== null) {
      checks.push({ name, repeat, outcome: 'not executed', checked: 0, seen: 'something before it failed' });
      continue;
    }
    keep({ checks: [...checks, ...ACTS.slice(at).map(unheard)], found, failure: neverEnded(name) });
    say(name);
    try {
      const { found: more = {}, ...passed } = await act.perform(order);
      checks.push({ name, repeat, outcome: 'passed', ...passed });
      found = { ...found, ...more };
    } catch (cause) {
      failure = failureOf(cause);
      checks.push({ name, repeat, outcome: 'failed', checked: 0, seen: failure.message });
    }
  }
  return { checks, found, failure };
}

function unheard({ name, repeat }: Act): EvidenceCheck {
  return { name, repeat, outcome: 'not executed', checked: 0, seen: 'nothing is known of it' };
}

function neverEnded(name: ActName): C1Error {
  return new C1Error('HOLD_OUTCOME_UNKNOWN', {
    seen: `a dry run that ended while '${name}' was under way`,
    expected: 'its end',
    next: 'npx c1 dry-run with the same statements: it says whether the grant was used',
  });
}

async function preflight({ folder, evidence }: DryRunOrder): Promise<Passed> {
  const asked = { bin: 'dot-c1-preflight', words: [], stdin: evidence.order.proven_for as unknown as Json };
  const { checks } = answered(preflightAnswer, await readbackOf(folder, asked));
  assertReady(checks);
  return { checked: checks.length, seen: `READY ${checks.length}/${checks.length}` };
}

async function build({ folder, evidence, authorizations }: DryRunOrder): Promise<Passed> {
  const stdin = { authorizations: authorizations as unknown as Json };
  const made = answered(buildAnswer, await readbackOf(folder, { bin: BUILD, words: ['--mode', 'DRY_RUN'], stdin }));
  const other = Object.values({ ...made.computations, answer: made.manifest_hash }).find(
    (hash) => hash !== evidence.manifest_sha256,
  );
  if (other !== undefined) {
    const expected = `${evidence.manifest_sha256}, as in the evidence`;
    throw new C1Error('HOLD_MANIFEST_HASH_UNEXPECTED', { seen: `a manifest with SHA-256 ${other}`, expected });
  }
  const seen = `${made.operations} operations, one hash in ${made.agreeing} computations, seal ${made.seal}, rows ${made.rows_before} before and ${made.rows_after} after`;
  return { checked: made.operations + made.agreeing + 3, seen, found: { build: made } };
}

async function consume(order: DryRunOrder): Promise<Passed> {
  const { auth_code, checks } = answered(verifyAnswer, await readbackOf(order.folder, consumption(order)));
  return { checked: checks, seen: `${auth_code}, after ${checks} checks of manifest and grant` };
}

function consumption({ manifest, authorizations }: DryRunOrder): Asked {
  const stdin = { authorizations: authorizations as unknown as Json };
  return { bin: VERIFY, words: ['--manifest', manifest, '--consume'], stdin };
}

async function refused({ folder }: DryRunOrder, asked: Asked, code: Code): Promise<Passed> {
  const refusal = await refusalOf(folder, asked);
  if (refusal?.code === code) return { checked: 1, seen: code };
  if (refusal !== null) throw refusal;
  throw new C1Error('HOLD_COUNTER_DRIFT', { seen: `${asked.bin} that accepted it`, expected: code });
}

async function badInputs({ folder, evidence }: DryRunOrder): Promise<Passed> {
  const stdin = evidence.order.proven_for as unknown as Json;
  const said = await readbackOf(folder, { bin: 'dot-c1-bad-input-harness', words: [], stdin });
  const { cases, unmoved } = answered(harnessAnswer, said);
  assertWhole(cases);
  const seen = `${cases.length}/${BAD_INPUT_COUNT} refused with their codes, their good halves accepted, ${unmoved} counters as before`;
  return { checked: cases.length, seen, found: { bad_inputs: [...cases] } };
}

async function readback({ folder, evidence: { order } }: DryRunOrder): Promise<Passed> {
  const stdin = { ...order.proven_for, planned: order.planned } as unknown as Json;
  const asked = { bin: 'dot-c1-evidence-readback', words: ['--whole'], stdin };
  const seen = answered(evidenceReadback, await readbackOf(folder, asked));
  const checked = seen.checks.reduce((sum, one) => sum + one.checked, 0);
  return { checked, seen: `${seen.checks.length} checks, every surface as planned`, found: { readback: seen } };
}
