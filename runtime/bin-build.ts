import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { type BuildOptions, build, version as esbuildVersion, type Plugin } from 'esbuild';
import { sha256Hex } from '../domain/canonical.ts';
import { HANDLER_DOT, HANDLER_NAME } from '../domain/handler.ts';
import { HARDENED_NAME } from '../domain/registrar.ts';
import { CODE_FOLDER, START } from './bin-code.ts';
import { bundleHeader, codeMark } from './bin-header.ts';
import { readIfThere, writeAtomic } from './files.ts';
import { CHECKOUT } from './paths.ts';
import { diskFiles, stagedLater } from './seed/tools.ts';

/** The reader is no DOT: it is built like one, and installed apart. */
export const READER = 'c1-reader';
/** Nor is what rehearses H3 and H6; it stands beside the reader. */
export const REHEARSER = 'c1-rehearse';

/** Nor is what makes the evidence package. */
export const EVIDENCER = 'c1-evidence';

/** What a build made: file name in the build folder to its SHA-256. */
export type Built = Readonly<Record<string, string>>;

/** Beside the bins: the executor's releases, and its deploy, which is no DOT either. */
export const EXECUTOR_BUNDLES = { v1: 'executor-v1.cjs', c1: 'executor-c1.cjs' } as const;
export const EXECUTOR_DEPLOY = 'executor-deploy';

interface Entry {
  readonly name: string;
  readonly source: string;
  /** What its header says it is; null for what is not run by its name. */
  readonly mark: string | null;
}

const SOURCES = ['domain', 'dots', 'executor', 'review', 'runtime'] as const;

/**
 * Bundles every bin whose source is there, each into one file in `folder`; does nothing when no source changed. The same
 * sources give the same bytes on every machine.
 */
export async function buildBins(folder: string): Promise<Built> {
  const stamp = await sourceStamp();
  const stampFile = path.join(folder, 'stamp.json');
  const kept = parseStamp(await readIfThere(stampFile));
  const isKept = kept?.stamp === stamp && (await allThere(folder, kept.built));
  const built = isKept ? kept.built : await bundle(await entries(), folder);
  if (!isKept) await writeAtomic(stampFile, JSON.stringify({ stamp, built }));
  await sweepCode(folder, built);
  return built;
}

async function entries(): Promise<readonly Entry[]> {
  const house = diskFiles().filter(({ kind }) => kind === 'house');
  const wanted: readonly Entry[] = [
    ...house.map(({ file, code }) => ({ name: file, source: `dots/house/${file}.ts`, mark: codeMark(code) })),
    // Never installed as they are: H1's and W1's requests carry them and put them in the place of the files they patch.
    { name: HANDLER_NAME, source: `dots/${HANDLER_NAME}.ts`, mark: codeMark(HANDLER_DOT) },
    { name: HARDENED_NAME, source: `dots/${HARDENED_NAME}.ts`, mark: codeMark('DOT-REGISTER') },
    ...stagedLater().map(({ file, code }) => ({ name: file, source: `dots/${file}.ts`, mark: codeMark(code) })),
    { name: READER, source: `dots/reader/${READER}.ts`, mark: 'READ-ONLY: no DOT' },
    { name: REHEARSER, source: `runtime/rehearsal/${REHEARSER}.ts`, mark: 'REHEARSAL: no DOT' },
    { name: EVIDENCER, source: `review/evidence/${EVIDENCER}.ts`, mark: 'EVIDENCE: no DOT' },
    { name: EXECUTOR_DEPLOY, source: 'executor/deploy/main.ts', mark: 'DEPLOY: no DOT' },
    { name: EXECUTOR_BUNDLES.v1, source: 'executor/main-v1.ts', mark: null },
    { name: EXECUTOR_BUNDLES.c1, source: 'executor/main.ts', mark: null },
    { name: START, source: 'runtime/bin-start.ts', mark: null },
  ];
  const there = await Promise.all(wanted.map(({ source }) => isThere(path.join(CHECKOUT, source))));
  return wanted.filter((_, at) => there[at] === true);
}

/** How a bin is bundled; the benchmarks compare with a client that is bundled the same way. */
export const BIN_BUNDLE = {
  bundle: true,
  write: false,
  platform: 'node',
  // A sixth faster to start than a module (measured: 51 ms against 61 ms).
  format: 'cjs',
  target: 'node22',
  // jsonc-parser's own choice for Node hides its requires from every bundler.
  mainFields: ['module', 'main'],
  // Comments carry paths, and readers of a stack trace want names.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  charset: 'utf8',
  external: ['pg-native'],
  define: { 'import.meta.dirname': '__dirname' },
  logLevel: 'silent',
} satisfies BuildOptions;

async function bundle(wanted: readonly Entry[], folder: string): Promise<Built> {
  const { outputFiles } = await build({
    absWorkingDir: CHECKOUT,
    entryPoints: wanted.map(({ name, source }) => ({ in: source, out: name })),
    outdir: folder,
    ...BIN_BUNDLE,
    plugins: [NO_SUBPROGRAMS, PG_CRYPTO, LAST_AWAIT],
  });
  const texts = new Map(outputFiles.map(({ path: file, text }) => [path.basename(file, '.js'), text]));
  const files = wanted.map(({ name, mark }) => ({
    name,
    content: `${mark === null ? '' : bundleHeader(mark)}${texts.get(name) ?? ''}`,
  }));
  await Promise.all(files.map(({ name, content }) => writeAtomic(path.join(folder, name), content, 0o555)));
  return Object.fromEntries(files.map(({ name, content }) => [name, sha256Hex(content)]));
}

/** Bytecode of other bundles is of no more use; that of these, their first runs write (bin-start.ts). */
async function sweepCode(folder: string, built: Built): Promise<void> {
  const code = path.join(folder, CODE_FOLDER);
  await mkdir(code, { recursive: true });
  const used = new Set(Object.values(built));
  const others = (await readdir(code)).filter((name) => !used.has(name));
  await Promise.all(others.map((name) => rm(path.join(code, name), { force: true })));
}

/** commander would load it for subcommands that are programs of their own, which no bin has: 2 ms of each start. */
const NO_SUBPROGRAMS: Plugin = {
  name: 'no-subprograms',
  setup: ({ onResolve, onLoad }) => {
    const namespace = 'no-subprograms';
    onResolve({ filter: /^node:child_process$/ }, ({ importer, path: name }) =>
      /[\\/]node_modules[\\/]commander[\\/]/.test(importer) ? { path: name, namespace } : undefined,
    );
    onLoad({ filter: /.*/, namespace }, () => ({ contents: 'export default {};' }));
  },
};

/** Node's own functions in the place of the Web Crypto API (bin-pg-crypto.ts). */
const PG_CRYPTO: Plugin = {
  name: 'pg-crypto',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]node_modules[\\/]pg[\\/]lib[\\/]crypto[\\/]utils\.js$/ }, async () => ({
      contents: await readFile(path.join(CHECKOUT, 'runtime', 'bin-pg-crypto.ts'), 'utf8'),
      loader: 'ts',
    }));
  },
};

/**
 * An entry ends in `await run…(…)`, which CommonJS does not have at the top level; nothing follows it, so the promise may
 * as well be left alone. An await that stands elsewhere fails the build.
 */
const LAST_AWAIT: Plugin = {
  name: 'last-await',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]dots[\\/]((house|reader)[\\/])?[^\\/]+\.ts$/ }, async ({ path: file }) => ({
      contents: (await readFile(file, 'utf8')).replace(/^await (?=run[A-Z]\w*\()/m, 'void '),
      loader: 'ts',
    }));
  },
};

/** One hash over everything that a bundle is made of. */
async function sourceStamp(): Promise<string> {
  const lists = await Promise.all(SOURCES.map((folder) => sourceFiles(folder)));
  const files = [...lists.flat(), 'package-lock.json'].toSorted();
  const contents = await Promise.all(files.map((file) => readFile(path.join(CHECKOUT, file))));
  const hash = createHash('sha256').update(esbuildVersion);
  for (const [at, file] of files.entries()) hash.update(`\n${file}\n${sha256Hex(contents[at] ?? '')}`);
  return hash.digest('hex');
}

async function sourceFiles(folder: string): Promise<readonly string[]> {
  const found = await readdir(path.join(CHECKOUT, folder), { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.relative(CHECKOUT, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}

function parseStamp(text: string | null): { stamp: string; built: Built } | null {
  return text === null ? null : (JSON.parse(text) as { stamp: string; built: Built });
}

async function allThere(folder: string, built: Built): Promise<boolean> {
  return (await Promise.all(Object.keys(built).map((name) => isThere(path.join(folder, name))))).every(Boolean);
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
