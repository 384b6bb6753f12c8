import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import grpc from '@grpc/grpc-js';
import providerService from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import provider from '@pulumi/pulumi/proto/provider_pb.js';
import protobuf, { type JavaScriptValue } from 'google-protobuf/google/protobuf/struct_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureEngine } from '../../engine/ensure.mjs';
import { pluginFile } from '../../engine/pins.mjs';
import { stateFolder } from '../../engine/root.mjs';

type Properties = Readonly<Record<string, JavaScriptValue>>;

// On the real engine the SDK asks for the replacement too; here it is the plugin alone.
const engine = await ensureEngine();
const isStandIn = engine.plugins.command.way === 'stand-in';
const URN = 'urn:pulumi:dev::trial::command:local:Command::one';

// The engine's own marks (sdk/go/common/resource/sig).
const SIGNATURE_KEY = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';
const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
const secret = (value: string): JavaScriptValue => ({ [SIGNATURE_KEY]: SECRET, value });

describe.runIf(isStandIn)('the stand-in of the command plugin', () => {
  let plugin: ChildProcess;
  let client: InstanceType<typeof providerService.ResourceProviderClient>;

  beforeAll(async () => {
    plugin = spawn(join(stateFolder(), 'pulumi', pluginFile('command')), ['127.0.0.1:1'], { stdio: 'pipe' });
    const [said] = (await once(plugin.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const address = `127.0.0.1:${String(said).trim()}`;
    client = new providerService.ResourceProviderClient(address, grpc.credentials.createInsecure());
  });
  afterAll(async () => {
    client.close();
    plugin.stdin?.end();
    await once(plugin, 'exit');
  });

  function ask(request: InstanceType<typeof provider.DiffRequest>) {
    return new Promise<InstanceType<typeof provider.DiffResponse>>((resolve, reject) => {
      client.diff(request, (error, answer) => (answer === undefined ? reject(error) : resolve(answer)));
    });
  }

  async function differences(olds: Properties, news: Properties, ignored: readonly string[] = []) {
    const request = new provider.DiffRequest()
      .setUrn(URN)
      .setOldInputs(protobuf.Struct.fromJavaScript(olds))
      .setOlds(protobuf.Struct.fromJavaScript({ ...olds, stdout: '', stderr: '' }))
      .setNews(protobuf.Struct.fromJavaScript(news))
      .setIgnorechangesList([...ignored]);
    const { diffsList, replacesList, detaileddiffMap, hasdetaileddiff } = (await ask(request)).toObject();
    // The engine passes over details that nobody announced.
    expect(hasdetaileddiff).toBe(detaileddiffMap.length > 0);
    const kinds = ['ADD', 'ADD_REPLACE', 'DELETE', 'DELETE_REPLACE', 'UPDATE', 'UPDATE_REPLACE'];
    return {
      changed: diffsList,
      replaces: replacesList,
      details: Object.fromEntries(detaileddiffMap.map(([path, detail]) => [path, kinds[detail.kind]])),
    };
  }

  test('replaces for a changed trigger, and for no other changed input', async () => {
    expect(await differences({ triggers: ['a', 'b'], create: 'x' }, { triggers: ['a', 'c'], create: 'y' })).toEqual({
      changed: ['create', 'triggers[1]'],
      replaces: ['triggers[1]'],
      details: { 'triggers[1]': 'UPDATE_REPLACE', create: 'UPDATE' },
    });
    expect((await differences({}, { triggers: ['1'] })).details).toEqual({ triggers: 'ADD_REPLACE' });
    expect(await differences({ triggers: ['1'] }, {})).toMatchObject({
      replaces: ['triggers'],
      details: { triggers: 'DELETE_REPLACE' },
    });
  });

  test('compares a map key by key, and quotes a key that is no name', async () => {
    const olds = { environment: { KEPT: '1', GONE: '1', CHANGED: '1' } };
    const news = { environment: { KEPT: '1', CHANGED: '2', 'new-key': '1' } };
    expect((await differences(olds, news)).details).toEqual({
      'environment.GONE': 'DELETE',
      'environment.CHANGED': 'UPDATE',
      'environment["new-key"]': 'ADD',
    });
  });

  test('ignores an input by its name, and not what is of that name within another', async () => {
    const [olds, news] = [{ environment: { stdin: '1' } }, { environment: { stdin: '2' } }];
    expect((await differences(olds, news, ['stdin'])).changed).toEqual(['environment.stdin']);
    expect((await differences(olds, news, ['environment'])).changed).toEqual([]);
  });

  test('names what changed in order', async () => {
    const [olds, news] = ['a', 'b'].map((value) => ({
      create: value,
      delete: value,
      dir: value,
      stdin: value,
      update: value,
    }));
    const { changed } = await differences(olds ?? {}, news ?? {});
    expect(changed).toEqual(['create', 'delete', 'dir', 'stdin', 'update']);
  });

  test('answers a request without properties, and what it has not', async () => {
    const create = new provider.CreateRequest().setUrn(URN);
    const made = await new Promise((resolve, reject) => {
      client.create(create, (error, answer) => (answer === undefined ? reject(error) : resolve(answer.getId())));
    });
    expect(made).toMatch(/^one[0-9a-f]{8}$/);
    const refused = new Promise((resolve) => client.call(new provider.CallRequest(), resolve));
    expect(await refused).toMatchObject({
      code: grpc.status.UNIMPLEMENTED,
      details: expect.stringContaining('pulumi-resource-command (stand-in) does not implement Call. Next: '),
    });
  });

  test('takes a secret for one value, and a value that becomes secret for a change', async () => {
    expect((await differences({ stdin: secret('a') }, { stdin: secret('b') })).details).toEqual({ stdin: 'UPDATE' });
    expect((await differences({ stdin: 'a' }, { stdin: secret('a') })).details).toEqual({ stdin: 'UPDATE' });
    expect((await differences({ stdin: secret('a') }, { stdin: secret('a') })).changed).toEqual([]);
  });

  test('takes what is not there for null, an ignored change for none, and the unknown for a change', async () => {
    expect((await differences({ dir: null }, {})).changed).toEqual([]);
    expect((await differences({ create: 'x' }, { create: 'y' }, ['create'])).changed).toEqual([]);
    expect((await differences({ create: 'x' }, { create: UNKNOWN })).details).toEqual({ create: 'UPDATE' });
    expect((await differences({}, { create: UNKNOWN })).details).toEqual({ create: 'ADD' });
  });

  test('tells outputs from inputs where the engine sends no old inputs', async () => {
    const request = new provider.DiffRequest()
      .setUrn(URN)
      .setOlds(protobuf.Struct.fromJavaScript({ create: 'x', stdout: 'said', stderr: '' }))
      .setNews(protobuf.Struct.fromJavaScript({ create: 'x' }));
    expect((await ask(request)).getDiffsList()).toEqual([]);
  });
});
