import type { local } from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import { canonicalJson, digestOf, sha256Hex } from '../domain/canonical.ts';
import { definitionDigest } from '../domain/readiness/occasion.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { binsOf, type ReaderCheck, type Step, type StepCommand } from '../domain/steps/step.ts';
import { dotResource } from './dot-resource.ts';
import { GovernedRow } from './governed-row.ts';
import type { Transport } from './transport.ts';

export interface GovernedStepArgs {
  readonly step: Step;
  /** Net live rows per surface that the gate expects of this step. */
  readonly expected: Readonly<Record<string, number>>;
  readonly transport: Transport;
  readonly snapshot: Snapshot;
  /** Whether owners have to approve the step before it opens. */
  readonly approvals: 'required' | 'none';
  /** The gate of the step before; steps run in order. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * The shape of every step: open → rows → gate (steps.md). A gate whose readback failed is not in state, so the next `up`
 * checks again, and so does the `up` that changes a row; on destroy the gate goes first and checks, the open goes last and reads back.
 */
export class GovernedStep extends pulumi.ComponentResource {
  /** Every field of the step, as data. */
  readonly step: Step;
  readonly open: local.Command;
  /** What the rows name is made first. */
  readonly first: readonly local.Command[];
  readonly rows: readonly GovernedRow[];
  /** What is tried or asked and governs no row, in order. */
  readonly commands: readonly local.Command[];
  readonly gate: local.Command;
  /** What the gate's readback said; unknown at preview. */
  readonly outcome: pulumi.Output<string>;

  constructor(args: GovernedStepArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { step, transport } = args;
    super(`c1:step:${step.title}`, step.id.toLowerCase(), { goal: step.goal, blastRadius: step.blastRadius }, options);
    this.step = step;
    this.open = this.reader(
      transport,
      'open',
      'retired',
      { bins: binsOf(step), ...checksOf(step.checks?.open), ...approvalOf(args) },
      args.after,
    );
    this.first = this.declareCommands(transport, (step.first ?? []).map(besideReader), [this.open]);
    const before = [this.open, ...this.first];
    this.rows = this.declareRows(transport, args.snapshot, before);
    const after = [...before, ...this.rows.map(({ command }) => command)];
    this.commands = this.declareCommands(transport, unruledOf(step), after);
    const asked = [
      ...this.rows.map((row) => row.asked),
      ...[...(step.first ?? []), ...unruledOf(step)].map((one) => digestOf({ ...one })),
    ];
    const request = { expected: args.expected, ...checksOf(step.checks?.gate), ...askedOf(asked) };
    this.gate = this.reader(transport, 'gate', 'retire-check', request, [...after, ...this.commands]);
    this.outcome = this.gate.stdout;
    this.registerOutputs({});
  }

  private declareRows(
    transport: Transport,
    snapshot: Snapshot,
    first: readonly pulumi.Resource[],
  ): readonly GovernedRow[] {
    const byName = new Map<string, GovernedRow>();
    for (const row of this.step.rows) {
      const denials = row.denials?.(snapshot) ?? 0;
      const before = row.after.map((name) => byName.get(name)?.command).filter((found) => found !== undefined);
      byName.set(row.name, new GovernedRow(row, transport, { parent: this, after: [...first, ...before], denials }));
    }
    return [...byName.values()];
  }

  /** Each after the one before. */
  private declareCommands(
    transport: Transport,
    commands: readonly Unruled[],
    before: readonly pulumi.Resource[],
  ): readonly local.Command[] {
    let after = before;
    return commands.map(({ name, isDot, create, retire, request }) => {
      const declared = dotResource(
        name,
        {
          folder: isDot ? transport.dotFolder : transport.readerFolder,
          create: transport.call(create),
          delete: retire === null ? null : transport.call(retire),
          stdin: canonicalJson(request),
        },
        { parent: this, dependsOn: [...after] },
      );
      after = [declared];
      return declared;
    });
  }

  private reader(
    transport: Transport,
    create: string,
    retire: string,
    request: Parameters<typeof canonicalJson>[0],
    dependsOn: readonly pulumi.Resource[],
  ): local.Command {
    const { id } = this.step;
    return dotResource(
      `${id.toLowerCase()}-${create}`,
      {
        folder: transport.readerFolder,
        create: transport.call(`c1-reader ${create} --step ${id}`),
        delete: transport.call(`c1-reader ${retire} --step ${id}`),
        stdin: canonicalJson(request),
      },
      { parent: this, dependsOn: [...dependsOn] },
    );
  }
}

function checksOf(checks: readonly ReaderCheck[] = []): { readonly checks?: readonly ReaderCheck[] } {
  return checks.length === 0 ? {} : { checks };
}

/** What the step says, not what is to come of it: that would be another input after each `up`. */
function approvalOf({ approvals, step }: GovernedStepArgs) {
  if (approvals === 'none') return {};
  return { approval: { stack: pulumi.getStack(), definition: definitionDigest(step) } };
}

/** A changed input is what makes the engine run a command again: what is brought, tried or asked anew is read back anew. */
function askedOf(asked: readonly string[]): { readonly rows?: string } {
  return asked.length === 0 ? {} : { rows: sha256Hex(asked.join('\n')) };
}

interface Unruled extends StepCommand {
  readonly isDot: boolean;
  readonly retire: string | null;
}

/** What is made beside the reader is no row of the runtime: another one takes its place, and a delete leaves it. */
function besideReader(one: StepCommand): Unruled {
  return { ...one, isDot: false, retire: null };
}

/**
 * What a step runs that governs no row. A rehearsal stands beside the reader, and like it is no DOT: a runtime of its own
 * comes and goes with it, so that its delete only reads. Of what a DOT was asked nothing is left at all.
 */
function unruledOf({ id, rehearsal, commands = [] }: Step): readonly Unruled[] {
  const asked = commands.map((one) => ({ ...one, isDot: true, retire: null }));
  if (rehearsal === undefined) return asked;
  const name = `${id.toLowerCase()}-rehearsal`;
  return [{ name, ...rehearsal, isDot: false, retire: `c1-reader retired --step ${id}` }, ...asked];
}
