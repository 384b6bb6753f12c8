import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as z from 'zod/mini';
import { $ZodError } from 'zod/v4/core';
import { C1Error } from '../domain/codes.ts';
import { parseJsonStrictly } from '../domain/strict-json.ts';
import '../domain/english.ts';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

const text = z.string().check(z.minLength(1), z.maxLength(300));
const port = z.int().check(z.minimum(0), z.maximum(65_535));

/** No request can be made to such an address, and a secret is no part of a configuration. */
function hasNoLogin(address: string): boolean {
  const { username, password } = new URL(address);
  return username === '' && password === '';
}

const schema = z
  .strictObject({
    /** What the runtime says of itself; empty on a governed host. */
    label: z.array(text),
    listen: z.strictObject({ host: text, port }),
    database: z.strictObject({ host: text, port, database: text, login: text, passwordFile: text }),
    /** The executor that was there before; every code that is not C1 is passed on to it. */
    upstreamUrl: z.nullable(z.url({ protocol: /^https?$/ }).check(z.refine(hasNoLogin, 'an address without a login'))),
    /** Who may sign the two authorizations of a DRY_RUN; none without it. */
    allowedSigners: z.nullable(text),
    release: z.strictObject({ name: text, digest: z.string().check(z.regex(/^(sha256:)?[0-9a-f]{64}$/)) }),
  })
  .check(
    z.refine(({ label, listen }) => label.length === 0 || LOOPBACK.has(listen.host), {
      path: ['listen', 'host'],
      message: 'not a loopback address, which a labelled runtime must have',
    }),
  );

export type ExecutorConfig = z.infer<typeof schema>;

/**
 * The service's one configuration file; the file names in it are taken from its own folder.
 *
 * @throws C1Error ERROR_CONFIG_INVALID with the property that is wrong
 */
export function readConfig(file: string): ExecutorConfig {
  const config = parseConfig(readOrThrow(file, '--config'));
  const beside = (name: string) => resolve(dirname(file), name);
  const passwordFile = beside(config.database.passwordFile);
  const allowedSigners = config.allowedSigners === null ? null : beside(config.allowedSigners);
  readOrThrow(passwordFile, 'database.passwordFile');
  if (allowedSigners !== null) readOrThrow(allowedSigners, 'allowedSigners');
  return { ...config, database: { ...config.database, passwordFile }, allowedSigners };
}

/** @throws C1Error ERROR_CONFIG_INVALID */
export function parseConfig(bytes: Uint8Array): ExecutorConfig {
  try {
    return schema.parse(parseJsonStrictly(bytes));
  } catch (cause) {
    throw invalid(problemOf(cause), cause);
  }
}

function readOrThrow(file: string, property: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    // The reason alone: the message would quote a path of this machine.
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it cannot be read';
    throw invalid(`${property}: no file that can be read (${reason})`, cause);
  }
}

function problemOf(cause: unknown): string {
  if (cause instanceof C1Error) return cause.seen;
  if (!(cause instanceof $ZodError)) throw cause;
  return cause.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`).join('; ');
}

function invalid(seen: string, cause: unknown): C1Error {
  const next = 'correct the file that --config names, then start again';
  return new C1Error('ERROR_CONFIG_INVALID', { seen, expected: 'the keys that --help shows', next }, { cause });
}
