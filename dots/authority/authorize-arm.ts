import { C1Error } from '../../domain/codes.ts';
import type { Authorization } from '../../domain/plans/apr-dispatch.ts';
import type { DotProgram } from '../kernel/run.ts';

/**
 * The arm `authorize_build_step` of `dot-apr-execute` v2.3.0: mints the one grant that an approved request asks for. Its
 * work is not built yet: every way into it says so, before anything is read or written.
 */
export const AUTHORIZE_ARM: Required<Pick<DotProgram<Authorization>, 'plan' | 'effects'>> = {
  plan: {
    dot: 'DOT-310',
    subject: () => notBuilt(),
    scope: () => notBuilt(),
    apply: () => notBuilt(),
    retire: () => notBuilt(),
  },
  effects: async () => notBuilt(),
};

function notBuilt(): never {
  throw new C1Error('ERROR_NOT_IMPLEMENTED', {
    seen: 'dot-apr-execute --authorize',
    expected: 'an arm whose work is built',
  });
}
