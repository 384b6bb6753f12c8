import type { ClientBase, Connection } from 'pg';
import { outcomeOf } from './attempt.ts';

/** What the client's connection can do beside what its types say. */
interface CopyConnection {
  readonly sendCopyFromChunk: (chunk: Buffer) => void;
  readonly endCopyFrom: () => void;
}

/** `copy … from stdin` with data: what came of it. */
export function copyIn(client: ClientBase, sql: string, data: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  client.query({
    submit: (connection: Connection) => connection.query(sql),
    handleCopyInResponse: (connection: CopyConnection) => {
      connection.sendCopyFromChunk(Buffer.from(data));
      connection.endCopyFrom();
    },
    handleCommandComplete: () => undefined,
    // After an error the client takes the next statement without telling this one that it is ready.
    handleError: (cause: unknown) => resolve(outcomeOf(cause)),
    handleReadyForQuery: () => resolve('accepted'),
  });
  return promise;
}
