import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from '../support/browser.ts';
import { documentOf, keyPair, scratchFolder } from './support/evidence.ts';
import { contrasts, focusedLink, look, lostLinks, widths } from './support/probes.mjs';

const scratch = scratchFolder();
let browser: Browser;
let address: string;
beforeAll(async () => {
  address = pathToFileURL(path.join(scratch.package(keyPair(), documentOf()), 'evidence.html')).href;
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  scratch.dispose();
});

/** The page as somebody opens it who runs no scripts; what it asked for and complained of is kept. */
async function open(width = 1280, scheme: 'light' | 'dark' = 'light'): Promise<Page & { readonly said: string[] }> {
  const page = Object.assign(await browser.newPage(), { said: [] as string[] });
  page.on('console', (message) => page.said.push(message.text()));
  page.on('pageerror', (error) => page.said.push(String(error)));
  page.on('request', (request) => {
    if (request.url() !== address) page.said.push(request.url());
  });
  await page.setViewport({ width, height: 800 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await page.goto(address, { waitUntil: 'load' });
  return page;
}

const textOf = (page: Page, selector: string) => page.$eval(selector, (found) => found.textContent ?? '');

describe('in a real browser the evidence page', () => {
  test('shows label and verdict, asks for nothing else, and complains of nothing', async () => {
    const page = await open();
    expect(await textOf(page, '.label')).toContain('LOCAL_STAGING_NOT_SSOT');
    expect(await textOf(page, '.verdict')).toBe('REHEARSAL GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION');
    expect(await page.$$eval('section h2', (found) => found.length)).toBe(10);
    expect(page.said).toEqual([]);
  });

  test.each([320, 360, 768, 1280])('fits a screen of %i pixels: only tables scroll, by themselves', async (width) => {
    const page = await open(width);
    const measured = await page.evaluate(widths);
    expect(measured).toEqual({ page: measured.screen, screen: measured.screen, tables: true, letters: true });
  });

  test.each(['light', 'dark'] as const)('can be read in %s: text stands out from what it stands on', async (scheme) => {
    const page = await open(1280, scheme);
    const ratios = await page.$$eval('body, .label, .verdict, dt, .good, .bad, .none, th, caption', contrasts);
    expect(ratios.length).toBeGreaterThan(20);
    expect(Math.min(...ratios)).toBeGreaterThan(4.5);
  });

  test('is walked by keyboard: each link of the contents goes to its section', async () => {
    const page = await open();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(focusedLink)).toBe('#checks');
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).hash).toBe('#checks');
    const lost = await page.evaluate(lostLinks);
    expect(lost).toEqual([]);
  });

  test('prints, black on white, without the contents', async () => {
    const page = await open(1280, 'dark');
    await page.emulateMediaType('print');
    const printed = await page.evaluate(look);
    expect(printed).toEqual({ ink: 'rgb(0, 0, 0)', contents: 'none' });
    expect(Buffer.from(await page.pdf({ format: 'A4' })).toString('latin1', 0, 5)).toBe('%PDF-');
  });
});
