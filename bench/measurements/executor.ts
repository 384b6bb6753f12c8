import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { execa } from 'execa';
import getPort from 'get-port';
import pWaitFor from 'p-wait-for';
import { STAGING_LABELS } from '../../domain/label.ts';
import { root } from '../../engine/root.mjs';
import { withSuperuser } from '../../runtime/connect.ts';
import { createDatabase, MAINTENANCE, PRISTINE } from '../../runtime/databases.ts';
import type { Lab } from '../lab.ts';
import type { Bench, Row } from '../measurement.ts';
import { figuresOf, interleave, least } from '../timing.ts';

const HOST = '127.0.0.1';
const DATABASE = 'bench_executor';
const LOGIN = 'executor_ro';
const HEADERS = { 'content-type': 'application/json' };
/** What a figure is of. */
const REQUESTS = 1_000;
const CONNECTIONS = 10;
/** autocannon ends on whole seconds: a run is a time, and the requests in it are counted. */
const RUN_S = 3;
const START_LIMIT_MS = 60_000;
/** quality.md: at least 0.8 × the requests/s, so at most that many times the time for the same requests. */
const LIMIT = 1 / 0.8;
const PLAN = JSON.stringify({ dot_code: 'DOT_C1_VOCAB_BUILD', mode: 'PLAN_ONLY' });

const EXECUTOR: Entry = { name: 'executor', source: 'executor/main.ts', words: ['--config'] };
const BARE: Entry = { name: 'bare', source: 'bench/programs/bare-service.ts', words: [] };

/**
 * PLAN_ONLY of C1 by the executor, against fastify with one read-only query of the same database: the time that each takes
 * for a thousand requests, over as many connections. Both are processes of their own, and log as they would.
 */
export async function measureExecutor({ lab, runs: rounds, say }: Bench): Promise<readonly Row[]> {
  await createContract(lab);
  const executor = await startService(lab, EXECUTOR);
  const bare = await startService(lab, BARE);
  try {
    const sides = [
      { name: 'executor' as const, run: () => millisecondsFor(executor.url) },
      { name: 'fastify' as const, run: () => millisecondsFor(bare.url) },
    ];
    const runs = await interleave(sides, rounds, say);
    const perSecond = (side: keyof typeof runs) => Math.round((REQUESTS * 1000) / least(runs[side]));
    return [
      {
        kind: 'measured',
        name: 'executor',
        compares: `${REQUESTS} PLAN_ONLY / fastify with one read-only query`,
        value: least(runs.executor) / least(runs.fastify),
        unit: 'times',
        limit: LIMIT,
        figures: `${figuresOf(runs)}; ${perSecond('executor')} and ${perSecond('fastify')} requests/s`,
        runs,
      },
    ];
  } finally {
    await Promise.all([executor.stop(), bare.stop()]);
  }
}

/** A database with what W5 leaves, put in by a superuser with the guards off: it is thrown away. */
async function createContract({ paths, port }: Lab): Promise<void> {
  await withSuperuser(paths, port, MAINTENANCE, (client) => createDatabase(client, DATABASE, PRISTINE));
  const table = 'public.dot_agent_api_contract';
  await withSuperuser(paths, port, DATABASE, async (client) => {
    await client.query(`begin; set local event_triggers = off; alter table ${table} disable trigger user`);
    await client.query(`insert into ${table} (dot_code, operation, role, paired_dot, mode, output_namespace, no_mutation_assertion,
        endpoint_ref, error_behavior, observation_write_policy, contract_status)
      select 'DOT_C1_VOCAB_BUILD', 'build', role, 'DOT_C1_VOCAB_VERIFY', mode, 'DRYRUN-NS:dot:c1:vocab', true,
        endpoint_ref, error_behavior, observation_write_policy, contract_status from ${table} where dot_code = 'DOT_KG_EXPLAIN'`);
    await client.query('commit');
  });
}

interface Entry {
  readonly name: string;
  readonly source: string;
  /** What stands before the name of the configuration file. */
  readonly words: readonly string[];
}

async function startService({ folder, paths, port }: Lab, { name, source, words }: Entry) {
  const listen = { host: HOST, port: await getPort({ host: HOST }) };
  const file = join(folder, `${name}.json`);
  const passwordFile = join(paths.secrets, LOGIN);
  const config = {
    label: STAGING_LABELS,
    listen,
    database: { host: HOST, port, database: DATABASE, login: LOGIN, passwordFile },
    upstreamUrl: null,
    allowedSigners: null,
    release: { name: 'bench', digest: '0'.repeat(64) },
  };
  await writeFile(file, JSON.stringify(config));
  // Ended with the bench, however that ends short of kill -9.
  const child = execa(process.execPath, [join(root, source), ...words, file], { stdio: 'ignore', reject: false });
  const url = `http://${HOST}:${listen.port}/dispatch`;
  const stop = async () => {
    child.kill('SIGTERM');
    await child;
  };
  try {
    await pWaitFor(() => isAnswered(url), { timeout: START_LIMIT_MS });
    return { url, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

async function isAnswered(url: string): Promise<boolean> {
  const sent = { method: 'POST', body: PLAN, headers: HEADERS };
  return fetch(url, sent).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** For as many seconds as a run takes. @throws Error when one was not answered well */
async function millisecondsFor(url: string): Promise<number> {
  const sent = { url, method: 'POST', body: PLAN, headers: HEADERS } as const;
  const result = await autocannon({ ...sent, connections: CONNECTIONS, duration: RUN_S });
  const { non2xx, errors, timeouts } = result;
  if (result['2xx'] > 0 && non2xx + errors + timeouts === 0) return (result.duration * 1000 * REQUESTS) / result['2xx'];
  throw new Error(
    `${result['2xx']} requests answered, ${non2xx} refused, ${errors} errors, ${timeouts} without answer`,
  );
}
