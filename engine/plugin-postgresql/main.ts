import providerService from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import type { InvokeRequest } from '@pulumi/pulumi/proto/provider_pb.js';
import provider from '@pulumi/pulumi/proto/provider_pb.js';
import { introduce } from '../stand-in/identity.ts';
import { lifecycle } from '../stand-in/provider.ts';
import { Refusal, serve, unary } from '../stand-in/serve.ts';
import { fromStruct, type Properties, reveal, toStruct } from '../stand-in/values.ts';
import { connection } from './connection.ts';
import { LOOK_UPS } from './queries.ts';

let connect = connection({}, process.env);

const refuseResource = unary(() => {
  throw new Refusal('the stand-in of the postgresql plugin only reads (getSchemas, getTables): it has no resources');
});

introduce('pulumi-resource-postgresql');
serve('pulumi-resource-postgresql', providerService.ResourceProviderService, {
  ...lifecycle('3.18.1', undefined, (config) => {
    connect = connection(config, process.env);
  }),
  check: refuseResource,
  diff: refuseResource,
  create: refuseResource,
  read: refuseResource,
  update: refuseResource,
  delete: refuseResource,
  invoke: unary(async (request: InvokeRequest) => {
    const args = reveal({ ...fromStruct(request.getArgs()) }) as Properties;
    return new provider.InvokeResponse().setReturn(toStruct(await lookUp(request.getTok(), args)));
  }),
});

async function lookUp(token: string, args: Properties): Promise<Properties> {
  const { inputs, statement, answer } = LOOK_UPS[token] ?? refuse(token);
  const unknown = Object.keys(args).filter((name) => !inputs.includes(name));
  if (unknown.length > 0) throw new Refusal(`${token}: seen ${unknown.join(', ')}, expected only ${inputs.join(', ')}`);
  if (typeof args.database !== 'string') throw new Refusal(`${token}: seen no database, expected its name`);
  const { text, values } = statement(args);
  return { ...args, id: `${args.database}_${token}`, ...answer(await query(args.database, text, values)) };
}

function refuse(token: string): never {
  const known = Object.keys(LOOK_UPS).join(', ');
  throw new Refusal(`seen ${token}, expected one of ${known} (stand-in of the postgresql plugin)`);
}

/** Reads, or fails: a read that did not happen is never an empty answer. */
async function query(database: string, text: string, values: readonly unknown[]) {
  const { default: pg } = await import('pg');
  const client = new pg.Client(connect(database));
  try {
    await client.connect();
    await client.query('begin transaction read only');
    const { rows } = await client.query<Record<string, string>>(text, [...values]);
    return rows;
  } catch (cause) {
    throw new Error(`reading ${database} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally {
    await client.end().catch(() => {});
  }
}
