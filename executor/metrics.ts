import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ExecutorConfig } from './config.ts';
import type { Release } from './fixture.ts';

/** Counts every answer; the text is what Prometheus scrapes. Each service has a registry of its own. */
export function addMetrics(app: FastifyInstance, { version }: Release, { release, label }: ExecutorConfig): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addInfo(registry, { version, release: release.name, digest: release.digest, label: label.join(' ') });
  const requests = new Counter({
    name: 'executor_requests_total',
    help: 'Answers by route and HTTP status.',
    labelNames: ['route', 'status'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'executor_request_seconds',
    help: 'From the first byte of a request to the end of its answer.',
    labelNames: ['route'],
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    // Never the path as it came: anybody could make any number of them.
    const route = request.routeOptions.url ?? 'unknown';
    requests.inc({ route, status: reply.statusCode });
    seconds.observe({ route }, reply.elapsedTime / 1000);
  });
  app.get('/metrics', async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()));
}

function addInfo(registry: Registry, labels: Readonly<Record<string, string>>): void {
  const info = new Gauge({
    name: 'executor_info',
    help: 'What runs here.',
    labelNames: Object.keys(labels),
    registers: [registry],
  });
  info.set(labels, 1);
}
