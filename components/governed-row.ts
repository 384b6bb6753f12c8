import type { local } from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import { canonicalJson, sha256Hex } from '../domain/canonical.ts';
import { commandFor, type StepRow } from '../domain/steps/step.ts';
import { SURFACES } from '../domain/surfaces.ts';
import { dotResource } from './dot-resource.ts';
import type { Transport } from './transport.ts';

/**
 * One governed row: its whole row as inputs, so that `pulumi preview --diff` shows it, and exactly one child command, so
 * that the count of these components is the delta count (architecture.md, decisions 1 and 10).
 */
export class GovernedRow extends pulumi.ComponentResource {
  /** The bin's outcome as JSON; unknown at preview. */
  readonly outcome: pulumi.Output<string>;
  readonly name: string;
  readonly command: local.Command;
  /** SHA-256 of what the command is asked: another one means that it runs again. */
  readonly asked: string;

  /** @param after commands that have to be done first; the component waits as well, or it would say created before its row is there */
  constructor(
    row: StepRow,
    transport: Transport,
    options: { readonly parent: pulumi.Resource; readonly after: readonly pulumi.Resource[]; readonly denials: number },
  ) {
    const again = options.denials === 0 ? {} : { after_denials: options.denials };
    const dependencies = { parent: options.parent, dependsOn: [...options.after] };
    super(row.type, row.name, { ...row.inputs, ...again, ...generatedColumns(row) }, dependencies);
    const claimant = { stack: pulumi.getStack(), resource: row.owner };
    const create = transport.call(commandFor(commandAfter(row.create, options.denials), claimant));
    const stdin = row.payload === null ? null : canonicalJson(row.payload);
    this.asked = sha256Hex(`${create}\n${stdin ?? ''}`);
    this.command = dotResource(
      row.name,
      {
        folder: row.place === 'dot' ? transport.dotFolder : transport.executorFolder,
        create,
        delete: transport.call(commandFor(row.retire, claimant)),
        stdin,
      },
      { parent: this, dependsOn: [...options.after] },
    );
    this.name = row.name;
    this.outcome = this.command.stdout;
    // What the bin said stands in its command's state already, and the whole state is written at each step of the engine.
    this.registerOutputs({});
  }
}

/**
 * The one thing of the runtime's history among the inputs: a changed input is what makes the engine run a command again,
 * and after a denial that is wanted (docs/decisions/0012).
 */
function commandAfter(command: string, denials: number): string {
  return denials === 0 ? command : `${command} --after-denials ${denials}`;
}

/** Columns that only the runtime can make stand in the row as `<generated>` (steps.md). */
function generatedColumns({ surface }: StepRow): Readonly<Record<string, string>> {
  return Object.fromEntries(SURFACES[surface].assigned.map((column) => [column, '<generated>']));
}
