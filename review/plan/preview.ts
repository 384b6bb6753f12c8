import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import '../../domain/english.ts';

/** What `pulumi preview --json --show-sames` prints, as far as a plan needs it. */
const state = z.looseObject({
  urn: z.string(),
  type: z.string(),
  inputs: z.optional(z.record(z.string(), z.unknown())),
});
const document = z.looseObject({
  steps: z
    .array(z.looseObject({ op: z.string(), urn: z.string(), oldState: z.optional(state), newState: z.optional(state) }))
    .check(z.minLength(1)),
  diagnostics: z.optional(
    z.array(z.looseObject({ message: z.optional(z.string()), severity: z.optional(z.string()) })),
  ),
});

/** One resource with what the engine would do to it. */
export interface PreviewedResource {
  readonly type: string;
  readonly name: string;
  readonly op: string;
  /** The command line that makes it; null where it is no command. */
  readonly create: string | null;
}

/**
 * The resources of a preview that went through to its end, in the order of their names: the engine's own order is that of
 * who was quicker.
 *
 * @throws C1Error ERROR_READ_FAILED when it is no whole preview: that is never "nothing to do"
 */
export function previewedResources(printed: string): readonly PreviewedResource[] {
  const { steps, diagnostics = [] } = parse(printed);
  const fault = diagnostics.find(({ severity }) => severity === 'error');
  if (fault !== undefined) throw unread(`an error of the preview: ${fault.message ?? 'no word'}`);
  return steps
    .map(({ op, urn, oldState, newState }) => {
      const found = newState ?? oldState;
      const [type, create] = [found?.type ?? 'unknown', found?.inputs?.create];
      return { type, name: nameOf(urn), op, create: typeof create === 'string' ? create : null };
    })
    .filter(({ type }) => !type.startsWith('pulumi:'))
    .toSorted((left, right) => compare(left.name, right.name) || compare(left.type, right.type));
}

/** What the engine said before it gave up, one message a line; the text as it is where it is no JSON. */
export function previewFailure(printed: string): string {
  try {
    return (document.shape.diagnostics.parse(JSON.parse(printed).diagnostics) ?? [])
      .map(({ message = '' }) => message)
      .join('\n');
  } catch {
    return printed;
  }
}

const policyEvent = z.object({
  policyEvent: z.looseObject({ message: z.string(), enforcementLevel: z.string() }),
});

/** What mandatory rules of a policy pack refused, one message after the other. @param events the engine's event log */
export function policyRefusals(events: string): string {
  return events
    .split('\n')
    .filter((line) => line.includes('"policyEvent"'))
    .flatMap((line) => {
      const found = policyEvent.safeParse(JSON.parse(line));
      return found.success && found.data.policyEvent.enforcementLevel === 'mandatory'
        ? [found.data.policyEvent.message]
        : [];
    })
    .join('\n');
}

function parse(printed: string): z.infer<typeof document> {
  try {
    return document.parse(JSON.parse(printed));
  } catch (cause) {
    throw unread('a preview of another shape', cause);
  }
}

function unread(seen: string, cause?: unknown): C1Error {
  return new C1Error('ERROR_READ_FAILED', { seen, expected: 'the whole preview of the engine' }, { cause });
}

function nameOf(urn: string): string {
  return urn.split('::').at(-1) ?? urn;
}

function compare(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
