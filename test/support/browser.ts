import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Browser } from 'puppeteer-core';
import { stateFolder } from '../../engine/root.mjs';

const PACKAGE = '@sparticuz/chromium';

/**
 * A headless Chromium from npm alone: the program, its fonts and the system libraries that a bare machine lacks come with the
 * package, and are unpacked once into the state folder. Close it after use.
 */
export async function openBrowser(): Promise<Browser> {
  const folder = path.join(stateFolder(), 'cache', `chromium-${version()}`);
  const executablePath = await unpacked(folder);
  const [{ default: chromium }, { launch }] = await Promise.all([import(PACKAGE), import('puppeteer-core')]);
  return launch({
    executablePath,
    headless: 'shell',
    // Root has no sandbox to give; what is opened here is our own page.
    args: [...chromium.args, '--no-sandbox'],
    env: { PATH: process.env.PATH, ...ownFolder(folder) },
  });
}

/** Whole or not at all: what a killed run left is unpacked anew. */
async function unpacked(folder: string): Promise<string> {
  const program = path.join(folder, 'chromium');
  const complete = path.join(folder, 'complete');
  if (existsSync(complete)) return program;
  await rm(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await inFolder(folder, async () => {
    const { default: chromium, inflate } = await import(PACKAGE);
    await chromium.executablePath();
    await inflate(path.join(bundled(), 'bin', 'al2023.tar.br'));
  });
  // The package's own configuration looks in fixed folders of a cloud's machine.
  writeFileSync(path.join(folder, 'fonts.conf'), fontsIn(folder));
  writeFileSync(complete, '');
  return program;
}

/** The package unpacks into the folder for temporary files, whatever that is. */
async function inFolder(folder: string, work: () => Promise<void>): Promise<void> {
  const kept = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    await work();
  } finally {
    if (kept === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = kept;
  }
}

function ownFolder(folder: string): Readonly<Record<string, string>> {
  const libraries = path.join(folder, 'al2023', 'lib');
  return { HOME: folder, TMPDIR: folder, LD_LIBRARY_PATH: libraries, FONTCONFIG_FILE: path.join(folder, 'fonts.conf') };
}

function fontsIn(folder: string): string {
  const [fonts, cache] = [path.join(folder, 'fonts'), path.join(folder, 'fonts-cache')];
  return `<?xml version="1.0"?><fontconfig><dir>${fonts}</dir><cachedir>${cache}</cachedir></fontconfig>\n`;
}

function bundled(): string {
  const entry = createRequire(import.meta.url).resolve(PACKAGE);
  return path.dirname(path.dirname(entry));
}

function version(): string {
  const { version: text } = createRequire(import.meta.url)(path.join(bundled(), 'package.json')) as { version: string };
  return text;
}
