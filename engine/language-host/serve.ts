import grpc from '@grpc/grpc-js';
import { endAllGroups } from './groups.ts';

const PARENT_POLL_MS = 500;
const MESSAGE_LIMIT = 400 * 1024 * 1024;

/** An error that the engine shows as it is, with the gRPC code that tells it what kind it is. */
export class Refusal extends Error {
  readonly code: grpc.status;

  constructor(message: string, code: grpc.status = grpc.status.UNIMPLEMENTED) {
    super(message);
    this.code = code;
  }
}

/** Wraps a plain function as a unary call. The signal fires when the engine gives the call up. */
export function unary<Request, Response>(
  handler: (request: Request, signal: AbortSignal) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const abandoned = new AbortController();
    call.on('cancelled', () => abandoned.abort());
    Promise.resolve()
      .then(() => handler(call.request, abandoned.signal))
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(asServiceError(error)),
      );
  };
}

/** Serves a gRPC service on a free loopback port, says which on stdout, and ends when the engine is gone. */
export function serve(
  name: string,
  service: grpc.ServiceDefinition,
  handlers: grpc.UntypedServiceImplementation,
): void {
  endWithTheEngine();
  const server = new grpc.Server({
    // Statistics that nobody asks a plugin for.
    'grpc.enable_channelz': 0,
    'grpc.max_receive_message_length': MESSAGE_LIMIT,
    'grpc.max_send_message_length': MESSAGE_LIMIT,
  });
  server.addService(service, { ...refusals(name, service), ...handlers });
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
}

function refusals(name: string, service: grpc.ServiceDefinition): grpc.UntypedServiceImplementation {
  return Object.fromEntries(
    Object.entries(service).map(([method, definition]) => {
      const error = asServiceError(
        new Refusal(
          `${name} (stand-in) does not implement ${method}. Next: see docs/engine.md for the official plugins.`,
        ),
      );
      const refuse: grpc.UntypedHandleCall = definition.responseStream
        ? (call: grpc.ServerWritableStream<unknown, unknown>) => call.emit('error', error)
        : (_call: unknown, callback: grpc.sendUnaryData<unknown>) => callback(error);
      return [method, refuse];
    }),
  );
}

// The engine keeps our stdin open for as long as it lives. The parent id is for an engine that lends it to others.
function endWithTheEngine(): void {
  let isEnding = false;
  const end = () => {
    if (isEnding) return;
    isEnding = true;
    void endAllGroups().then(() => process.exit(0));
  };
  process.stdin.on('end', end).on('close', end).on('error', end).resume();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, end);
  // A reader that is gone must not keep us from ending our children.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && end(), PARENT_POLL_MS).unref();
}

function asServiceError(error: unknown): Partial<grpc.ServiceError> & Error {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Refusal ? error.code : grpc.status.UNKNOWN;
  return Object.assign(new Error(message), { code, details: message });
}
