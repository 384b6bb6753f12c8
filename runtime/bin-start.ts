import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { constants, Script } from 'node:vm';
import { CODE_FOLDER } from './bin-code.ts';

/**
 * What every bin is started with (bin-header.ts): `node start.cjs <file> …` runs the file as `node <file> …` does, from
 * the bytecode of all functions that its first run called. Node's own compile cache keeps no function that is within
 * another, so that a bin would compile some six hundred of them at each start (measured: a seventh of its time).
 *
 * Where there is no bytecode, or it is another V8's, or the disk changed it, V8 compiles the file as ever. It stands
 * beside Node: who could write here could as well replace that.
 */
const [, , named = '', ...words] = process.argv;
process.argv.splice(1, 2, path.resolve(named));
const file = realpathSync(named);
const text = readFileSync(file, 'utf8');
// Bytecode belongs to these very bytes: V8 itself compares no more than their length.
const place = path.join(import.meta.dirname, CODE_FOLDER, digest(text).toString('hex'));
const cachedData = kept();
const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
const script = new Script(wrapped(), { filename: file, cachedData, importModuleDynamically });
if (cachedData === undefined || script.cachedDataRejected === true) process.once('exit', keep);
const module = { exports: {} };
const run = script.runInThisContext();
run.call(module.exports, module.exports, createRequire(file), module, file, path.dirname(file));

/** As Node wraps each CommonJS file. The wrapper takes the place of the hashbang: line numbers are those of the file. */
function wrapped(): string {
  const [hashbang = ''] = /^#!.*/.exec(text) ?? [];
  return `(function (exports, require, module, __filename, __dirname) {${text.slice(hashbang.length)}\n})`;
}

/** Only of a run that did something: what only says its version has called little of what a run calls. */
function keep(status: number): void {
  if (status !== 0 || words.includes('--version') || words.includes('--help')) return;
  const draft = `${place}.${process.pid}`;
  try {
    const code = script.createCachedData();
    writeFileSync(draft, Buffer.concat([digest(code), code]), { flag: 'wx' });
    renameSync(draft, place);
  } catch {
    // A folder that cannot be written, or a disk that is full: the next start is as slow as this one.
    rmSync(draft, { force: true });
  }
}

/** Behind its own digest: V8 would run what the disk has changed. */
function kept(): Buffer | undefined {
  try {
    const content = readFileSync(place);
    const code = content.subarray(32);
    return digest(code).equals(content.subarray(0, 32)) ? code : undefined;
  } catch {
    return undefined;
  }
}

function digest(content: string | Buffer): Buffer {
  return createHash('sha256').update(content).digest();
}
