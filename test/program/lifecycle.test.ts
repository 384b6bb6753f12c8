import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LAST_STEP } from '../../domain/program.ts';
import { root } from '../../engine/root.mjs';
import { bind, unbind } from '../dots/support/handler.ts';
import { AFTER_LAST_VOTE, ALL_TO_COME, ALL_UNCHANGED } from '../support/counts.ts';
import { apartFromRequests, approve } from '../support/owners.ts';
import { createTestProject, type TestProject } from '../support/project.ts';
import { startTestServer, stopTestServer, type TestServer } from '../support/test-server.ts';

/** Counts of row components by type: the delta count by row type (architecture.md, decision 1). */
const ROW_TYPES = {
  'c1:baseline:Baseline': 1,
  'c1:authority:ApprovalRequest': 3,
  'c1:authority:HandlerPatch': 1,
  'c1:authority:HandlerBinding': 1,
  'c1:authority:Grant': 1,
  'c1:authority:Ownership': 1,
  'c1:registry:Registrar': 1,
  'c1:species:Species': 1,
  'c1:birth:Birth': 8,
  'c1:admission:Admission': 8,
  'c1:ledger:AdmissionEntry': 8,
  'c1:surface:SchemaObject': 4,
  'c1:surface:Collection': 1,
  'c1:registry:CollectionRegistryRow': 1,
  'c1:registry:TableRegistryRow': 1,
  'c1:registry:Catalogue': 2,
  'c1:registry:DotTool': 8,
  'c1:contract:AgentApiContract': 2,
  'c1:executor:Image': 1,
  'c1:evidence:Document': 1,
};

interface PreviewStep {
  readonly op: string;
  readonly urn: string;
  readonly newState?: { readonly type: string; readonly custom?: boolean };
}

let server: TestServer;
let project: TestProject;
let before: readonly string[];
let kgBefore: readonly unknown[];
let patched: readonly string[];
let patchedBefore: readonly Buffer[];

beforeAll(async () => {
  server = await startTestServer();
  project = await createTestProject(server);
  before = await wholeRows();
  kgBefore = await kgContracts();
  patched = ['dot-apr-execute', 'dot-dot-register'].map((name) => join(project.runtime.paths.bin, name));
  patchedBefore = await patchedFiles();
});

afterAll(async () => {
  await project.dispose();
  await stopTestServer(server);
});

test('the preview lists exactly one component per governed row and writes nothing', async () => {
  const xmax = await nextTransaction();
  const preview = await project.pulumi('preview', '--json');
  expect(preview.exitCode, preview.all).toBe(0);
  expect(await nextTransaction()).toBe(xmax);
  const { steps } = JSON.parse(preview.all) as { readonly steps: readonly PreviewStep[] };
  expect(new Set(steps.map(({ op }) => op))).toEqual(new Set(['create']));
  expect(countTypes(steps)).toEqual(ROW_TYPES);
});

test('the plain preview shows each row, the table per surface and the total', async () => {
  const { all } = await project.pulumi('preview', '--diff');
  expect(all).toContain('LOCAL_STAGING_NOT_SSOT');
  expect(all).toMatch(/W2 +admission_record +46 +\+8 +0 +\+8/);
  expect(all).toMatch(/W3 +table_registry +21 +\+1 +0 +\+1/);
  expect(all).toMatch(ALL_TO_COME);
  expect(all).toMatch(/dot_code +: "DOT_C1_ROLLBACK_CHECK"/);
});

test('up stops for the owners, keeps what is done, and goes on once two of them approved', async () => {
  const first = await project.pulumi('up', '--yes', '--skip-preview');
  expect(first.exitCode).not.toBe(0);
  const [, request = ''] = /HOLD_APR_AWAITING_QUORUM: seen (APR-\S+) with 0 of 2 approvals/.exec(first.all) ?? [];
  expect(first.all).toContain(`npx c1 apr approve ${request} --as <owner>`);
  const again = await project.pulumi('up', '--yes', '--skip-preview');
  expect(again.all).toContain(`HOLD_APR_AWAITING_QUORUM: seen ${request} with 0 of 2 approvals`);
  const asked = [request];
  let up = again;
  for (;;) {
    await approve(project.runtime.stateDir, asked.at(-1) ?? '');
    up = await project.pulumi('up', '--yes', '--skip-preview');
    const [, next] = /HOLD_APR_AWAITING_QUORUM: seen (APR-\S+) with/.exec(up.all) ?? [];
    if (next === undefined) break;
    asked.push(next);
  }
  expect(up.exitCode, up.all).toBe(0);
  expect(asked.map((code) => code.replace(/-[0-9a-f]{16}$/, ''))).toEqual([
    'APR-C1-DOT-310',
    'APR-C1-DOT-REGISTER',
    'APR-C1-GRANT',
  ]);
  expect(up.all).toMatch(new RegExp(`\\b${AFTER_LAST_VOTE} created`));
});

test('up applies the planned rows and leaves every other surface as it was', async () => {
  expect(await live()).toMatchObject({
    directus_collections: 165,
    table_registry: 22,
    collection_registry: 165,
    dot_tools: 317,
    dot_agent_api_contract: 4,
    apr_requests: 6,
    vps_deploy_log: 8,
    governance_build_authorization: 1,
    governance_object_ownership: 1,
  });
  expect(await catalogue()).toBe(317);
  expect(await project.query('select iu_core.moved_surfaces() as moved')).toEqual([{ moved: [] }]);
  expect(await kgContracts()).toEqual(kgBefore);
});

test("the seeds' checklist holds: one grant, minted from its request, and the patch of its handler known to be good", async () => {
  const checklist = `select g.auth_code = 'GBA-C1-' || q.apr_code as named, g.status, g.commit_allowed, g.requires_sovereign_esign,
      g.scope ->> 'target' as target, g.request_ref = q.apr_code as request, g.expires_at > g.granted_at as ahead,
      g.expires_at - g.granted_at = interval '1 day' as "for a day", q.status as apr, q.applied_at is not null as at,
      public.quorum_passed(q.apr_code) as quorum, a.handler_ref, l.status as deploy, l.is_known_good
    from public.governance_build_authorization g left join public.apr_requests q on q.apr_code = g.request_ref
    left join public.apr_action_types a on a.action_code = 'authorize_build_step'
    left join public.vps_deploy_log l on l.file = '/opt/incomex/dot/bin/dot-apr-execute' and l.version = '2.3.0'`;
  expect(await project.query(checklist)).toEqual([
    {
      ...{ named: true, status: 'active', commit_allowed: false, requires_sovereign_esign: false },
      ...{ target: 'DOT_C1_VOCAB_BUILD', request: true, ahead: true, 'for a day': true },
      ...{ apr: 'applied', at: true, quorum: true, handler_ref: 'dot-apr-execute:authorize_build_step' },
      ...{ deploy: 'success', is_known_good: true },
    },
  ]);
});

test('a second up changes nothing and writes nothing', async () => {
  const xmax = await nextTransaction();
  const up = await project.pulumi('up', '--yes', '--skip-preview');
  expect(up.all).toMatch(ALL_UNCHANGED);
  expect(await nextTransaction()).toBe(xmax);
});

test("Pulumi's state holds no path of this machine and no password", async () => {
  const { all: state } = await project.pulumi('stack', 'export');
  expect(state).toContain('DOT_C1_ROLLBACK_CHECK');
  const { stateDir } = project.runtime;
  for (const path of [root, project.folder, stateDir]) expect(state).not.toContain(path);
  const secrets = join(stateDir, 'secrets');
  const found = await readdir(secrets, { withFileTypes: true, recursive: true });
  const files = found.filter((entry) => entry.isFile() && !/\.pub$|^allowed_signers$/.test(entry.name));
  expect(files.length).toBeGreaterThan(20);
  for (const { name, parentPath } of files) {
    const lines = (await readFile(join(parentPath, name), 'utf8')).split('\n').filter((line) => line.length > 20);
    expect(
      lines.filter((line) => !line.startsWith('-----') && state.includes(line)),
      name,
    ).toEqual([]);
  }
});

test('c1:through below what is applied is a HOLD and retires nothing', async () => {
  const rows = await project.snapshot();
  await project.edit('Pulumi.dryrun.yaml', (text) =>
    `${text}  c1:through: W2\n`.replace(/(encryptionsalt.*\n)(.*\n)/, '$2$1'),
  );
  const up = await project.pulumi('up', '--yes', '--skip-preview');
  expect(up.all).toContain('HOLD_THROUGH_BELOW_APPLIED: seen c1:through W2 with live rows of W3, W4, W5, W6, W7');
  expect(up.exitCode).not.toBe(0);
  expect(await project.snapshot()).toEqual(rows);
  await project.edit('Pulumi.dryrun.yaml', (text) => text.replace('c1:through: W2', `c1:through: ${LAST_STEP}`));
  expect((await project.pulumi('preview')).all).toMatch(ALL_UNCHANGED);
});

test('a governed row changed behind the DOTs is a HOLD that names row and difference', async () => {
  await project.behindTheGuards(
    'public.species',
    `update public.species set name = 'Another name' where code = 'gov-canonical-op-vocab'`,
  );
  const preview = await project.pulumi('preview');
  expect(preview.exitCode).not.toBe(0);
  expect(preview.all).toMatch(/HOLD_DRIFT: seen species\/gov-canonical-op-vocab with name="Another name"/);
  expect(preview.all).not.toMatch(/\n\s+at /);
  expect((await project.pulumi('destroy', '--yes', '--skip-preview')).all).toContain('HOLD_DRIFT');
  await project.behindTheGuards(
    'public.species',
    `update public.species set name = 'Governance canonical operation vocabulary' where code = 'gov-canonical-op-vocab'`,
  );
  expect((await project.pulumi('preview')).all).toMatch(ALL_UNCHANGED);
});

test('destroy retires every row: what existed before is byte for byte as before, history only grew', async () => {
  const applied = await project.snapshot();
  const [{ at } = { at: '0' }] = await project.query<{ at: string }>(
    'select max(applied_seq) as at from iu_core.dot_run',
  );
  const destroy = await project.pulumi('destroy', '--yes', '--skip-preview');
  expect(destroy.exitCode, destroy.all).toBe(0);
  expect(await authorityRunsAfter(at)).toEqual([
    'W7 ownership: active → retired',
    'W7 grant: active → revoked',
    'H4 handler-binding: dot-apr-execute:authorize_build_step → unimplemented',
    'H1 handler-patch: applied → rolled_back',
  ]);
  const after = new Set(await wholeRows());
  // The one older row that changes for good: the catalogue counts the DOTs now.
  expect(before.filter((row) => !after.has(row)).map((row) => row.slice(0, 60))).toEqual([
    expect.stringContaining('public.meta_catalog {"id": 6, "code": "CAT-006"'),
  ]);
  expect(await catalogue()).toBe(309);
  expect(await patchedFiles()).toEqual(patchedBefore);
  expect(await kgContracts()).toEqual(kgBefore);
  expect(await live()).toMatchObject({
    species: 12,
    birth_registry: 46,
    directus_collections: 164,
    table_registry: 21,
    dot_tools: 309,
    dot_agent_api_contract: 2,
    apr_requests: 3,
    governance_build_authorization: 0,
    governance_object_ownership: 0,
  });
  const retired = `select (select count(*)::int from public.dot_tools where code like 'DOT_C1_%' and status = 'retired') as tools,
    (select count(*)::int from public.dot_agent_api_contract where contract_status = 'retired') as contracts`;
  expect(await project.query(retired)).toEqual([{ tools: 8, contracts: 2 }]);

  const up = await project.apply();
  expect(up.exitCode, up.all).toBe(0);
  expect(apartFromRequests(await project.snapshot())).toEqual(apartFromRequests(applied));
  expect(await catalogue()).toBe(317);
});

test('a live grant keeps its handler; unbound under other live writes it is a HOLD, and bound again it is there', async () => {
  const owner = 'dryrun/handler-binding';
  const kept = await unbind(project.runtime, { owner });
  expect([kept.exitCode, kept.stderr]).toEqual([
    3,
    expect.stringContaining('HOLD_PRESTATE_MOVED: seen the live grant'),
  ]);
  const revoke = ['--cloud', '--step', 'W7', '--for', 'dryrun/grant', '--retire'];
  expect((await project.runtime.bin('dot-c1-grant-issue', revoke)).exitCode).toBe(0);
  expect((await unbind(project.runtime, { owner })).exitCode).toBe(0);
  const preview = await project.pulumi('preview');
  expect(preview.exitCode).not.toBe(0);
  expect(preview.all).toContain('HOLD_HANDLER_UNDER_WRITES: seen H4 not applied under live rows of W1, W2, W3, W4, W5');
  expect((await bind(project.runtime, { owner })).exitCode).toBe(0);
  const again = await project.pulumi('preview');
  expect([again.exitCode === 0, again.all]).toEqual([false, expect.stringContaining('HOLD_ROW_MISSING: seen grant')]);
});

/** What the runs of a destroy did to grant, ownership, handler and its patch, in the order in which they did. */
async function authorityRunsAfter(applied: string): Promise<readonly string[]> {
  const value = (side: string) => `coalesce(d -> '${side}' ->> 'handler_ref', d -> '${side}' ->> 'status')`;
  const sql = `select r.step || ' ' || r.resource || ': ' || ${value('before')} || ' → ' || ${value('after')} as line
    from iu_core.dot_run r, lateral (select x as d from jsonb_array_elements(r.observed) x where x ->> 'surface' <> 'dot_ledger' limit 1) o
    where r.outcome = 'applied' and r.direction = 'retire' and r.step in ('H1', 'H4', 'W7') and r.applied_seq > $1 order by r.applied_seq`;
  return (await project.query<{ line: string }>(sql, [applied])).map(({ line }) => line);
}

/** The files that H1 and W1 patch. */
function patchedFiles(): Promise<readonly Buffer[]> {
  return Promise.all(patched.map((file) => readFile(file)));
}

function countTypes(steps: readonly PreviewStep[]): Record<string, number> {
  const types = steps
    .map(({ newState }) => newState?.type ?? '')
    .filter((type) => type.startsWith('c1:') && !type.startsWith('c1:step:'));
  return Object.fromEntries([...new Set(types)].map((type) => [type, types.filter((other) => other === type).length]));
}

async function catalogue(): Promise<number> {
  const sql = `select record_count as n from public.meta_catalog where code = 'CAT-006'`;
  return (await project.query<{ n: number }>(sql))[0]?.n ?? -1;
}

function kgContracts(): Promise<readonly unknown[]> {
  return project.query(
    `select c::text, c.xmin::text from public.dot_agent_api_contract c where c.dot_code like 'DOT_KG_%' order by 1`,
  );
}

async function nextTransaction(): Promise<string> {
  const [row] = await project.query<{ xmax: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as xmax');
  return row?.xmax ?? '';
}

async function live(): Promise<Record<string, number>> {
  const rows = await project.query<{ surface: string; live: string }>(
    'select surface, live from iu_core.surface_counters()',
  );
  return Object.fromEntries(rows.map(({ surface, live: count }) => [surface, Number(count)]));
}

/** Every row of every governed table, with the columns that the runtime assigns. */
async function wholeRows(): Promise<readonly string[]> {
  const tables = await project.query<{ name: string }>(
    `select governed_table as name from iu_core.surface where governed_table like 'public.%' order by 1`,
  );
  const rows = await Promise.all(
    tables.map(({ name }) =>
      project.query<{ line: string }>(`select '${name} ' || to_jsonb(t)::text as line from ${name} t`),
    ),
  );
  return rows.flat().map(({ line }) => line);
}
