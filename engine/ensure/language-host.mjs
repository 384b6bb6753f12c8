import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pins } from '../pins.mjs';
import { root } from '../root.mjs';

const SOURCE = join(root, 'engine', 'language-host');
const QUICK_SDK = join(root, 'engine', 'quick-sdk.cjs');
// In the plugin cache and not on PATH, where the CLI would warn about it.
const STARTER = `plugins/language-nodejs-v${pins.cli}/pulumi-language-nodejs`;
const BUNDLE = 'stand-ins/language-host.cjs';

/** What the language host preloads into a policy pack's process. */
const PRELOADED = [join(SOURCE, 'no-compiler.cjs'), QUICK_SDK];

/** Whether the starter and the bundle of the language host's stand-in are there. */
export const hasLanguageHost = (home) => [STARTER, BUNDLE].every((file) => existsSync(join(home, file)));

/** A digest of everything that the bundle is made of, so that it is made again when any of it changes. */
export function languageHostDigest() {
  const hash = createHash('sha256');
  const sources = readdirSync(SOURCE).sort();
  const packages = ['@pulumi/pulumi', '@grpc/grpc-js', 'esbuild'];
  for (const file of [
    ...sources.map((name) => join(SOURCE, name)),
    QUICK_SDK,
    ...packages.map((name) => join(root, 'node_modules', name, 'package.json')),
    fileURLToPath(import.meta.url),
  ]) {
    hash.update(`${basename(file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * Bundles the language host's stand-in into one file (which halves its start-up time) and puts a starter where the
 * engine looks.
 */
export async function installLanguageHost(home) {
  const { build } = createRequire(join(root, 'package.json'))('esbuild');
  const bundle = join(home, BUNDLE);
  mkdirSync(dirname(bundle), { recursive: true });
  await build({
    entryPoints: [join(SOURCE, 'main.ts')],
    absWorkingDir: root,
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    define: { 'import.meta.dirname': '__dirname' },
    logLevel: 'error',
  });
  for (const file of PRELOADED) copyFileSync(file, join(dirname(bundle), basename(file)));
  writeStarter(join(home, STARTER));
}

/** The starter finds its bundle from where it stands, so that the whole folder may be moved or linked. */
function writeStarter(file) {
  mkdirSync(dirname(file), { recursive: true });
  writeAtomically(file, `#!/bin/sh\nexec node "$(dirname -- "$0")/../../${BUNDLE}" "$@"\n`, 0o755);
}

function writeAtomically(file, text, mode) {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text);
  chmodSync(temporary, mode);
  renameSync(temporary, file);
}
