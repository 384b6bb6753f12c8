import { Command, CommanderError } from 'commander';
import { C1Error } from '../domain/codes.ts';
import { LABEL_LINE } from '../domain/label.ts';
import { readConfig } from './config.ts';
import type { Release } from './fixture.ts';
import { buildServer } from './server.ts';

const EXAMPLES = `
Examples:
  $ executor --config executor.json
  $ curl -s http://127.0.0.1:8090/health
  $ curl -s http://127.0.0.1:8090/dispatch -H 'content-type: application/json' \\
      -d '{"dot_code":"DOT_KG_EXPLAIN","mode":"PLAN_ONLY"}'

The file holds one JSON object with exactly these keys; file names are taken from its folder:
  {
    "label": ["LOCAL_STAGING_NOT_SSOT"],
    "listen": {"host": "127.0.0.1", "port": 8090},
    "database": {"host": "127.0.0.1", "port": 5432, "database": "directus", "login": "executor_ro",
                 "passwordFile": "secrets/executor_ro"},
    "upstreamUrl": null,
    "allowedSigners": null,
    "release": {"name": "agent-api-executor-local:v1", "digest": "<64 hex digits>"}
  }
A labelled runtime listens on loopback only. Embedded runtime: ${LABEL_LINE}.
SIGTERM and SIGINT end it: requests under way are answered, new ones are refused.
Exit status: 0 ended by a signal, 1 error, 64 usage.`;

/** Runs the service until a signal ends it: parse, listen, wait. The only place that sets the exit status. */
export async function runExecutor(release: Release): Promise<void> {
  // A reader of help or log that went away is no reason to end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    const command = commandOf(release).parse();
    await serve(release, command.opts<{ config: string }>().config);
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return;
    const failure = startFailure(thrown);
    process.stderr.write(`${failure.message}\n`);
    process.exitCode = failure.exitCode;
  }
}

function commandOf({ version }: Release): Command {
  return new Command('executor')
    .description('Answers what DOTs ask over HTTP: always read-only, never a real run.')
    .version(`executor ${version}`)
    .requiredOption('--config <file>', 'the configuration, one JSON file')
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => undefined })
    .exitOverride();
}

async function serve(release: Release, file: string): Promise<void> {
  const config = readConfig(file);
  const app = buildServer(release, config);
  const stop = (signal: NodeJS.Signals) => {
    app.log.info({ signal }, 'stopping');
    void app.close();
  };
  try {
    await app.listen(config.listen);
  } catch (cause) {
    await app.close();
    throw listenFailure(cause, config.listen);
  }
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

function listenFailure(cause: unknown, { host, port }: { readonly host: string; readonly port: number }): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  const next = 'choose another listen.port, or end what listens there';
  if (code === 'EADDRINUSE') {
    return new C1Error(
      'ERROR_PORT_TAKEN',
      { seen: `${host}:${port} in use`, expected: 'a free port', next },
      { cause },
    );
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EACCES') {
    const seen = `listen ${host}:${port}: ${code}`;
    const finding = { seen, expected: 'an address of this machine', next: 'correct listen' };
    return new C1Error('ERROR_CONFIG_INVALID', finding, { cause });
  }
  return cause;
}

function startFailure(thrown: unknown): C1Error {
  if (thrown instanceof C1Error) return thrown;
  const seen =
    thrown instanceof Error ? thrown.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ') : String(thrown);
  if (thrown instanceof CommanderError) return new C1Error('ERROR_USAGE', { seen, expected: 'what --help lists' });
  return new C1Error('ERROR_INTERNAL', { seen, expected: 'no fault' }, { cause: thrown });
}
