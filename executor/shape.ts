import { C1Error } from '../domain/codes.ts';

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const MOST_PROBLEMS = 5;

/** A request of the wrong shape, with the properties that are wrong; a long key or value is cut. */
export function refuseShape(issues: readonly Issue[], expected: string): C1Error {
  const problems = issues
    .slice(0, MOST_PROBLEMS)
    .map(({ path, message }) => `${path.map(String).join('.') || 'the body'}: ${message}`.slice(0, 200));
  return new C1Error('REJECT_MALFORMED_REQUEST', { seen: problems.join('; '), expected });
}
