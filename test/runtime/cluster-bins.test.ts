import { createHash, randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { sha256Hex } from '../../domain/canonical.ts';
import { dotOf, FROZEN_DOT_CODES } from '../../domain/dots.ts';
import { buildBins } from '../../runtime/bin-build.ts';
import { bundleHeader, codeMark } from '../../runtime/bin-header.ts';
import { installBins } from '../../runtime/bin-install.ts';
import { CHECKOUT } from '../../runtime/paths.ts';
import { diskFiles } from '../../runtime/seed/tools.ts';
import { OPERATOR } from '../../runtime/stand-in-keys.ts';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';

const BUILT = 'dot-species-register';
const CANARY = 'c1-canary-7f3a';

let runtime: TestRuntime;
let folder: string;
beforeAll(async () => {
  runtime = await createTestRuntime();
  folder = await mkdtemp(path.join(os.tmpdir(), 'c1 bins '));
});
afterAll(async () => {
  await runtime.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** A bin that says how it was started: same header, its own body. */
async function probe(): Promise<string> {
  const file = path.join(runtime.paths.bin, 'dot-probe');
  const body =
    'console.log(JSON.stringify({ argv: process.argv.slice(1), env: process.env, require: typeof require }));\n';
  await writeFile(file, `${bundleHeader(codeMark('DOT-PROBE'))}${body}`, { mode: 0o755 });
  return file;
}

interface Probed {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly require: string;
}

async function ran(file: string, args: readonly string[], options: object = {}): Promise<Probed> {
  return JSON.parse((await execa(file, args, options)).stdout);
}

describe('the header of a bin', () => {
  it('lets nothing of the caller through, the passphrase least of all', async () => {
    const seen = await ran(await probe(), ['--x'], {
      env: {
        PULUMI_CONFIG_PASSPHRASE: CANARY,
        PGPASSWORD: CANARY,
        NODE_OPTIONS: '--no-warnings',
        LD_LIBRARY_PATH: CANARY,
      },
    });
    expect(Object.keys(seen.env).toSorted()).toEqual(['PATH', ...extra(seen.env)].toSorted());
    expect(JSON.stringify(seen.env)).not.toContain(CANARY);
    expect(seen.env.PATH).toBe('/usr/bin:/bin');
    expect(seen.require).toBe('function');
  });

  it('works by absolute path, relative path, PATH, a link in the same folder, and with spaces in the path', async () => {
    const file = await probe();
    const { dir, base } = path.parse(file);
    expect((await ran(file, ['a b', '$HOME'])).argv).toEqual([file, 'a b', '$HOME']);
    expect((await ran(`./${base}`, ['a'], { cwd: dir })).argv.at(-1)).toBe('a');
    expect((await ran(`bin/${base}`, ['a'], { cwd: path.dirname(dir) })).argv.at(-1)).toBe('a');
    expect((await ran(base, ['a'], { env: { PATH: `${dir}:${process.env.PATH}` } })).argv.at(-1)).toBe('a');
    await symlink(base, path.join(dir, 'dot-probe-link'));
    expect((await ran(path.join(dir, 'dot-probe-link'), ['a'])).argv.at(-1)).toBe('a');
    const spaced = path.join(folder, 'opt incomex');
    await cp(runtime.paths.dot, spaced, { recursive: true, verbatimSymlinks: true });
    expect((await ran(path.join(spaced, 'bin', base), ['a'])).argv.at(-1)).toBe('a');
    await Promise.all([file, path.join(dir, 'dot-probe-link')].map((place) => rm(place)));
  });

  it('gives the exit status and both streams of the program', async () => {
    const result = await runtime.bin(BUILT, ['--cloud', '--no-such-flag']);
    expect(result).toMatchObject({ exitCode: 64, stdout: '' });
    expect(result.stderr).toMatch(/^ERROR_USAGE: seen .*, expected .*\. Next: .*\.$/);
    expect(await runtime.bin(BUILT, ['--version'])).toEqual({
      ...{ exitCode: 0, stderr: '', stdout: `${BUILT} ${dotOf('DOT_SPECIES_REGISTER').version} DOT_SPECIES_REGISTER` },
    });
  });
});

describe('the bytecode of a bin', () => {
  /** Says `value`, and ends with the status that its first argument is; the comment makes its bytes its own. */
  async function bin(value: string): Promise<{ readonly file: string; readonly code: string }> {
    const file = path.join(runtime.paths.bin, 'dot-probe');
    const body = `console.log((() => "${value}")()); // ${randomUUID()}\nprocess.exitCode = Number(process.argv[2] ?? 0);\n`;
    const text = `${bundleHeader(codeMark('DOT-PROBE'))}${body}`;
    await rm(file, { force: true });
    await writeFile(file, text, { mode: 0o755 });
    return { file, code: path.join(runtime.paths.lib, 'code', sha256Hex(text)) };
  }
  const there = (place: string) => stat(place).then(Boolean, () => false);
  afterAll(() => rm(path.join(runtime.paths.bin, 'dot-probe')));

  it('is written by the first run that did something, and by none that failed or only said its version', async () => {
    const { file, code } = await bin('a');
    await expect(execa(file, ['7'])).rejects.toMatchObject({ exitCode: 7, stdout: 'a' });
    for (const word of ['--version', '--help']) await execa(file, ['0', word]);
    expect(await there(code)).toBe(false);
    expect((await execa(file)).stdout).toBe('a');
    expect(await there(code)).toBe(true);
    const { mtimeMs } = await stat(code);
    expect((await execa(file)).stdout).toBe('a');
    expect((await stat(code)).mtimeMs).toBe(mtimeMs);
    await rm(code);
  });

  it('is one file, whole, when many first runs end at the same time', async () => {
    const { file, code } = await bin('a');
    const runs = await Promise.all(Array.from({ length: 4 }, () => execa(file)));
    expect(runs.map(({ stdout }) => stdout)).toEqual(['a', 'a', 'a', 'a']);
    const drafts = (await readdir(path.dirname(code))).filter((name) => name.startsWith(path.basename(code)));
    expect(drafts).toEqual([path.basename(code)]);
    await rm(code);
  });

  it('that cannot be kept leaves no draft', async () => {
    const { file, code } = await bin('a');
    await mkdir(path.join(code, 'in the way'), { recursive: true });
    expect((await execa(file)).stdout).toBe('a');
    const names = await readdir(path.dirname(code));
    expect(names.filter((name) => name.startsWith(`${path.basename(code)}.`))).toEqual([]);
    await rm(code, { recursive: true });
  });

  it('is that of these bytes: a bin of the same length runs as what it is', async () => {
    const first = await bin('a');
    await execa(first.file);
    const second = await bin('b');
    expect((await execa(second.file)).stdout).toBe('b');
    expect(second.code).not.toBe(first.code);
    await Promise.all([first, second].map(({ code }) => rm(code)));
  });

  it('is not used, but written anew, where the disk changed it or another V8 made it', async () => {
    const { file, code } = await bin('a');
    await execa(file);
    const good = await readFile(code);
    const bit = Buffer.from(good);
    bit.writeUInt8(bit.readUInt8(bit.length - 9) ^ 1, bit.length - 9);
    const otherV8 = Buffer.from(good.subarray(32));
    otherV8.writeUInt8(otherV8.readUInt8(4) ^ 1, 4);
    const sealed = Buffer.concat([createHash('sha256').update(otherV8).digest(), otherV8]);
    for (const bad of [bit, sealed, good.subarray(0, 100), Buffer.alloc(0)]) {
      await writeFile(code, bad);
      expect((await execa(file)).stdout).toBe('a');
      expect((await readFile(code)).equals(bad)).toBe(false);
      expect((await execa(file)).stdout).toBe('a');
    }
    await rm(code);
  });
});

describe('every file of the DOT folder', () => {
  it('is executable, not writable, and names its code in the third line', async () => {
    for (const { file, code } of diskFiles()) {
      const place = path.join(runtime.paths.bin, file);
      expect((await stat(place)).mode & 0o777, file).toBe(0o555);
      expect((await readFile(place, 'utf8')).split('\n')[2], file).toMatch(new RegExp(`^(#|//) DOT-CODE: ${code}$`));
    }
  });

  it('has a name and a code of its own', () => {
    const files = diskFiles();
    expect(new Set(files.map(({ file }) => file)).size).toBe(files.length);
    expect(new Set(files.map(({ code }) => code)).size).toBe(files.length);
  });

  it('that is not built refuses in one line', async () => {
    const stub = diskFiles().find(({ kind }) => kind === 'stub')?.file ?? '';
    const result = await runtime.bin(stub, ['--cloud']);
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toBe(
      `ERROR_NOT_IMPLEMENTED: seen a call of ${stub}, expected a DOT whose work is built. Next: wait for its release.`,
    );
  });

  it('that is frozen refuses for good', async () => {
    const frozen = diskFiles().filter(({ kind }) => kind === 'frozen');
    expect(frozen.map(({ code }) => code)).toEqual([...FROZEN_DOT_CODES]);
    for (const { file } of frozen) {
      const result = await runtime.bin(file, ['--cloud']);
      expect(result).toMatchObject({ exitCode: 4, stdout: '' });
      expect(result.stderr).toMatch(/^REJECT_FROZEN_DOT: seen .*\. Next: use dot-birth-backfill\.$/);
    }
  });
});

describe('building', () => {
  it('gives the same bytes in another folder, and names no path of this machine', async () => {
    const elsewhere = path.join(folder, 'a build');
    const first = await buildBins(path.join(folder, 'a first build'));
    const again = await buildBins(elsewhere);
    expect(again).toEqual(first);
    expect(Object.keys(first)).toContain(BUILT);
    const text = await readFile(path.join(elsewhere, BUILT), 'utf8');
    expect(sha256Hex(text)).toBe(again[BUILT]);
    // pg's own module is not in it (runtime/bin-pg-crypto.ts).
    expect([text.includes('pbkdf2Sync'), text.includes('subtle')]).toEqual([true, false]);
    for (const place of [CHECKOUT, os.tmpdir(), os.homedir()]) expect(text.includes(`${place}/`)).toBe(false);
  });

  it('does nothing when no source changed, and heals a lost file', async () => {
    const elsewhere = path.join(folder, 'another build');
    const first = await buildBins(elsewhere);
    const made = (await stat(path.join(elsewhere, BUILT))).mtimeMs;
    expect(await buildBins(elsewhere)).toEqual(first);
    expect((await stat(path.join(elsewhere, BUILT))).mtimeMs).toBe(made);
    await rm(path.join(elsewhere, BUILT));
    expect(await buildBins(elsewhere)).toEqual(first);
    expect(sha256Hex(await readFile(path.join(elsewhere, BUILT), 'utf8'))).toBe(first[BUILT]);
  });
});

describe('installing', () => {
  it('puts back a file that was changed, unless a DOT deployed it as known good', async () => {
    const target = targetOf(runtime);
    const place = path.join(runtime.paths.bin, BUILT);
    const original = await readFile(place, 'utf8');
    const deployed = `${original}\n// deployed by H1\n`;
    await replace(place, deployed);
    const kept = await installBins({ ...target, knownGood: new Set([sha256Hex(deployed)]) });
    // What is reported is what was installed; what a patch put there since, its request says.
    expect(kept).toMatchObject({ written: 0, digests: { [BUILT]: sha256Hex(original) } });
    expect(await readFile(place, 'utf8')).toBe(deployed);
    const healed = await installBins(target);
    expect(healed.written).toBe(1);
    expect(await readFile(place, 'utf8')).toBe(original);
  });

  it('keeps what was staged, and removes it only when all is put back', async () => {
    const staged = path.join(runtime.paths.bin, 'dot-c1-preflight');
    await writeFile(staged, 'staged');
    expect((await installBins(targetOf(runtime))).written).toBe(0);
    expect(await readFile(staged, 'utf8')).toBe('staged');
    expect((await installBins({ ...targetOf(runtime), exact: true })).written).toBe(1);
    expect((await readdir(runtime.paths.bin)).toSorted()).toEqual(
      diskFiles()
        .map(({ file }) => file)
        .toSorted(),
    );
  });

  it('gives bins what they need to find the runtime, and no more', async () => {
    const config = JSON.parse(await readFile(runtime.paths.config, 'utf8'));
    expect(Object.keys(config).toSorted()).toEqual([
      'database',
      'executor',
      'host',
      'label',
      'operator',
      'port',
      'secrets',
    ]);
    expect(config).toMatchObject({ database: runtime.database, executor: null, host: '127.0.0.1', port: runtime.port });
    expect(path.resolve(path.dirname(runtime.paths.config), config.secrets)).toBe(runtime.paths.secrets);
    expect(config.label).toHaveLength(5);
    expect(config.operator).toBe(OPERATOR);
  });
});

function targetOf({ paths, port, database }: TestRuntime) {
  const { buildFolder, built } = inject('testServer');
  return { paths, buildFolder, built, port, database, knownGood: new Set<string>(), exact: false };
}

async function replace(file: string, text: string): Promise<void> {
  await rm(file);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text, { mode: 0o555 });
}

/** What the shell itself sets in an empty environment; never something of the caller's. */
function extra(env: Readonly<Record<string, string>>): readonly string[] {
  return ['PWD', 'SHLVL', '_', 'OLDPWD'].filter((name) => env[name] !== undefined);
}
