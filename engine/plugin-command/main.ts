import providerService from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import type {
  CheckRequest,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  InvokeRequest,
  ReadRequest,
  UpdateRequest,
} from '@pulumi/pulumi/proto/provider_pb.js';
import provider from '@pulumi/pulumi/proto/provider_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { introduce } from '../stand-in/identity.ts';
import { lifecycle } from '../stand-in/provider.ts';
import { Refusal, serve, unary } from '../stand-in/serve.ts';
import { fromStruct, toStruct } from '../stand-in/values.ts';
import { create, destroy, inputsOf, newId, previewed, runFunction, update } from './command.ts';
import { diff } from './diff.ts';
import { EngineLog } from './engine-log.ts';
import { COMMAND_INPUTS, type Failure, failures, RUN_INPUTS, withDefaults } from './inputs.ts';

const COMMAND = 'command:local:Command';
const RUN = 'command:local:run';
const engineLog = new EngineLog(process.argv.at(-1) ?? '');

const around = (urn: string, signal: AbortSignal) => ({ signal, log: (line: string) => engineLog.line(urn, line) });

const typeOf = (urn: string): string => urn.split('::')[2]?.split('$').at(-1) ?? '';
const nameOf = (urn: string): string => urn.split('::').slice(3).join('::');

function onlyCommand(urn: string): void {
  if (typeOf(urn) === COMMAND) return;
  throw new Refusal(
    `seen ${typeOf(urn)}, expected ${COMMAND}: the stand-in of the command plugin has no other resource`,
  );
}

const checkFailures = (found: readonly Failure[]) =>
  found.map(({ property, reason }) => new provider.CheckFailure().setProperty(property).setReason(reason));

introduce('pulumi-resource-command');
serve('pulumi-resource-command', providerService.ResourceProviderService, {
  ...lifecycle('1.2.1', (address) => engineLog.connect(address)),
  check: unary((request: CheckRequest) => {
    onlyCommand(request.getUrn());
    const inputs = withDefaults(fromStruct(request.getNews()));
    return new provider.CheckResponse()
      .setInputs(toStruct(inputs))
      .setFailuresList(checkFailures(failures(inputs, COMMAND_INPUTS)));
  }),
  diff: unary((request: DiffRequest) => {
    const olds = request.getOldInputs() ?? request.getOlds();
    return diff(inputsOf(fromStruct(olds)), fromStruct(request.getNews()), request.getIgnorechangesList());
  }),
  create: unary(async (request: CreateRequest, signal) => {
    onlyCommand(request.getUrn());
    const inputs = fromStruct(request.getProperties());
    if (request.getPreview()) return new provider.CreateResponse().setProperties(toStruct(previewed(inputs)));
    const made = await create(inputs, around(request.getUrn(), signal));
    return new provider.CreateResponse().setId(newId(nameOf(request.getUrn()))).setProperties(toStruct(made));
  }),
  // The state is the only record there is: refresh gives it back as it is.
  read: unary((request: ReadRequest) =>
    new provider.ReadResponse()
      .setId(request.getId())
      .setProperties(request.getProperties())
      .setInputs(request.getInputs()),
  ),
  update: unary(async (request: UpdateRequest, signal) => {
    const news = fromStruct(request.getNews());
    if (request.getPreview()) return new provider.UpdateResponse().setProperties(toStruct(previewed(news)));
    const made = await update(news, fromStruct(request.getOlds()), around(request.getUrn(), signal));
    return new provider.UpdateResponse().setProperties(toStruct(made));
  }),
  delete: unary(async (request: DeleteRequest, signal) => {
    await destroy(fromStruct(request.getProperties()), around(request.getUrn(), signal));
    return new empty.Empty();
  }),
  invoke: unary(async (request: InvokeRequest, signal) => {
    if (request.getTok() !== RUN) {
      throw new Refusal(
        `seen ${request.getTok()}, expected ${RUN}: the stand-in of the command plugin has no other function`,
      );
    }
    const args = withDefaults(fromStruct(request.getArgs()));
    const found = failures(args, RUN_INPUTS);
    if (found.length > 0) return new provider.InvokeResponse().setFailuresList(checkFailures(found));
    return new provider.InvokeResponse().setReturn(toStruct(await runFunction(args, around('', signal))));
  }),
});
