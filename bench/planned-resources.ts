import { z } from 'zod';
import type { Program } from './project.ts';

/** A command as the engine runs it: through `/bin/sh -c`, in a folder relative to the program's. */
export interface PlannedCommand {
  readonly folder: string;
  readonly line: string;
  readonly stdin: string | null;
}

export interface PlannedResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly parent: string | null;
  readonly dependencies: readonly string[];
  /** Null for a component. */
  readonly command: PlannedCommand | null;
}

const COMMAND = 'command:local:Command';
const STACK = 'pulumi:pulumi:Stack';

const commandInputs = z.object({ create: z.string(), dir: z.string(), stdin: z.string().optional() });
const document = z.object({
  steps: z.array(
    z.object({
      newState: z.object({
        urn: z.string(),
        type: z.string(),
        inputs: z.record(z.string(), z.unknown()).default({}),
        parent: z.string().optional(),
        dependencies: z.array(z.string()).default([]),
      }),
    }),
  ),
});

/**
 * Every resource of the whole program, in an order in which the engine can make them, from the program itself by way of
 * `pulumi preview --json`: a step that is added to the program is in every runbook without a word here.
 */
export async function plannedResources(program: Program): Promise<readonly PlannedResource[]> {
  const { stdout } = await program.pulumiOrThrow(['preview', '--json']);
  const states = document.parse(JSON.parse(stdout)).steps.map(({ newState }) => newState);
  const resources = states.filter(({ type }) => type !== STACK).map(resourceOf);
  if (resources.some(({ command }) => command !== null)) return resources;
  throw new Error('the preview has no command: there is nothing to compare');
}

type State = z.infer<typeof document>['steps'][number]['newState'];

function resourceOf({ urn, type, inputs, parent, dependencies }: State): PlannedResource {
  const name = urn.split('::').at(-1) ?? '';
  const command = type === COMMAND ? commandOf(inputs) : null;
  return { urn, type, name, inputs, parent: parent ?? null, dependencies, command };
}

function commandOf(inputs: unknown): PlannedCommand {
  const { create, dir, stdin } = commandInputs.parse(inputs);
  return { folder: dir, line: create, stdin: stdin ?? null };
}
