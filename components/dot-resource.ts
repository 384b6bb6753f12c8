import { local } from '@pulumi/command';
import type * as pulumi from '@pulumi/pulumi';

/** One command line for each direction; the update is the same idempotent reconcile as the create. */
export interface DotCommand {
  readonly folder: string;
  readonly create: string;
  /** Null for what only looks: its delete does nothing. */
  readonly delete: string | null;
  /** Canonical JSON on standard input; none where the flags say everything. */
  readonly stdin: string | null;
}

/**
 * The ONE place that makes a @pulumi/command resource (architecture.md, decision 2).
 *
 * Never `triggers`: they replace, and the old delete would retire the live row. `logging: none`, no previous output in the
 * environment, no absolute path, nothing secret and nothing observed among the inputs.
 */
export function dotResource(name: string, command: DotCommand, options: pulumi.CustomResourceOptions): local.Command {
  return new local.Command(
    name,
    {
      create: command.create,
      update: command.create,
      ...(command.delete === null ? {} : { delete: command.delete }),
      dir: command.folder,
      logging: local.Logging.None,
      addPreviousOutputInEnv: false,
      ...(command.stdin === null ? {} : { stdin: command.stdin }),
    },
    { ...options, deleteBeforeReplace: true },
  );
}
