import type { FastifyInstance } from 'fastify';
import { CODES } from '../domain/codes.ts';
import { httpStatusOf } from '../domain/http-status.ts';
import type { ExecutorConfig } from './config.ts';
import type { Database, Query } from './database.ts';
import type { Release } from './fixture.ts';
import { asC1Error } from './refusal.ts';

/** What PostgreSQL says of our own transaction, and of our rights on what is governed. */
const WRITES: Query = {
  name: 'health',
  text: `select current_setting('transaction_read_only') <> 'on' or exists (
      select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname in ('public', 'iu_core', 'c1') and c.relkind in ('r', 'p')
         and has_table_privilege(c.oid, 'insert, update, delete, truncate')) as writes_db`,
};

/** `/healthz` says that the process lives; `/health` asks the database as well. */
export function addHealth(app: FastifyInstance, database: Database, release: Release, config: ExecutorConfig): void {
  const { label } = config;
  app.get('/healthz', async () => ({ status: 'ok', writes_db: false, label }));
  app.get('/health', async (request, reply) => {
    const about = { version: release.version, release: config.release };
    try {
      const [rows] = await database.read(WRITES);
      // Anything but a plain no is a yes.
      const writes_db = rows?.[0]?.writes_db !== false;
      if (!writes_db) return { status: 'ok', ...about, writes_db, database: { reachable: true }, label };
      return reply.code(503).send({ status: 'degraded', ...about, writes_db, database: { reachable: true }, label });
    } catch (thrown) {
      const { code, message, next: remedy } = asC1Error(thrown);
      request.log.error({ code, meaning: CODES[code].meaning }, 'database not reachable');
      const refusal = { code, message, remedy, request_id: request.id };
      const state = { status: 'degraded', ...about, writes_db: false, database: { reachable: false } };
      return reply.code(httpStatusOf(code)).send({ ...state, ...refusal, label });
    }
  });
}
