import { once } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { C1Error } from '../../domain/codes.ts';
import { errnoOf } from '../../runtime/files.ts';
import { HOST } from '../../runtime/server-config.ts';

/**
 * Listens on loopback until a signal ends it.
 *
 * @param port 0 for any that is free
 * @param onListening hears the address
 * @throws C1Error ERROR_PORT_TAKEN; ERROR_USAGE for a port that is not ours to take
 */
export async function serveUntilSignal(
  app: FastifyInstance,
  port: number,
  onListening: (url: string) => Promise<void>,
): Promise<void> {
  const url = await app.listen({ host: HOST, port }).catch((cause: unknown) => {
    throw listenFailure(cause, port);
  });
  const waiting = new AbortController();
  const signals = ['SIGINT', 'SIGTERM'].map((name) => once(process, name, { signal: waiting.signal }));
  try {
    await onListening(`${url}/`);
    await Promise.race(signals);
  } finally {
    waiting.abort();
    await Promise.allSettled(signals);
    await app.close();
  }
}

function listenFailure(cause: unknown, port: number): unknown {
  const next = 'npx c1 review --serve --port 0, which takes a free one';
  const code = errnoOf(cause);
  const seen = `${HOST}:${port} in use`;
  if (code === 'EADDRINUSE') return new C1Error('ERROR_PORT_TAKEN', { seen, expected: 'a free port', next }, { cause });
  if (code !== 'EACCES') return cause;
  return new C1Error(
    'ERROR_USAGE',
    { seen: `--port ${port}: ${code}`, expected: 'a port that you may take', next },
    { cause },
  );
}
