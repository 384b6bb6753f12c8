import { C1Error } from '../domain/codes.ts';
import { START } from './bin-code.ts';

/** How the third line of every file in the DOT folder names its DOT (steps.md, "The eight DOTs"). */
const CODE_MARK = 'DOT-CODE: ';

/** A bin lives for a tenth of a second: with room for all that it makes, nothing is collected (measured: a tenth of its time). */
export const NODE_FLAGS = '--min-semi-space-size=16 --single-threaded-gc';

/**
 * First lines of a bundled bin: a shell script that runs itself as JavaScript in a clean environment. To the shell,
 * line 2 is a no-op and an exec; to JavaScript, line 1 is a hashbang and line 2 a string and a comment. Nothing of the
 * caller's environment passes (runtime.md, "Every bin"): the engine's holds its passphrase.
 */
export function bundleHeader(mark: string): string {
  const lib = `\${0%/*}/../lib`;
  const node = `"${lib}/node" ${NODE_FLAGS} "${lib}/${START}"`;
  return ['#!/bin/sh', `':' //; exec /usr/bin/env -i PATH=/usr/bin:/bin ${node} "$0" "$@"`, `// ${mark}`, ''].join(
    '\n',
  );
}

export function codeMark(code: string): string {
  return `${CODE_MARK}${code}`;
}

/** A DOT whose work is not built: it says so and does nothing. */
export function stubScript(file: string, code: string): string {
  const refusal = new C1Error('ERROR_NOT_IMPLEMENTED', {
    seen: `a call of ${file}`,
    expected: 'a DOT whose work is built',
  });
  return script(`${file} is registered; its work is not built yet.`, code, refusal);
}

/** A legacy birth DOT: in the registry, on disk, and refusing (seed 004 §4). */
export function frozenScript(file: string, code: string): string {
  const refusal = new C1Error('REJECT_FROZEN_DOT', {
    seen: `a call of ${file} (FROZEN/MONITORED)`,
    expected: 'dot-birth-backfill',
  });
  return script(`${file} is FROZEN/MONITORED.`, code, refusal);
}

function script(about: string, code: string, refusal: C1Error): string {
  const lines = [
    '#!/bin/sh',
    `# ${about}`,
    `# ${codeMark(code)}`,
    `echo '${refusal.message}' >&2`,
    `exit ${refusal.exitCode}`,
  ];
  return `${lines.join('\n')}\n`;
}
