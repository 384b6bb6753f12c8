import type grpc from '@grpc/grpc-js';
import type { PluginAttach } from '@pulumi/pulumi/proto/plugin_pb.js';
import type { CheckRequest, ConfigureRequest, ProviderHandshakeRequest } from '@pulumi/pulumi/proto/provider_pb.js';
import provider from '@pulumi/pulumi/proto/provider_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { endAllGroups } from './groups.ts';
import { pluginInfo } from './identity.ts';
import { unary } from './serve.ts';
import { fromStruct, type Properties } from './values.ts';

/** The calls that every provider answers alike: who it is, how it is set up, how it ends. */
export function lifecycle(
  version: string,
  connect: (engine: string) => void = () => {},
  configure: (args: Properties) => void = () => {},
): grpc.UntypedServiceImplementation {
  return {
    handshake: unary((request: ProviderHandshakeRequest) => {
      connect(request.getEngineAddress());
      return new provider.ProviderHandshakeResponse().setAcceptSecrets(true);
    }),
    attach: unary((request: PluginAttach) => {
      connect(request.getAddress());
      return new empty.Empty();
    }),
    getPluginInfo: unary(() => pluginInfo(version)),
    checkConfig: unary((request: CheckRequest) => new provider.CheckResponse().setInputs(request.getNews())),
    diffConfig: unary(() => new provider.DiffResponse().setChanges(provider.DiffResponse.DiffChanges.DIFF_NONE)),
    configure: unary((request: ConfigureRequest) => {
      configure(fromStruct(request.getArgs()));
      return new provider.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
    }),
    cancel: unary(async () => {
      await endAllGroups();
      return new empty.Empty();
    }),
  };
}
