import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import { EVIDENCE_PACKAGE } from '../../domain/evidence/record.ts';
import { parseJsonStrictly } from '../../domain/strict-json.ts';
import type { EvidenceDocument } from './document.ts';

/** What Pulumi's state of a stack knows of the runtime: the handbook's head at each readback, and W9's own answer. */
export interface StackState {
  readonly stack: string;
  /** By resource name; those of W9 come after the package. */
  readonly heads: readonly { readonly resource: string; readonly head: string }[];
  /** Digest of the package that W9 wrote; null where it wrote none. */
  readonly digest: string | null;
}

const exported = z.looseObject({
  deployment: z.looseObject({
    resources: z.nullish(
      z.array(z.looseObject({ urn: z.string(), outputs: z.optional(z.looseObject({ stdout: z.optional(z.json()) })) })),
    ),
  }),
});

/** `urn:pulumi:<stack>::<project>::<types>::<name>` */
const URN = /^urn:pulumi:([^:]+)::[^:]+::.+::([^:]+)$/;

/** Reads what `pulumi stack export` printed. @throws C1Error ERROR_READ_FAILED */
export function stackStateOf(bytes: Uint8Array): StackState {
  const resources = parse(bytes).deployment.resources ?? [];
  const named = resources.map(({ urn, outputs }) => {
    const [, stack = '', resource = ''] = URN.exec(urn) ?? [];
    return { stack, resource, said: answerOf(outputs?.stdout) };
  });
  const stacks = new Set(named.map(({ stack }) => stack));
  const [stack] = stacks;
  if (stack === undefined || stacks.size > 1) throw unreadable(`${stacks.size} stacks`, 'resources of one stack');
  const heads = named.flatMap(({ resource, said }) =>
    typeof said.ledgerHead === 'string' ? [{ resource, head: said.ledgerHead }] : [],
  );
  const own = named.find(({ resource }) => resource === EVIDENCE_PACKAGE);
  return { stack, heads, digest: typeof own?.said.digest === 'string' ? own.said.digest : null };
}

function parse(bytes: Uint8Array): z.infer<typeof exported> {
  try {
    return exported.parse(parseJsonStrictly(bytes, 'any number'));
  } catch (cause) {
    throw unreadable('a file of another shape', "what 'npx pulumi stack export' prints", cause);
  }
}

function unreadable(seen: string, expected: string, cause?: unknown): C1Error {
  return new C1Error('ERROR_READ_FAILED', { seen: `a stack's state with ${seen}`, expected }, { cause });
}

/** What a command printed, where it is one JSON object; outputs that are secret or long are none. */
function answerOf(stdout: unknown): Readonly<Record<string, unknown>> {
  if (typeof stdout !== 'string' || !stdout.startsWith('{')) return {};
  try {
    return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/**
 * Nothing that the state knows is newer than the evidence: each head of the handbook that a readback saw is in its chain,
 * and the package that W9 wrote last is this one. What W9 itself did after it wrote the package is newer by nature.
 *
 * @returns how many things were compared
 * @throws C1Error REJECT_EVIDENCE_OTHER_STACK, HOLD_EVIDENCE_STALE
 */
export function assertFresh({ readback }: EvidenceDocument, digest: string, state: StackState): number {
  const { stack } = readback.baseline;
  if (state.stack !== stack) {
    throw new C1Error('REJECT_EVIDENCE_OTHER_STACK', {
      seen: `evidence of stack ${stack}`,
      expected: `stack ${state.stack}, whose state was given`,
    });
  }
  const known = new Set(readback.ledger.chain.map(({ entry_hash }) => entry_hash));
  const before = state.heads.filter(({ resource }) => resource !== 'w9-gate');
  const newer = before.find(({ head }) => !known.has(head));
  if (newer !== undefined) throw stale(`${newer.resource} saw the handbook's head ${newer.head}`, 'heads in its chain');
  if (state.digest !== null && state.digest !== digest) throw stale(`W9 wrote package ${state.digest}`, digest);
  if (before.length > 0 && state.digest !== null) return before.length + 1;
  throw stale(`a state with ${before.length} readbacks and ${state.digest === null ? 'no' : 'a'} package`, 'both');
}

function stale(seen: string, expected: string): C1Error {
  return new C1Error('HOLD_EVIDENCE_STALE', { seen, expected });
}
