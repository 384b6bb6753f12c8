import { once } from 'node:events';
import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { frames } from './frames.ts';

/** Stands between the bins of one runtime and PostgreSQL, and stops the world at a statement. */
export interface PostgresProxy {
  readonly port: number;
  /** Every statement that came by, in order. */
  readonly statements: readonly string[];
  /** Stops the next connection that sends a matching statement; once. */
  readonly stopAt: (statement: RegExp, moment: Moment) => Stop;
  readonly close: () => Promise<void>;
}

/** `before`: PostgreSQL has not seen the statement; `after`: it has answered, and the bin has not seen the answer. */
export type Moment = 'before' | 'after';

export interface Stop {
  readonly reached: Promise<void>;
  /** Goes on as if nothing had happened. */
  readonly release: () => void;
  /** Breaks the connection on both sides. */
  readonly cut: () => void;
  /** Forgets a stop that was never reached. */
  readonly cancel: () => void;
}

interface Trap {
  readonly statement: RegExp;
  readonly moment: Moment;
  readonly arrive: (connection: Connection) => void;
}

const HOST = '127.0.0.1';

/** @param port to listen on; any free one without it */
export async function startProxy(target: number, port = 0): Promise<PostgresProxy> {
  const statements: string[] = [];
  const traps: Trap[] = [];
  const open = new Set<Connection>();
  const server = createServer((client) => {
    const connection = new Connection(client, tcpConnect(target, HOST), statements, traps);
    open.add(connection);
    client.once('close', () => open.delete(connection));
  });
  server.listen(port, HOST);
  await once(server, 'listening');
  return {
    port: portOf(server),
    statements,
    stopAt: (statement, moment) => trapFor(traps, statement, moment),
    close: async () => {
      for (const connection of open) connection.cut();
      server.close();
      await once(server, 'close');
    },
  };
}

function trapFor(traps: Trap[], statement: RegExp, moment: Moment): Stop {
  const { promise, resolve } = Promise.withResolvers<Connection>();
  const trap: Trap = { statement, moment, arrive: resolve };
  traps.push(trap);
  return {
    reached: promise.then(() => undefined),
    release: () => void promise.then((connection) => connection.release()),
    cut: () => void promise.then((connection) => connection.cut()),
    cancel: () => {
      if (traps.includes(trap)) traps.splice(traps.indexOf(trap), 1);
    },
  };
}

class Connection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #statements: string[];
  readonly #traps: Trap[];
  #started = false;
  #fromClient: Buffer = Buffer.alloc(0);
  #fromServer: Buffer = Buffer.alloc(0);
  #held: 'nothing' | 'client' | 'server' = 'nothing';
  #answered: Trap | null = null;

  constructor(client: Socket, server: Socket, statements: string[], traps: Trap[]) {
    this.#client = client;
    this.#server = server;
    this.#statements = statements;
    this.#traps = traps;
    client.on('data', (bytes) => this.#clientSent(bytes));
    server.on('data', (bytes) => this.#serverSent(bytes));
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.cut());
      socket.on('close', () => this.cut());
    }
  }

  release(): void {
    this.#held = 'nothing';
    this.#client.write(this.#fromServer);
    this.#fromServer = Buffer.alloc(0);
    this.#forwardClient();
  }

  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  #clientSent(bytes: Buffer): void {
    this.#fromClient = Buffer.concat([this.#fromClient, bytes]);
    if (this.#held !== 'client') this.#forwardClient();
  }

  #forwardClient(): void {
    const { whole, rest } = frames(this.#fromClient, this.#started);
    this.#fromClient = rest;
    for (const [at, frame] of whole.entries()) {
      this.#started = true;
      if (frame.statement !== null && this.#trapped(frame.statement)) {
        this.#fromClient = Buffer.concat([...whole.slice(at).map(({ bytes }) => bytes), rest]);
        return;
      }
      this.#server.write(frame.bytes);
    }
  }

  /** Whether the statement is held back; a trap for its answer lets it pass. */
  #trapped(statement: string): boolean {
    const at = this.#traps.findIndex((trap) => trap.statement.test(statement));
    const trap = at < 0 ? undefined : this.#traps.splice(at, 1)[0];
    // A statement that was held before comes by a second time when it is released.
    if (trap?.moment !== 'before') this.#statements.push(statement);
    if (trap === undefined) return false;
    if (trap.moment === 'after') {
      this.#held = 'server';
      this.#answered = trap;
      return false;
    }
    this.#held = 'client';
    trap.arrive(this);
    return true;
  }

  #serverSent(bytes: Buffer): void {
    if (this.#held !== 'server') {
      this.#client.write(bytes);
      return;
    }
    this.#fromServer = Buffer.concat([this.#fromServer, bytes]);
    const isReady = frames(this.#fromServer, true).whole.some(({ type }) => type === 'Z');
    if (isReady) this.#answered?.arrive(this);
  }
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a proxy without port');
  return address.port;
}
