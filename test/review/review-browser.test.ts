import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { reviewPage } from '../../review/page/page.ts';
import { buildReviewServer } from '../../review/page/server.ts';
import type { ReviewView } from '../../review/page/view.ts';
import { unreadableApproval } from '../../review/plan/approval-view.ts';
import { openBrowser } from '../support/browser.ts';
import { documentOf as evidenceOf } from './support/evidence.ts';
import {
  contrasts,
  focusedText,
  hiddenDetails,
  look,
  lostLinks,
  openDetails,
  place,
  widths,
} from './support/probes.mjs';
import { AT, PLAN, read, runsOf, said, stepOf, viewOf } from './support/review.ts';

/** A little of everything that the page can show. */
const BUSY = viewOf({
  approvals: [
    ...['voter_owner_1', 'voter_owner_2'].map((approver) =>
      said({ approver, steps: ['BASELINE', 'H1', 'H4', 'W1', 'W2', 'W3'] }),
    ),
    said({ decision: 'deny', steps: ['W7'] }),
    unreadableApproval('broken.json', 'no signed decision: JSON with a comment'),
  ],
  reading: read({
    runs: runsOf(['BASELINE', 'H1', 'H4', 'W1'].flatMap((id) => stepOf(id as 'H1').rows)),
    engine: true,
  }),
  evidence: { kind: 'held', document: evidenceOf(), digest: 'd'.repeat(64), signer: 'operator_1' },
});

const folder = mkdtempSync(path.join(tmpdir(), 'c1-review-'));
const file = path.join(folder, 'review.html');
const servers: FastifyInstance[] = [];
let browser: Browser;
beforeAll(async () => {
  writeFileSync(file, reviewPage(BUSY));
  browser = await openBrowser();
}, 120_000);
afterEach(async () => {
  await Promise.all(servers.splice(0).map((app) => app.close()));
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Opening {
  readonly address?: string;
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
  readonly scripts?: boolean;
}

/** What the page asked for beside itself, and complained of, is kept. */
async function open({
  address = pathToFileURL(file).href,
  width = 1280,
  scheme = 'light',
  scripts = true,
}: Opening = {}) {
  const page = Object.assign(await browser.newPage(), { said: [] as string[] });
  page.on('console', (message) => page.said.push(message.text()));
  page.on('pageerror', (error) => page.said.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(address)) page.said.push(request.url());
  });
  await page.setJavaScriptEnabled(scripts);
  await page.setViewport({ width, height: 800 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await page.goto(address, { waitUntil: 'load' });
  return page;
}

const textOf = (page: Page, selector: string) => page.$eval(selector, (found) => found.textContent ?? '');
const stateOf = (page: Page, step: string) => textOf(page, `#step-${step} > summary .chip`);

describe('in a real browser the review page', () => {
  test('shows label, verdict, digest and three answers, asks for nothing else, and complains of nothing', async () => {
    const page = await open();
    expect(await textOf(page, '.label')).toContain('LOCAL_STAGING_NOT_SSOT');
    expect(await textOf(page, '.verdict')).toBe('DENIED: W7');
    expect(await textOf(page, '.digest')).toBe(PLAN.plan_digest);
    expect(await page.$$eval('#answers h2', (found) => found.map((one) => one.textContent))).toEqual([
      'What will change?',
      'What would it take to undo it?',
      'Who has approved?',
    ]);
    expect(await stateOf(page, 'W1')).toBe(' applied');
    expect(await stateOf(page, 'W7')).toBe(' denied');
    expect(page.said).toEqual([]);
  });

  test.each([320, 360, 768, 1280])('fits a screen of %i pixels, closed and with everything open', async (width) => {
    const page = await open({ width });
    for (const isOpen of [false, true]) {
      if (isOpen) await page.evaluate(openDetails);
      const measured = await page.evaluate(widths);
      expect(measured).toEqual({ page: measured.screen, screen: measured.screen, tables: true, letters: true });
    }
  });

  test.each(['light', 'dark'] as const)('can be read in %s: text stands out from what it stands on', async (scheme) => {
    const page = await open({ scheme });
    await page.evaluate(openDetails);
    const ratios = await page.$$eval(
      'body, .label, .verdict, dt, .good, .bad, .none, th, caption, .chip, .mark, .count, .note, .refs, .command, .read, .legend',
      contrasts,
    );
    expect(ratios.length).toBeGreaterThan(100);
    expect(Math.min(...ratios)).toBeGreaterThan(4.5);
  });

  test('is walked by keyboard: skip link, contents, then each step opens and closes with Enter', async () => {
    const page = await open();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(focusedText)).toBe('To the three answers');
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).hash).toBe('#answers');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(focusedText)).toBe('Before and after');
    expect(await page.evaluate(lostLinks)).toEqual([]);
    for (let presses = 0; presses < 20 && !(await page.evaluate(focusedText)).startsWith('BASELINE'); presses++)
      await page.keyboard.press('Tab');
    const isOpen = () => page.$eval('#step-BASELINE', (found) => found.hasAttribute('open'));
    expect(await isOpen()).toBe(false);
    await page.keyboard.press('Enter');
    expect(await isOpen()).toBe(true);
    await page.keyboard.press('Space');
    expect(await isOpen()).toBe(false);
    expect((await page.evaluate(place)).outline).not.toBe('none');
  });

  test('prints black on white, without the contents, and with every step open', async () => {
    const page = await open({ scheme: 'dark' });
    expect(await page.evaluate(hiddenDetails)).toBeGreaterThan(50);
    await page.emulateMediaType('print');
    expect(await page.evaluate(hiddenDetails)).toBe(0);
    expect(await page.evaluate(look)).toEqual({ ink: 'rgb(0, 0, 0)', contents: 'none' });
    expect(Buffer.from(await page.pdf({ format: 'A4' })).toString('latin1', 0, 5)).toBe('%PDF-');
  });
});

describe('the served page in a real browser', () => {
  /** What the runtime says, for a test to change. */
  async function serve() {
    const now = { view: viewOf() as ReviewView };
    const app = buildReviewServer(async () => now.view, PLAN.label);
    servers.push(app);
    return { now, app, address: `${await app.listen({ host: '127.0.0.1', port: 0 })}/` };
  }
  const applied = viewOf({
    reading: read({ runs: runsOf(['BASELINE', 'H1'].flatMap((id) => stepOf(id as 'H1').rows)), engine: true }),
  });

  test('moves with the runtime, and leaves the reader where he is', async () => {
    const { now, address } = await serve();
    const page = await open({ address });
    expect(await stateOf(page, 'H1')).toBe(' planned');
    await page.evaluate(openDetails);
    await page.focus('#step-W4 > summary');
    const before = await page.evaluate(place);
    expect(before.scroll).toBeGreaterThan(1_000);
    now.view = applied;
    await expect.poll(() => stateOf(page, 'H1'), { timeout: 15_000 }).toBe(' applied');
    expect(await textOf(page, '.verdict')).toBe('UNDER WAY: 2 of 16 steps done');
    expect(await page.evaluate(place)).toMatchObject({ focus: before.focus, open: before.open });
    expect(Math.abs((await page.evaluate(place)).scroll - before.scroll)).toBeLessThan(200);
    expect(page.said).toEqual([]);
  });

  test('keeps the focus in a part that is replaced', async () => {
    const { now, address } = await serve();
    const page = await open({ address });
    await page.focus('[aria-label="Steps that are asked about"]');
    now.view = viewOf({ approvals: [said()] });
    await expect
      .poll(() => textOf(page, '#approvals'), { timeout: 15_000 })
      .toContain('1 of 2 approved by voter_owner_1');
    expect(await page.evaluate(place)).toMatchObject({ focus: 'Steps that are asked about' });
  });

  test('says of a failed read that it cannot be read, and of a good one after it what it is', async () => {
    const { now, address } = await serve();
    const page = await open({ address });
    now.view = viewOf({ reading: { at: AT, view: null, fault: 'ERROR_RUNTIME_UNREACHABLE: nobody answers' } });
    await expect.poll(() => stateOf(page, 'H1'), { timeout: 15_000 }).toBe(' cannot be read');
    expect(await textOf(page, '.verdict')).toContain('CANNOT BE READ');
    expect(
      await page.$$eval('.step > summary .chip', (found) => new Set(found.map((one) => one.textContent)).size),
    ).toBe(1);
    now.view = applied;
    await expect.poll(() => stateOf(page, 'H1'), { timeout: 15_000 }).toBe(' applied');
  });

  test('says that it is not live any more once the server is gone, and claims no state', async () => {
    const { app, address } = await serve();
    const page = await open({ address });
    expect(await textOf(page, '#connection')).toBe('');
    await app.close();
    await expect.poll(() => textOf(page, '#connection'), { timeout: 15_000 }).toMatch(/^Not live any more/);
    expect(await stateOf(page, 'H1')).toBe(' cannot be read');
  });

  test('works without scripts: what it says is of its last loading', async () => {
    const { now, address } = await serve();
    const page = await open({ address, scripts: false });
    expect(await page.content()).toContain('read the state again');
    now.view = applied;
    await Promise.all([page.waitForNavigation(), page.click('noscript a')]);
    expect(await page.content()).toContain('UNDER WAY: 2 of 16 steps done');
  });
});
