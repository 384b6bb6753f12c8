import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stateFolder } from '../../engine/root.mjs';
import { type Ended, run } from '../process.ts';
import { pythonEnvironment } from '../python.ts';

/**
 * `npm run verify:independent [-- <folder> <public key>]`: verifiers that are not ours (securesystemslib, in-toto-attestation)
 * accept the evidence, and refuse it with one byte of the statement or of a file changed. Needs PyPI the first time; what is
 * missing is said, and never taken for passed.
 */
const [
  folder = join(stateFolder(), 'evidence', 'dryrun'),
  key = join(stateFolder(), 'secrets', 'ssh', 'operator_1.pub'),
] = process.argv.slice(2);

const python = join(
  await pythonEnvironment('evidence', join(import.meta.dirname, 'requirements.txt')),
  'bin',
  'python3',
);
const scratch = mkdtempSync(join(tmpdir(), 'c1-independent-'));
try {
  expect(await verify(folder), 0, 'the evidence as it is');
  for (const name of ['evidence.dsse.json', 'evidence.json', 'manifest.json', 'evidence.html']) {
    expect(await verify(altered(name)), 1, `${name} with one byte changed`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function verify(where: string): Promise<Ended> {
  return run(python, [join(import.meta.dirname, 'verify.py'), where, key]);
}

/** A copy in which one byte is another; of the envelope one of the statement, which is base64 and stays so. */
function altered(name: string): string {
  const copy = join(scratch, name);
  cpSync(folder, copy, { recursive: true });
  const file = join(copy, name);
  const text = readFileSync(file, 'utf8');
  const at = name.endsWith('.dsse.json') ? text.indexOf('"payload":"') + 40 : text.length >> 1;
  writeFileSync(file, `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`);
  return copy;
}

function expect({ exitCode, all }: Ended, wanted: number, what: string): void {
  const said = all.trim().split('\n').at(-1) ?? '';
  if (exitCode !== wanted || (wanted === 1 && !said.startsWith('refused: '))) {
    throw new Error(`${what}: exit ${exitCode} instead of ${wanted}; ${said}`);
  }
  process.stdout.write(`✓ ${what}: ${wanted === 0 ? 'accepted' : 'refused'}; ${said}\n`);
}
