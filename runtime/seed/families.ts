import { pick } from './row.ts';

/** What the numbered DOTs work on, twelve numbers to a family: DOT-001…012 are articles, and so on. */
const FAMILIES: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ['article', 'content'],
  ['page', 'content'],
  ['media', 'content'],
  ['translation', 'content'],
  ['taxonomy', 'content'],
  ['workflow', 'workflow'],
  ['flow', 'workflow'],
  ['task', 'workflow'],
  ['agent', 'agent'],
  ['prompt', 'agent'],
  ['conversation', 'agent'],
  ['embedding', 'knowledge'],
  ['knowledge-node', 'knowledge'],
  ['knowledge-edge', 'knowledge'],
  ['citation', 'knowledge'],
  ['search-index', 'search'],
  ['sitemap', 'search'],
  ['customer', 'commerce'],
  ['invoice', 'commerce'],
  ['subscription', 'commerce'],
  ['backup', 'ops'],
  ['certificate', 'ops'],
  ['container', 'ops'],
  ['log', 'ops'],
  ['permission', 'security'],
  ['secret', 'security'],
];

const VERBS: readonly [string, ...string[]] = [
  'audit',
  'check',
  'clean',
  'diff',
  'export',
  'import',
  'link',
  'measure',
  'notify',
  'refresh',
  'scan',
  'sync',
];

/** Name and category of a numbered DOT; every number has another name. */
export function familyOf(number: number): { readonly name: string; readonly category: string } {
  const [noun, category] = pick(FAMILIES, Math.floor((number - 1) / VERBS.length));
  return { name: `dot-${noun}-${pick(VERBS, number - 1)}`, category };
}
