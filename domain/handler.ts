/** The handler of `authorize_build_step` (authority.md): what H1 deploys and what H4 binds. */
export const HANDLER_DOT = 'DOT-310';
/** The version of `dot-apr-execute` that has the arm, and the name under which the release brings it. */
export const HANDLER_VERSION = '2.3.0';
export const HANDLER_NAME = 'dot-apr-execute-authorize';

export const AUTHORIZE_ACTION = 'authorize_build_step';
export const AUTHORIZE_HANDLER = 'dot-apr-execute:authorize_build_step';
/** Before H4: the root blocker of the source documents. */
export const HANDLER_UNBOUND = 'unimplemented';
