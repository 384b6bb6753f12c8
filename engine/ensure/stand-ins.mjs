import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pins, pluginFile } from '../pins.mjs';
import { root } from '../root.mjs';

/** What each stand-in is called, where its source is, and where the engine looks for it below PULUMI_HOME. */
const standIns = {
  // In the plugin cache and not on PATH, where the CLI would warn about it.
  languageHost: { source: 'language-host', file: `plugins/language-nodejs-v${pins.cli}/pulumi-language-nodejs` },
  command: { source: 'plugin-command', file: pluginFile('command') },
  postgresql: { source: 'plugin-postgresql', file: pluginFile('postgresql') },
};

/** What the language host preloads into a policy pack's process. */
const PRELOADED = ['language-host/no-compiler.cjs', 'quick-sdk.cjs'];

const sourceFolders = ['stand-in', ...Object.values(standIns).map(({ source }) => source)];

/** Whether the starter and the bundle of a stand-in are there. */
export const hasStandIn = (home, name) =>
  existsSync(join(home, standIns[name].file)) && existsSync(join(home, 'stand-ins', `${standIns[name].source}.cjs`));

/** A digest of everything that a bundle is made of, so that it is made again when any of it changes. */
export function standInsDigest() {
  const hash = createHash('sha256');
  for (const folder of sourceFolders) {
    for (const name of readdirSync(join(root, 'engine', folder)).sort()) {
      hash.update(`${folder}/${name}\0`).update(readFileSync(join(root, 'engine', folder, name)));
    }
  }
  hash.update(readFileSync(join(root, 'engine', 'quick-sdk.cjs')));
  for (const name of ['@pulumi/pulumi', '@grpc/grpc-js', 'pg', 'esbuild']) {
    hash.update(readFileSync(join(root, 'node_modules', name, 'package.json')));
  }
  return hash
    .update(readFileSync(new URL(import.meta.url)))
    .digest('hex')
    .slice(0, 16);
}

/**
 * Bundles the named stand-ins into one file each (which halves their start-up time) and puts a starter where the
 * engine looks. Only those that are needed: where an official plugin is linked, nothing may be written through the link.
 */
export async function installStandIns(home, names) {
  const chosen = names.map((name) => standIns[name]);
  if (chosen.length === 0) return;
  const { build } = createRequire(join(root, 'package.json'))('esbuild');
  const library = join(home, 'stand-ins');
  mkdirSync(library, { recursive: true });
  await build({
    entryPoints: chosen.map(({ source }) => ({ in: join(root, 'engine', source, 'main.ts'), out: source })),
    absWorkingDir: root,
    outdir: library,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    define: { 'import.meta.dirname': '__dirname' },
    external: ['pg-native'],
    logLevel: 'error',
  });
  for (const file of PRELOADED) copyFileSync(join(root, 'engine', file), join(library, basename(file)));
  for (const { source, file } of chosen) writeStarter(join(home, file), source);
}

/** The starter finds its bundle from where it stands, so that the whole folder may be moved or linked. */
function writeStarter(file, source) {
  const folder = dirname(file);
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(folder);
  mkdirSync(folder, { recursive: true });
  writeAtomically(file, `#!/bin/sh\nexec node "$(dirname -- "$0")/../../stand-ins/${source}.cjs" "$@"\n`, 0o755);
}

function writeAtomically(file, text, mode) {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text);
  chmodSync(temporary, mode);
  renameSync(temporary, file);
}
