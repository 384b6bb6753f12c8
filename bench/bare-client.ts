// The least that a program needs for a query: Node, pg, one connection. Bundled as the bins are (bare-bin.ts), it is the
// other side of measurements of bins. Arguments: the bins' runtime.json, the login, the query.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Client } from 'pg';

void main();

async function main(): Promise<void> {
  const [file = '', login = '', sql = ''] = process.argv.slice(2);
  const { host, port, database, secrets } = JSON.parse(readFileSync(file, 'utf8')) as Config;
  const password = readFileSync(resolve(dirname(file), secrets, login), 'utf8').trim();
  const client = new Client({ host, port, database, user: login, password });
  await client.connect();
  const { rows } = await client.query({ text: sql, rowMode: 'array' });
  await client.end();
  process.stdout.write(`${rows.length}\n`);
}

interface Config {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly secrets: string;
}
