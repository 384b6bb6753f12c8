import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { HOST } from '../runtime/server-config.ts';

/** A way to the database that sees when a client asks its first question. */
export interface FirstQuery {
  readonly port: number;
  /** Runs `work`, which connects once, and gives the milliseconds from its start to its first query. */
  readonly until: (work: () => Promise<unknown>) => Promise<number>;
  readonly close: () => void;
}

/** Types of the messages that carry a query: simple, and the first of an extended one. */
const QUERY = new Set(['Q'.charCodeAt(0), 'P'.charCodeAt(0)]);

/** Passes everything on to the server on `port`, and notes the time of the first query. */
export async function watchFirstQuery(port: number): Promise<FirstQuery> {
  let seen: number | null = null;
  const server = createServer((client) => {
    pass(client, port, () => {
      seen ??= performance.now();
    });
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const until = async (work: () => Promise<unknown>) => {
    seen = null;
    const began = performance.now();
    await work();
    if (seen === null) throw new Error('no query came by');
    return seen - began;
  };
  return { port: (server.address() as AddressInfo).port, until, close: () => void server.close() };
}

/** A client waits for an answer before it asks, so that a query always stands at the start of what came. */
function pass(client: Socket, port: number, onQuery: () => void): void {
  const server = connect({ host: HOST, port, noDelay: true });
  client.setNoDelay(true);
  let isStarted = false;
  client.on('data', (chunk) => {
    // The first message, the start-up, has no type.
    if (isStarted && QUERY.has(chunk[0] ?? 0)) onQuery();
    isStarted = true;
    server.write(chunk);
  });
  server.on('data', (chunk) => client.write(chunk));
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.end());
  }
}
