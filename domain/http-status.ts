import { CODES, type Code, type CodeKind } from './codes.ts';

const BY_KIND: Readonly<Record<CodeKind, number>> = { OK: 200, NOOP: 200, HOLD: 409, REJECT: 422, ERROR: 500 };

/** Where HTTP has a word of its own for it. */
const OWN: Readonly<Partial<Record<Code, number>>> = {
  REJECT_MALFORMED_REQUEST: 400,
  C1_PROD_REAL_RUN_BLOCKED: 403,
  HOLD_DRYRUN_NOT_AUTHORIZED: 403,
  REJECT_SCOPE_NOT_C1: 403,
  REJECT_UNKNOWN_ROUTE: 404,
  REJECT_REQUEST_TIMEOUT: 408,
  REJECT_REQUEST_TOO_LARGE: 413,
  REJECT_CONTENT_TYPE: 415,
  ERROR_UPSTREAM: 502,
  ERROR_RUNTIME_UNREACHABLE: 503,
  ERROR_TIMEOUT: 503,
  ERROR_SSH_MISSING: 503,
  HOLD_SIGNERS_MISSING: 503,
  HOLD_STOPPING: 503,
};

/** HTTP status of an answer that carries this code (codes.md). */
export function httpStatusOf(code: Code): number {
  return OWN[code] ?? BY_KIND[CODES[code].kind];
}
