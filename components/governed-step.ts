import type { local } from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import { canonicalJson, digestOf, sha256Hex } from '../domain/canonical.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { binsOf, type ReaderCheck, type Step } from '../domain/steps/step.ts';
import { dotResource } from './dot-resource.ts';
import { GovernedRow } from './governed-row.ts';
import type { Transport } from './transport.ts';

export interface GovernedStepArgs {
  readonly step: Step;
  /** Net live rows per surface that the gate expects of this step. */
  readonly expected: Readonly<Record<string, number>>;
  readonly transport: Transport;
  readonly snapshot: Snapshot;
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
  readonly rows: readonly GovernedRow[];
  readonly rehearsal: local.Command | null;
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
      { bins: binsOf(step), ...checksOf(step.checks?.open) },
      args.after,
    );
    this.rows = this.declareRows(transport, args.snapshot);
    this.rehearsal = this.declareRehearsal(transport);
    const asked = [...this.rows.map((row) => row.asked), ...rehearsed(step)];
    const request = { expected: args.expected, ...checksOf(step.checks?.gate), ...askedOf(asked) };
    this.gate = this.reader(transport, 'gate', 'retire-check', request, [
      this.open,
      ...(this.rehearsal === null ? [] : [this.rehearsal]),
      ...this.rows.map(({ command }) => command),
    ]);
    this.outcome = this.gate.stdout;
    this.registerOutputs({});
  }

  private declareRows(transport: Transport, snapshot: Snapshot): readonly GovernedRow[] {
    const byName = new Map<string, GovernedRow>();
    for (const row of this.step.rows) {
      const denials = row.denials?.(snapshot) ?? 0;
      const before = row.after.map((name) => byName.get(name)?.command).filter((found) => found !== undefined);
      byName.set(row.name, new GovernedRow(row, transport, { parent: this, after: [this.open, ...before], denials }));
    }
    return [...byName.values()];
  }

  /** Beside the reader, and like it no DOT: a runtime of its own comes and goes with the command. */
  private declareRehearsal(transport: Transport): local.Command | null {
    const { id, rehearsal } = this.step;
    if (rehearsal === undefined) return null;
    return dotResource(
      `${id.toLowerCase()}-rehearsal`,
      {
        folder: transport.readerFolder,
        create: transport.call(rehearsal.create),
        // Nothing is left of a rehearsal: its delete only reads.
        delete: transport.call(`c1-reader retired --step ${id}`),
        stdin: canonicalJson(rehearsal.request),
      },
      { parent: this, dependsOn: [this.open] },
    );
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

/** A changed input is what makes the engine run a command again: what is brought or tried anew is read back anew. */
function askedOf(asked: readonly string[]): { readonly rows?: string } {
  return asked.length === 0 ? {} : { rows: sha256Hex(asked.join('\n')) };
}

function rehearsed({ rehearsal }: Step): readonly string[] {
  return rehearsal === undefined ? [] : [digestOf(rehearsal)];
}
