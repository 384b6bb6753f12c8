// One side of `manifest`, in a process of its own: hashes the manifest of so many operations, in pieces or as one text, and
// prints milliseconds, KiB and the hash. Memory is told by bench/peak-memory.cjs.
import { createHash } from 'node:crypto';
import {
  type ActionTypeRow,
  hashPieces,
  manifestOf,
  manifestPieces,
  resolveOperations,
} from '../../domain/manifest.ts';

const [way, count] = process.argv.slice(2);
const WAYS: Readonly<Record<string, (size: number) => Promise<readonly [milliseconds: number, hash: string]>>> = {
  /** From the rows as a cursor gives them, to the hash. */
  pieces: async (size) => {
    const began = performance.now();
    const hash = await hashPieces(manifestPieces(rowsOf(size)));
    return [performance.now() - began, hash];
  },
  /** From the object as it stands ready in memory, to the hash. */
  text: async (size) => {
    const manifest = manifestOf(resolveOperations([...rowsOf(size)]));
    const began = performance.now();
    const hash = createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
    return [performance.now() - began, hash];
  },
};

const answer = await WAYS[way ?? '']?.(Number(count));
if (answer === undefined) throw new RangeError(`pieces or text, not ${way}`);
process.stdout.write(JSON.stringify({ milliseconds: answer[0], hash: answer[1] }));

function* rowsOf(size: number): Generator<ActionTypeRow> {
  const width = String(size).length;
  for (let at = 0; at < size; at += 1) {
    const action_code = `operation_${String(at).padStart(width, '0')}`;
    yield { action_code, act_type: 'canonical_operation', protocol_version: '1', status: 'active' };
  }
}
