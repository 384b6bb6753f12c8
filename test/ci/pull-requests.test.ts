import { readFileSync } from 'node:fs';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

/** What both ready-made workflows have to do, whoever runs them. Their syntax is actionlint's business (lint.test.ts). */
interface Job {
  readonly env?: Readonly<Record<string, string>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}
interface GitlabJob {
  readonly script?: readonly string[];
  readonly extends?: string;
  readonly allow_failure?: unknown;
}

const text = (file: string) => readFileSync(file, 'utf8');
const github = {
  plan: parse(text('.github/workflows/plan.yml')) as Workflow,
  up: parse(text('.github/workflows/up.yml')) as Workflow,
};
const gitlabText = text('.gitlab-ci.yml');
const gitlab = parse(gitlabText) as { readonly variables: Readonly<Record<string, string>> } & Readonly<
  Record<'plan' | 'comment' | 'up' | '.ready', GitlabJob>
>;
const SCRIPTS = {
  github: {
    plan: scriptOf(github.plan.jobs.plan),
    comment: scriptOf(github.plan.jobs.comment),
    up: scriptOf(github.up.jobs.up),
  },
  gitlab: { plan: gitlabScript('plan'), comment: gitlabScript('comment'), up: gitlabScript('up') },
};

describe.each(['github', 'gitlab'] as const)('%s', (host) => {
  const { plan, comment, up } = SCRIPTS[host];

  test('a pull request is planned, compared, and summed up', () => {
    expect(plan).toContain('npx c1 plan --stack "$C1_STACK" --check --markdown --out plan.json > summary.md');
  });

  test('a difference fails the job: nothing takes its exit status away', () => {
    expect(gitlabText + text('.github/workflows/plan.yml') + text('.github/workflows/up.yml')).not.toMatch(
      /continue-on-error|allow_failure|\|\| *true|set \+e/,
    );
  });

  test('the comment has the summary, the digest and a link, and runs nothing of the pull request', () => {
    expect(comment).toMatch(/digest[\s\S]*\[plan document\]\(\$\w+\)[\s\S]*cat summary\.md/i);
    expect(comment).not.toMatch(/npm|npx|pulumi/);
  });

  test('up compares with the approved digest before it writes, and looks afterwards', () => {
    const order = ['npx c1 plan', 'HOLD_PLAN_NOT_APPROVED', 'exit 3', 'npx c1 apply', '--expect-no-changes'];
    const places = order.map((part) => up.indexOf(part));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((left, right) => left - right));
  });

  test.each([
    ['another plan', 'f00d', 3],
    ['the approved plan', 'cafe', 0],
    ['no approved digest', '', 3],
  ])('with %s the comparison ends with the right status', async (_title, approved, status) => {
    const compare = /digest=\$\(node.*?\nfi/s.exec(up)?.[0] ?? 'exit 99';
    const script = compare.replace(/\$\(node .*\)/, 'cafe');
    const env = { APPROVED: approved, C1_APPROVED_DIGEST: approved };
    const { exitCode } = await execa('bash', ['-euo', 'pipefail', '-c', script], { env, reject: false });
    expect(exitCode).toBe(status);
  });
});

test('the policy pack is loaded for every command that plans or writes', () => {
  expect(github.plan.jobs.plan?.env).toMatchObject({ PULUMI_OPTION_POLICY_PACK: 'policy' });
  expect(github.up.jobs.up?.env).toMatchObject({ PULUMI_OPTION_POLICY_PACK: 'policy' });
  expect(gitlab.variables).toMatchObject({ PULUMI_OPTION_POLICY_PACK: 'policy' });
});

test('only the job that runs nothing of the pull request may write to it', () => {
  expect(github.plan.permissions).toEqual({ contents: 'read' });
  expect(github.up.permissions).toEqual({ contents: 'read' });
  expect(github.plan.jobs.plan?.permissions).toBeUndefined();
  expect(github.plan.jobs.comment?.permissions).toEqual({ 'pull-requests': 'write' });
  expect(github.plan.jobs.comment?.steps.map(({ uses }) => uses)).not.toContainEqual(
    expect.stringContaining('checkout'),
  );
});

test('what a person typed reaches a script as a variable, never as its text', () => {
  const all = [github.plan, github.up].flatMap(({ jobs }) => Object.values(jobs).map(scriptOf));
  expect(all.join('\n')).not.toContain('${{');
});

function scriptOf(job: Job | undefined): string {
  return (job?.steps ?? []).flatMap(({ run }) => (run === undefined ? [] : [run])).join('\n');
}

function gitlabScript(name: 'plan' | 'comment' | 'up'): string {
  return (gitlab[name].script ?? []).join('\n');
}
