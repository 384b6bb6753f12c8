import { AUTHORIZE_ACTION, AUTHORIZE_HANDLER } from '../handler.ts';
import { BIND_MIGRATION } from '../migration.ts';
import { handlerBind } from '../plans/handler-bind.ts';
import type { ReleasePayloads } from '../release.ts';
import { type Step, stepRow } from './step.ts';

const COMMAND = `dot-migration-apply --cloud --step H4 --file ${BIND_MIGRATION}`;

/** H4: `authorize_build_step` gets its handler, by the governed migration mechanism and no other (seed 003, step 4). */
export function handlerBindingStep({ release }: Pick<ReleasePayloads, 'release'>): Step {
  const binding = { action_code: AUTHORIZE_ACTION, handler_ref: AUTHORIZE_HANDLER };
  const migration = release.migrations.find(({ file }) => file === BIND_MIGRATION);
  return {
    id: 'H4',
    title: 'HandlerBinding',
    goal: 'Bind authorize_build_step to the arm that H1 brought: until then no grant can exist.',
    dotPaths: ['dot-migration-apply'],
    payloadFiles: [BIND_MIGRATION],
    rows: [
      stepRow({
        type: 'c1:authority:HandlerBinding',
        name: 'handler-binding',
        inputs: { ...binding, migration: BIND_MIGRATION, migration_sha256: migration?.sha256 ?? null },
        create: COMMAND,
        retire: `${COMMAND} --retire`,
        dotPlan: handlerBind,
        payload: binding,
        standardInput: null,
      }),
    ],
    readback: `UPDATE 1, and handler_ref read back in the transaction: ${AUTHORIZE_HANDLER}`,
    retire: 'the same DOT with --retire: handler_ref is unimplemented again',
    blastRadius: 'one column of one row of apr_action_types',
    stops: [
      'the change does not persist',
      'dot-apr-execute 2.3.0 is not deployed as known good',
      'the migration says anything else than that one call, or is not the file of the release',
      'on retire: a live grant of C1',
    ],
    attack: 'raw SQL update of handler_ref',
  };
}
