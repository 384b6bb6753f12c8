import { DatabaseError } from 'pg';
import { C1Error, isCode } from '../../domain/codes.ts';
import { failureParts } from '../../domain/failure.ts';

const UNREACHABLE = /^(ECONN|EHOSTUNREACH|ENOTFOUND|ETIMEDOUT|EPIPE|57P0|08)/;

/** A login without a password file gets a new one at the next start; a wrong one is kept. */
const WRONG_PASSWORD = "remove that login's file below .c1/secrets, then npx c1 runtime start";

/** Turns what `pg` throws into a registered code; the cause is kept. Anything that is a C1Error already stays as it is. */
export function databaseError(cause: unknown): unknown {
  if (cause instanceof C1Error) return cause;
  if (cause instanceof DatabaseError) return fromServer(cause);
  if (isUnreachable(cause)) return unreachable(cause);
  if (cause instanceof Error && cause.message === 'Query read timeout') return timedOut(cause);
  return cause;
}

function fromServer(cause: DatabaseError): C1Error {
  // As `iu_core.refuse` raises it.
  const raised = failureParts(cause.message);
  if (raised !== null && isCode(raised.code)) return new C1Error(raised.code, raised, { cause });
  const state = cause.code ?? 'no SQLSTATE';
  if (state === '42501') {
    return new C1Error(
      'ERROR_PERMISSION_DENIED',
      { seen: cause.message, expected: 'a login with the right' },
      { cause },
    );
  }
  if (state === '2BP01') {
    const expected = 'nothing that stands on it';
    const next = 'retire that first; npx pulumi destroy goes in the right order';
    return new C1Error('HOLD_PRESTATE_MOVED', { seen: cause.message, expected, next }, { cause });
  }
  if (state === '55P03' || state === '57014') {
    return timedOut(cause);
  }
  if (state.startsWith('28')) return unreachable(cause, WRONG_PASSWORD);
  if (UNREACHABLE.test(state) || state === '3D000') return unreachable(cause);
  return new C1Error('ERROR_DATABASE', { seen: `${state} ${cause.message}`, expected: 'success' }, { cause });
}

function isUnreachable(cause: unknown): cause is Error {
  if (!(cause instanceof Error)) return false;
  const code = 'code' in cause ? String(cause.code) : '';
  return (
    UNREACHABLE.test(code) || /^(Connection terminated|timeout expired|Client has encountered)/.test(cause.message)
  );
}

/** Before the commit nothing is written; commit itself says what it does not know. */
function timedOut(cause: Error): C1Error {
  const expected = 'an answer within the time limit; nothing was written';
  return new C1Error('ERROR_TIMEOUT', { seen: cause.message, expected }, { cause });
}

function unreachable(cause: Error, next?: string): C1Error {
  const seen = cause.message === '' && 'code' in cause ? String(cause.code) : cause.message;
  const finding = { seen, expected: 'a PostgreSQL that answers', ...(next === undefined ? {} : { next }) };
  return new C1Error('ERROR_RUNTIME_UNREACHABLE', finding, { cause });
}
