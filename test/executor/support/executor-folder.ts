import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';
import { EXECUTOR_C1, EXECUTOR_V1, type ExecutorRelease } from '../../../domain/executor.ts';
import type { DeployRequest } from '../../../executor/deploy/deploy.ts';
import { executorFolder } from '../../../executor/deploy/folder.ts';
import type { Address } from '../../../executor/deploy/probe.ts';
import { stopService } from '../../../executor/deploy/service.ts';

/** How a release of a test behaves; the real ones are tested beside it. */
export interface Behaviour {
  readonly servesC1?: boolean;
  /** What KG answers, beside what was asked. */
  readonly kg?: string;
  /** `serve`, or what goes wrong at start: at the first one, or only once it is the service. */
  readonly start?: 'serve' | 'crash' | 'hang' | 'crash as service';
  readonly realRunStatus?: number;
}

/** An executor folder of its own, with releases that are a few lines each. */
export async function createExecutorFolder() {
  const root = await mkdtemp(join(tmpdir(), 'c1-executor-'));
  const folder = executorFolder(root);
  const address: Address = { host: '127.0.0.1', port: await getPort({ host: '127.0.0.1' }) };
  await mkdir(join(root, 'lib'), { recursive: true });
  await mkdir(join(root, 'config'), { recursive: true });
  await symlink(process.execPath, folder.node);
  await writeFile(folder.config, JSON.stringify({ label: [], listen: address }));
  return {
    folder,
    address,
    release: async (behaviour: Behaviour, servicePort: number = address.port): Promise<ExecutorRelease> => {
      const name = behaviour.servesC1 === true ? EXECUTOR_C1 : EXECUTOR_V1;
      const bundle = bundleText(behaviour, servicePort);
      const digest = createHash('sha256').update(bundle).digest('hex');
      await mkdir(join(folder.releases, digest), { recursive: true });
      await writeFile(join(folder.releases, digest, 'executor.cjs'), bundle);
      return { name, digest };
    },
    request: (release: ExecutorRelease): DeployRequest => ({ folder, release, address, limitMs: 3_000 }),
    ask: async (request: object) => {
      const response = await fetch(`http://${address.host}:${address.port}/dispatch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
      });
      return { status: response.status, body: await response.text() };
    },
    deployed: async () => JSON.parse(await readFile(folder.deployed, 'utf8')) as Record<string, unknown>,
    dispose: async () => {
      await stopService(folder, 'trial');
      await stopService(folder, 'service');
      await rm(root, { recursive: true, force: true });
    },
  };
}

export type ExecutorTrial = Awaited<ReturnType<typeof createExecutorFolder>>;

function bundleText(
  { servesC1 = false, kg = 'as ever', start = 'serve', realRunStatus = 403 }: Behaviour,
  servicePort: number,
): string {
  return `
const { readFileSync } = require('node:fs');
const { listen, release } = JSON.parse(readFileSync(process.argv[3], 'utf8'));
const start = ${JSON.stringify(start)};
if (start === 'crash' || (start === 'crash as service' && listen.port === ${servicePort})) {
  console.error('cannot begin');
  process.exit(7);
}
const answer = ({ dot_code, mode }) => {
  if (mode === 'REAL_RUN') return [${realRunStatus}, { code: 'C1_PROD_REAL_RUN_BLOCKED', dot_code }];
  if (dot_code.startsWith('DOT_KG')) return [200, { kg: ${JSON.stringify(kg)}, dot_code }];
  if (!${servesC1}) return [403, { code: 'REJECT_SCOPE_NOT_C1' }];
  return [200, { validated: true, endpoint_present: true, true_dry_run_possible: true, writes_db: false, write_obs: false }];
};
const server = require('node:http').createServer((request, response) => {
  let text = '';
  request.on('data', (chunk) => { text += chunk; });
  request.on('end', () => {
    const [status, body] = request.url === '/health'
      ? [200, { status: 'ok', writes_db: false, release }] : answer(JSON.parse(text));
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
});
process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeAllConnections(); });
if (start === 'hang') setInterval(() => {}, 1000);
else server.listen(listen.port, listen.host);
`;
}
