import { describe, expect, test } from 'vitest';
import type { Json } from '../../domain/canonical.ts';
import { whatChanges, whatUndoes, whoApproved } from '../../review/page/answers.ts';
import { reviewPage } from '../../review/page/page.ts';
import { partsOf } from '../../review/page/parts.ts';
import { shownValue } from '../../review/page/value.ts';
import { type ApprovalView, unreadableApproval } from '../../review/plan/approval-view.ts';
import { unalteredPlanIn } from '../../review/plan/document.ts';
import { STEP_STATES } from '../../review/plan/step-state.ts';
import { documentOf as evidenceOf } from './support/evidence.ts';
import { altered, documentOf, STACK } from './support/plan.ts';
import { PLAN, planOf, RETIRE, read, said, stepOf, viewOf } from './support/review.ts';

const PAGE = reviewPage(viewOf());
const textOf = (page: string) => page.replaceAll(/<[^>]*>/g, '');
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('the review page', () => {
  test('needs nothing else: no script, no address to load from, and a policy that forbids both', () => {
    expect(PAGE.match(/<script|<link|<img|<iframe|\bsrc=|@import|url\(|(href|action)="[^#]/gi)).toBeNull();
    expect(PAGE).toContain('default-src &#39;none&#39;');
    expect(PAGE).not.toContain('script-src');
    const served = reviewPage(viewOf(), true);
    expect(served.match(/<script[^>]*>/g)).toEqual(['<script type="module" src="/live.mjs">']);
    expect(served).toContain('script-src &#39;self&#39;; connect-src &#39;self&#39;');
  });

  test('says first that it is staging, then verdict and digest, then the three answers', () => {
    const order = ['class="label"', 'class="verdict hold"', 'class="digest"', 'id="answers"', 'id="surfaces"'];
    const places = order.map((what) => PAGE.indexOf(what));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(Math.min(...places)).toBeGreaterThan(0);
    expect(textOf(PAGE)).toContain(PLAN.plan_digest);
    expect(reviewPage(viewOf({ plan: planOf((plan) => void plan.label.splice(0)) }))).not.toContain('REHEARSAL');
  });

  test('shows every text as text, wherever it comes from', () => {
    const canary = `</td><script>alert("&amp;")</script>'\u202e`;
    const everywhere = (value: Json): Json => {
      if (Array.isArray(value)) return value.map(everywhere);
      if (typeof value === 'string') return `${value}${canary}`;
      if (value === null || typeof value !== 'object') return value;
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, everywhere(each)]));
    };
    // What the page looks up by name has to stay what it is.
    const plan = altered(PLAN, (copy) => {
      copy.stack += canary;
      copy.label = [canary];
      for (const step of copy.steps) {
        Object.assign(step, {
          title: canary,
          goal: canary,
          attack: canary,
          stops: [canary],
          readback: canary,
          retire: canary,
          blast_radius: canary,
        });
        for (const row of step.rows) {
          Object.assign(row, { name: row.name + canary, create: canary, payload: everywhere(row.payload as Json) });
          for (const delta of row.deltas) Object.assign(delta, { key: canary, after: everywhere(delta.after) });
        }
      }
      copy.versions = { [canary]: canary };
      copy.bins = { [canary]: 'a'.repeat(64) };
    });
    const approvals = [{ ...said(), file: canary, approver: canary, expires_at: canary, fault: canary }];
    const page = reviewPage(
      viewOf({
        plan,
        approvals,
        reading: { at: canary, view: null, fault: canary },
        evidence: { kind: 'faulty', fault: canary },
      }),
    );
    expect(page).not.toContain('<script');
    expect(page.match(/&lt;script&gt;alert\(/g)?.length).toBeGreaterThan(100);
    expect(shownValue(`a\u202eb`, 'x').text).toContain('a\\u{202e}b');
  });

  test('has each step with its commands, its digests, what it may break and how it is undone', () => {
    for (const step of PLAN.steps) {
      const from = PAGE.indexOf(`id="step-${step.id}"`);
      const own = PAGE.slice(from, PAGE.indexOf('</li>\n<li><details class="step"', from) + 1 || undefined);
      for (const text of [
        step.step_digest,
        step.definition_digest,
        ...step.rows.map(({ delta_digest }) => delta_digest),
      ]) {
        expect(own).toContain(text);
      }
      for (const { create, retire } of step.rows)
        expect([own.includes(create), own.includes(retire)]).toEqual([true, true]);
      expect(
        own.match(/<dt>(Blast radius|Stops when|Undone by|Attack that must fail)<\/dt>/g)?.length,
      ).toBeGreaterThanOrEqual(4);
    }
  });

  test('shows a change column by column, and says which columns it leaves out and where they are', () => {
    const from = PAGE.indexOf('~ update meta_catalog/CAT-006');
    const update = PAGE.slice(from, PAGE.indexOf('</details>', from));
    expect(update).toMatch(
      /<td>record_count<\/td>\s*<td><span class="value">163<\/span><\/td>\s*<td><span class="value">309</,
    );
    expect(textOf(update)).toMatch(
      /3 columns of 4 as before, left out here: code, name, status\. Their values are in the plan file, steps, W4,/,
    );
    expect(textOf(PAGE)).toContain('+ insert species/gov-canonical-op-vocab: no row before');
    expect(textOf(PAGE)).toContain('The runtime itself fills in: created_at.');
  });

  test('cuts a value only of a length that it says, with the place where it is whole', () => {
    const long = shownValue('x'.repeat(5_001), 'steps, W1').text;
    expect(textOf(long)).toMatch(/… 3 of 5003 characters are left out here: .*plan\.json\), steps, W1/);
    expect(shownValue('x'.repeat(4_990), 'steps, W1').text).not.toContain('left out');
    expect(shownValue('1', 'x').text).not.toBe(shownValue(1, 'x').text);
  });

  test('has before, after and now of each surface that changes, and names the others', () => {
    const surfaces = partsOf(viewOf({ reading: read({ live: { species: 12 } }) })).get('surfaces')?.text ?? '';
    expect(surfaces).toMatch(
      />species<\/td>\s*<td class="number">12<\/td>\s*<td class="number">\+1<\/td>\s*<td class="number">13<\/td>\s*<td class="number">12</,
    );
    expect(surfaces).toContain('aria-label="12 live before, 13 after"');
    expect(textOf(surfaces)).toMatch(/Unchanged: .*dot_runtime_gate/);
    const unread = partsOf(viewOf()).get('surfaces')?.text ?? '';
    expect(unread).toContain('not read');
  });

  test('shows each approval file, also one that cannot be read, and what of it counts', () => {
    const approvals = [
      said(),
      said({ approver: 'voter_owner_2', steps: ['W3'], expires_at: '2026-06-01T00:00:00Z' }),
      { ...said({ approver: 'voter_owner_2' }), holds: false, fault: 'REJECT_UNKNOWN_SIGNER: nobody' },
      unreadableApproval('5.json', 'no signed decision: JSON with a comment'),
    ];
    const shown = textOf(partsOf(viewOf({ approvals })).get('approvals')?.text ?? '');
    expect(shown).toContain('1 of 2 approved by voter_owner_1, until 2026-06-24T10:00:00Z; 1 missing');
    expect(shown).toMatch(/for BASELINE, H1, H2, H3, H4/);
    expect(shown).toContain('no: it has expired');
    expect(shown).toContain('no: REJECT_UNKNOWN_SIGNER: nobody');
    expect(shown).toContain('no: no signed decision: JSON with a comment');
    expect(shown).toContain('does not hold');
  });

  test('has bad inputs and lifecycles of the evidence, and says when there is none, or one that does not hold', () => {
    const held = { kind: 'held', document: evidenceOf(), digest: 'd'.repeat(64), signer: 'operator_1' } as const;
    const page = textOf(reviewPage(viewOf({ evidence: held })));
    expect(page).toContain('Each was refused with its code');
    expect(page).toContain('Lifecycle proofs (8)');
    expect(textOf(PAGE).match(/Not yet: comes with W8\/W9/g)?.length).toBe(2);
    const faulty = reviewPage(viewOf({ evidence: { kind: 'faulty', fault: 'REJECT_EVIDENCE_ALTERED: x' } }));
    expect(textOf(faulty).match(/cannot be shown: REJECT_EVIDENCE_ALTERED: x/g)?.length).toBe(2);
  });

  test('has the exact commands, for this stack and this direction', () => {
    for (const command of [
      `npx c1 approve --stack ${STACK} --plan plan.json `,
      `npx c1 deny --stack ${STACK} `,
      `npx pulumi up --stack ${STACK}`,
      `npx pulumi destroy --stack ${STACK}`,
    ]) {
      expect(PAGE).toContain(command);
    }
    const retire = textOf(reviewPage(viewOf({ plan: RETIRE })));
    expect(retire).toContain(`Plan to take back of stack ${STACK}`);
    expect(retire).toContain(`npx c1 retire --stack ${STACK} --yes --against retire.json`);
    expect(retire).toContain('the last step first');
    expect(retire).not.toContain('Apply, once approved');
  });

  test('has a heading and a link for each section, a word in each state, and a caption on each table', () => {
    const links = [...PAGE.matchAll(/<a href="#([a-z-]+)"/g)].map(([, id]) => id);
    expect(links.length).toBe(7);
    for (const id of links) expect(PAGE).toContain(`<section id="${id}" aria-labelledby="${id}-title">`);
    expect(PAGE.match(/<table>/g)?.length).toBe(PAGE.match(/<caption>/g)?.length);
    expect(STEP_STATES.length).toBe(8);
    expect(PAGE).toMatch(/data-state="planned"><svg[^>]*aria-hidden="true".*<\/svg> planned</);
  });

  test('lists what nobody planned', () => {
    const plan = planOf(
      (copy) => void copy.differences.push({ where: 'W3 species/x', seen: 'insert', expected: 'no such row' }),
    );
    expect(textOf(reviewPage(viewOf({ plan })))).toContain('W3 species/x: seen insert, expected no such row');
    expect(PAGE).not.toContain('Nobody planned this');
  });
});

describe('the three answers', () => {
  const approved = (...approvals: readonly ApprovalView[]) => whoApproved(viewOf({ approvals })).join(' ');

  test('what will change: how many rows, of which kind, by how many steps, and which change none', () => {
    expect(whatChanges(PLAN).join(' ')).toMatch(
      /^\d+ row changes on 20 surfaces, by 11 steps: \d+ rows are new, \d+ rows are changed\. Nothing else may change: .* H2, H3, H6, PREWRITE, W8 change no row\.$/,
    );
    expect(whatChanges(RETIRE).join(' ')).toMatch(
      /^This plan takes back what was applied: \d+ row changes on 20 surfaces, by 11 steps: \d+ rows are retired\./,
    );
    const nothing = altered(PLAN, (plan) => void plan.steps.splice(0));
    expect([whatChanges(nothing)[0], whatUndoes(nothing)[0]]).toEqual([
      expect.stringMatching(/^Nothing: the runtime already is/),
      expect.stringMatching(/^Nothing: /),
    ]);
  });

  test('what would undo it: the command, in which order, and what history stays', () => {
    expect(whatUndoes(PLAN).join(' ')).toMatch(
      /npx pulumi destroy --stack trial, .*from W9 to BASELINE; .*What stays for good is history: \d+ entries in apr_requests, dot_ledger, kb_document, vps_deploy_log\./,
    );
    const one = altered(PLAN, (plan) => void plan.steps.splice(0, 7));
    one.steps.splice(1);
    expect(whatUndoes(one).join(' ')).toContain('here W1;');
    expect(whatUndoes(RETIRE)[0]).toMatch(/^npx pulumi up --stack trial/);
  });

  test('who approved: nobody, some, enough, a denial, and files that count for nothing', () => {
    expect(approved()).toBe('Nobody yet. 2 owners must approve each of 16 steps.');
    expect(approved(said())).toBe('voter_owner_1 approved all 16 steps. Still missing: 1 owner for all 16 steps.');
    expect(approved(said(), said({ approver: 'voter_owner_2', steps: ['W2', 'W3'] }))).toContain(
      'voter_owner_2 approved W2, W3. Still missing: 1 owner for 14 of 16 steps, all but W2, W3.',
    );
    const kept = said({ approver: 'voter_owner_2' }, { entered: false });
    expect(approved(said(), kept)).toMatch(
      /Not entered in the runtime yet, .*: voter_owner_2\. That is enough once it is entered: 2 of 2/,
    );
    expect(approved(said(), said({ approver: 'voter_owner_2' }))).toMatch(
      /That is enough: 2 of 2 for each step, until 2026-06-24T10:00:00Z\.$/,
    );
    const no = approved(said(), said({ approver: 'voter_owner_2', decision: 'deny', steps: ['W7'] }));
    expect(no).toMatch(/^DENIED by voter_owner_2: W7\. A denial is final for these rows\./);
    expect(no).toMatch(/Still missing: 1 owner for 15 of 16 steps, all but W7\.$/);
    expect(approved(unreadableApproval('x.json', 'no JSON'))).toContain('1 decision of 1 does not hold');
    expect(whoApproved(viewOf({ plan: documentOf(), quorum: null }))[0]).toMatch(
      /^Nobody has to: this stack asks for no approval/,
    );
  });
});

describe('a plan that somebody hands over', () => {
  test('is taken as it was written, and refused altered by one character, of another stack, or broken', () => {
    expect(unalteredPlanIn(bytes(PLAN), STACK)).toEqual(PLAN);
    const other = altered(PLAN, (plan) => void Object.assign(stepOf('W3', plan), { attack: 'none' }));
    expect(() => unalteredPlanIn(bytes(other), STACK)).toThrow(
      expect.objectContaining({ code: 'REJECT_PLAN_ALTERED' }),
    );
    expect(() => unalteredPlanIn(bytes(PLAN), 'other')).toThrow(
      expect.objectContaining({ code: 'ERROR_USAGE', next: expect.stringContaining('--stack trial') }),
    );
    expect(() => unalteredPlanIn(Buffer.from('{'), STACK)).toThrow(
      expect.objectContaining({ code: 'ERROR_PAYLOAD_INVALID' }),
    );
  });
});
