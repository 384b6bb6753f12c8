import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { digestOf, type Json } from '../../domain/canonical.ts';
import { STAGING_LABELS } from '../../domain/label.ts';
import { MANIFEST } from '../executor/support/c1-runtime.ts';
import { DRY_RUN } from '../executor/support/signers.ts';
import { createDryRunTrial, type DryRunTrial, MADE } from './support/dry-run.ts';
import { codeOf, failure, failureOf, printed } from './support/rows.ts';

/** Every answer of an executor but the right one is a stop: it is altered here, word by word. */
type Respond = (response: ServerResponse) => void;

let it: DryRunTrial;
let before: string;
let whole: Readonly<Record<string, unknown>>;
let respond: Respond;
const asked: string[] = [];
const server = createServer(async (request, response) => {
  asked.push(`${request.url} ${(await buffer(request)).toString('utf8')}`);
  respond(response);
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  it = await createDryRunTrial();
  await it.mint();
  whole = (await it.service.dispatch(authorized())).json;
});
beforeEach(async () => {
  asked.length = 0;
  respond = json(whole);
  before = await it.trial.fingerprint();
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await it?.dispose();
});

const authorized = () => it.signers.authorized();
const dryRun = (stdin: unknown = authorized()) => it.dryRun(stdin, { port: (server.address() as AddressInfo).port });

function json(value: unknown, status = 200): Respond {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return (response) => void response.writeHead(status, { 'content-type': 'application/json' }).end(text);
}

test('an executor gets the request as it was given, and its whole answer is taken', async () => {
  const { authorizations } = authorized();
  expect(printed(await dryRun({ authorizations, rollback: 'retire' })).readback).toEqual(MADE);
  const [one = '', ...more] = asked;
  expect([more, one.slice(0, 10)]).toEqual([[], '/dispatch ']);
  expect(JSON.parse(one.slice(10))).toEqual({ ...DRY_RUN, authorizations, rollback: 'retire' });
});

const changed = (change: object) => (): Respond => json({ ...whole, ...change });
const [first, ...others] = MANIFEST.operations;
const { hash: _hash, ...manifest } = MANIFEST;
const other = { ...manifest, operations: [{ ...first, operation_code: 'a' }, ...others] } as unknown as Json;
const UNHEALTHY = 'ERROR_EXECUTOR_UNHEALTHY';
test.each([
  ['13 operations', changed({ operations: 13 }), 'REJECT_ACTION_SET_MISMATCH'],
  ['a shorter manifest', changed({ manifest: { ...manifest, operations: others } }), 'REJECT_ACTION_SET_MISMATCH'],
  ['another operation', changed({ manifest: other }), 'HOLD_MANIFEST_NOT_REPRODUCED'],
  [
    'another operation and the hash that it then has',
    changed({ manifest: other, manifest_hash: digestOf(other), database_hash: digestOf(other) }),
    'HOLD_MANIFEST_NOT_REPRODUCED',
  ],
  ['another hash', changed({ manifest_hash: '0'.repeat(64) }), 'HOLD_MANIFEST_NOT_REPRODUCED'],
  ['another hash of PostgreSQL', changed({ database_hash: '0'.repeat(64) }), 'HOLD_MANIFEST_NOT_REPRODUCED'],
  ['rows before', changed({ rows_before: 1 }), 'HOLD_COUNTER_DRIFT'],
  ['rows after', changed({ rows_after: 1 }), 'HOLD_COUNTER_DRIFT'],
  ['another grant', changed({ auth_code: 'GBA-C1-OTHER' }), 'HOLD_DRIFT'],
  ['a seal', changed({ seal: 'SEALED' }), UNHEALTHY],
  ['no seal', changed({ seal: undefined }), UNHEALTHY],
  ['a write', changed({ writes_db: true }), UNHEALTHY],
  ['an observation', changed({ write_obs: true }), UNHEALTHY],
  ['no validation', changed({ validated: false }), UNHEALTHY],
  ['another mode', changed({ mode: 'PLAN_ONLY' }), UNHEALTHY],
  ['one field more', changed({ more: 1 }), UNHEALTHY],
  ['the label of another runtime', changed({ label: [] }), UNHEALTHY],
  [
    'a redirect',
    () => (response: ServerResponse) => void response.writeHead(307, { location: `${it.service.url}/dispatch` }).end(),
    UNHEALTHY,
  ],
  ['no JSON', () => json('{'), UNHEALTHY],
  ['duplicate keys', () => json(`{"seal":"SEALED",${JSON.stringify(whole).slice(1)}`), UNHEALTHY],
  ['too much', () => json({ ...whole, more: 'x'.repeat(300_000) }), UNHEALTHY],
  [
    'half an answer',
    () => (response: ServerResponse) =>
      void response.writeHead(200, { 'content-length': 99 }).write('{', () => response.destroy()),
    UNHEALTHY,
  ],
  [
    'another protocol',
    () => (response: ServerResponse) =>
      void response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    UNHEALTHY,
  ],
  ['nothing', () => (response: ServerResponse) => void response.destroy(), UNHEALTHY],
  ['an unknown code', () => json(refusalOf('HOLD_NONE'), 403), UNHEALTHY],
  ['a refusal that says that all is well', () => json(refusalOf('OK_READ'), 403), UNHEALTHY],
  ['a refusal that is not whole', () => json({ code: 'REJECT_NO_GRANT' }, 422), UNHEALTHY],
  ['a refusal as an answer', () => json(refusalOf('REJECT_NO_GRANT')), UNHEALTHY],
] as const)('an executor that answers with %s is stopped at', async (_title, answer, code) => {
  respond = answer();
  const stopped = await dryRun();
  const exit = { HOLD: 3, REJECT: 4, ERROR: 1 }[code.split('_')[0] as 'HOLD'];
  expect([stopped.stderr, failureOf(stopped)]).toEqual([stopped.stderr, failure(exit, code)]);
  expect(stopped.stderr).not.toMatch(/[0-9a-f]{64}/);
  expect(asked.length).toBe(1);
  respond = json(whole);
  expect(printed(await dryRun()).readback).toEqual(MADE);
  expect(await it.trial.fingerprint()).toBe(before);
});

test('an executor that hangs is left at the time limit', async () => {
  const half: Respond = (response) => void response.writeHead(200, { 'content-length': 99 }).write('{');
  for (const way of [() => undefined, half]) {
    respond = way;
    asked.length = 0;
    const hung = await it.trial.withConfig({ limits: { executor: 200 } }, () => dryRun());
    expect(failureOf(hung)).toEqual(failure(1, 'ERROR_EXECUTOR_UNHEALTHY'));
    expect(hung.stderr).toContain('due to timeout) from the executor, expected one within 200 ms');
    expect(asked.length).toBe(1);
  }
});

test('a refusal whose message was cut short keeps its code all the same', async () => {
  respond = json({ ...refusalOf('REJECT_NO_GRANT'), message: 'REJECT_NO_GRANT: seen no' }, 422);
  expect(codeOf(await dryRun())).toBe('REJECT_NO_GRANT');
});

function refusalOf(code: string) {
  const message = `${code}: seen one, expected another. Next: nothing.`;
  return { code, message, remedy: 'nothing', request_id: 'of a test', label: [...STAGING_LABELS] };
}
