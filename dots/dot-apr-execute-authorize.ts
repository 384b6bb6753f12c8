import { grantOrder } from '../domain/grant.ts';
import { HANDLER_VERSION } from '../domain/handler.ts';
import { dotCode, parsePayload } from '../domain/payloads.ts';
import { type Dispatch, dispatched, isAuthorization } from '../domain/plans/apr-dispatch.ts';
import { AUTHORIZE_ARM } from './authority/authorize-arm.ts';
import { PATCH_ARM } from './authority/patch-arm.ts';
import { usage } from './kernel/command.ts';
import { runBin } from './kernel/main.ts';

/**
 * `dot-apr-execute` v2.3.0, which H1 puts in the place of v2.2.0: the same patches, and the one arm that mints a grant of
 * C1 (seed 003, step 1). Every command line without --authorize is answered as v2.2.0 answered it.
 */
runBin<Dispatch>({
  ...PATCH_ARM,
  version: HANDLER_VERSION,
  summary: `${PATCH_ARM.summary} Mints the one build grant of C1 that an approved request asks for.`,
  plan: dispatched(PATCH_ARM.plan, AUTHORIZE_ARM.plan),
  examples: [...PATCH_ARM.examples, '--cloud --step W7 --for dryrun/grant --authorize DOT_C1_VOCAB_BUILD'],
  flags: (command) =>
    PATCH_ARM.flags(command).option(
      '--authorize <code>',
      'mint the grant that the approved request on this DOT asks for',
    ),
  payload: (flags, stdin) => (flags.authorize === undefined ? PATCH_ARM.payload(flags) : authorizationOf(flags, stdin)),
  effects: (client, input, snapshot) => {
    const { payload, ...run } = input;
    return isAuthorization(payload)
      ? AUTHORIZE_ARM.effects(client, { ...run, payload }, snapshot)
      : PATCH_ARM.effects(client, { ...run, payload }, snapshot);
  },
});

/** The order on standard input, where there is one, must be what the owners were asked for. */
function authorizationOf({ authorize, patch, restore }: Readonly<Record<string, unknown>>, stdin: unknown): Dispatch {
  if (patch !== undefined || restore !== undefined)
    throw usage('--authorize with another', 'one of --patch, --restore and --authorize');
  const order = stdin === undefined ? null : parsePayload(grantOrder, stdin, 'order');
  return { authorize: parsePayload(dotCode, authorize, 'authorize'), order };
}
