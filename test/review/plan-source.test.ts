import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { root } from '../../engine/root.mjs';
import { SOURCES, sourceDigest } from '../../review/plan/source.ts';
import { STACK } from './support/plan.ts';

describe('the digest of the source', () => {
  const folder = mkdtempSync(join(tmpdir(), 'c1-source-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const digest = () => sourceDigest(folder, STACK).digest;

  test('moves with the program, its payloads and its own stack file, and with nothing else', () => {
    put('index.ts', 'a');
    put('domain/a.ts', 'a');
    const before = digest();
    put('approvals/trial/a.json', 'a');
    put('docs/a.md', 'a');
    put('Pulumi.other.yaml', 'a');
    put('engine/node_modules/a', 'a');
    expect(digest()).toBe(before);
    const seen = [before];
    for (const [name, text] of [
      ['domain/a.ts', 'b'],
      ['domain/b.ts', ''],
      ['payloads/a.json', ''],
      ['Pulumi.trial.yaml', ''],
    ] as const) {
      put(name, text);
      expect(seen).not.toContain(digest());
      seen.push(digest());
    }
  });

  test('knows every part of the checkout: what is no source is listed here', () => {
    const rest = [
      '.ci',
      '.dependency-cruiser.json',
      '.github',
      '.gitignore',
      '.gitlab-ci.yml',
      'LICENSE',
      'Pulumi.dryrun.yaml',
      'README.md',
    ];
    const others = [...rest, 'bench', 'biome.json', 'docs', 'test', 'vitest.config.ts'];
    const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
    const parts = [...new Set(tracked.map((file) => file.split('/')[0] ?? ''))];
    expect(parts.filter((part) => !(SOURCES as readonly string[]).includes(part)).toSorted()).toEqual(
      others.toSorted(),
    );
  });
});
