import { describe, expect, test } from 'vitest';
import { evidencePage } from '../../review/evidence/page.ts';
import { documentOf } from './support/evidence.ts';

const page = evidencePage(documentOf());

describe('the evidence page', () => {
  test('needs nothing else: no script, no address to load from, and a policy that forbids both', () => {
    expect(page.match(/<script|<link|<img|<iframe|\bsrc=|@import|url\(|https?:/gi)).toBeNull();
    expect(page).toContain('default-src &#39;none&#39;');
  });

  test('says first that it is a rehearsal, then the verdict', () => {
    expect(page.indexOf('REHEARSAL on staging')).toBeGreaterThan(0);
    expect(page.indexOf('REHEARSAL on staging')).toBeLessThan(page.indexOf('class="verdict"'));
    expect(evidencePage(documentOf({ label: [] }))).not.toContain('REHEARSAL on staging');
  });

  test('shows texts of the runtime as text, whatever they say', () => {
    expect(page).toContain('Prove &lt;it&gt; &amp; &quot;more&quot;.');
    const hostile = '</td><script>alert(1)</script>';
    const document = documentOf();
    const shown = evidencePage({ ...document, flags: { [hostile]: hostile }, verdict: hostile });
    expect(shown).not.toContain('<script>');
    expect(shown).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  test('shows engineering and authority apart, and each check with its count', () => {
    expect(page).toMatch(/<dt>Engineering<\/dt><dd class="good">PASS/);
    expect(page).toMatch(/<dt>Authority<\/dt><dd class="bad">NOT PASS: a rehearsal on staging/);
    expect(page).toMatch(
      /<td>preflight<\/td>\s*<td><span class="good">passed<\/span><\/td>\s*<td class="number">8<\/td>/,
    );
    const [check] = documentOf().checks;
    const open = { ...check, outcome: 'not executed', checked: 0 } as never;
    expect(evidencePage(documentOf({ checks: [open] }))).toMatch(
      /class="bad">not executed<\/span><\/td>\s*<td class="number">0/,
    );
  });

  test('has a heading and a link for each section, and tables with captions', () => {
    const links = [...page.matchAll(/href="#([a-z-]+)"/g)].map(([, id]) => id);
    expect(links.length).toBeGreaterThan(9);
    for (const id of links) expect(page).toContain(`<section id="${id}" aria-labelledby="${id}-title">`);
    expect(page.match(/<table>/g)?.length).toBe(page.match(/<caption>/g)?.length);
  });
});
