import { readFileSync } from 'node:fs';
import type { ClientConfig } from 'pg';
import { Refusal } from '../stand-in/serve.ts';
import { type Properties, reveal } from '../stand-in/values.ts';

/** Settings of the official provider that would change how it connects, and that the stand-in has not. */
const NOT_HERE = [
  'awsRdsIamAuth',
  'awsRdsIamProfile',
  'awsRdsIamProviderRoleArn',
  'awsRdsIamRegion',
  'azureIdentityAuth',
  'azureTenantId',
  'clientcert',
  'gcpIamImpersonateServiceAccount',
];

const DEFAULT_PORT = '5432';
const DEFAULT_TIMEOUT_S = '180';

/** The connection that the provider's configuration and the usual PG… variables describe; the configuration wins. */
export function connection(config: Properties, env: NodeJS.ProcessEnv): (database: string) => ClientConfig {
  refuseUnknown(config);
  const setting = (name: string, variable: string, otherwise: string): string => {
    const configured = reveal(config[name] ?? null);
    return configured === null || configured === '' ? env[variable] || otherwise : String(configured);
  };
  const sslmode = setting('sslmode', 'PGSSLMODE', String(config.sslMode ?? 'require'));
  const rootCertificate = reveal(config.sslrootcert ?? null);
  return (database) => ({
    host: setting('host', 'PGHOST', 'localhost'),
    port: Number(setting('port', 'PGPORT', DEFAULT_PORT)),
    user: setting('username', 'PGUSER', 'postgres'),
    password: setting('password', 'PGPASSWORD', ''),
    database: database || setting('database', 'PGDATABASE', 'postgres'),
    ssl: security(sslmode, typeof rootCertificate === 'string' ? rootCertificate : undefined),
    connectionTimeoutMillis: Number(setting('connectTimeout', 'PGCONNECT_TIMEOUT', DEFAULT_TIMEOUT_S)) * 1000,
    application_name: 'c1 stand-in of the postgresql plugin',
  });
}

function refuseUnknown(config: Properties): void {
  const seen = NOT_HERE.filter((name) => config[name] != null && config[name] !== 'null' && config[name] !== 'false');
  if (seen.length > 0) throw new Refusal(`the stand-in of the postgresql plugin does not implement ${seen.join(', ')}`);
  const scheme = reveal(config.scheme ?? 'postgres');
  if (scheme !== 'postgres') throw new Refusal(`seen scheme ${String(scheme)}, expected postgres (stand-in)`);
}

function security(sslmode: string, rootCertificate: string | undefined): ClientConfig['ssl'] {
  switch (sslmode) {
    case 'disable':
      return false;
    case 'require':
      return { rejectUnauthorized: false };
    case 'verify-ca':
      return { ...certificate(rootCertificate), checkServerIdentity: () => undefined };
    case 'verify-full':
      return certificate(rootCertificate);
    default:
      throw new Refusal(`seen sslmode ${sslmode}, expected disable, require, verify-ca or verify-full`);
  }
}

const certificate = (file: string | undefined) => (file === undefined ? {} : { ca: readFileSync(file, 'utf8') });
