// What anybody would write who has to answer the same from the same rows, without any check: fastify with its logger, and
// one read-only query for each request, the one that a plan reads. Takes the executor's configuration file.
import { readFileSync } from 'node:fs';
import fastify from 'fastify';
import { Pool } from 'pg';
import { c1PlanQuery } from '../../executor/c1-reads.ts';
import { readConfig } from '../../executor/config.ts';

const { database, listen } = readConfig(process.argv[2] ?? '');
const pool = new Pool({
  ...{ host: database.host, port: database.port, database: database.database, user: database.login },
  password: readFileSync(database.passwordFile, 'utf8').trim(),
});
const app = fastify({ logger: true });
app.post<{ Body: { readonly dot_code: string } }>('/dispatch', async ({ body }) => {
  const { name, text } = c1PlanQuery(body.dot_code);
  const { rows } = await pool.query({ name, text, values: [body.dot_code] });
  return rows[0];
});
await app.listen(listen);
