import type grpc from '@grpc/grpc-js';
import languageService from '@pulumi/pulumi/proto/language_grpc_pb.js';
import language from '@pulumi/pulumi/proto/language_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { endAllGroups } from './groups.ts';
import { introduce, pluginInfo } from './identity.ts';
import { programDependencies, requiredPackages } from './packages.ts';
import { runPlugin } from './plugin.ts';
import { runProgram } from './program.ts';
import { serve, unary } from './serve.ts';

const VERSION = '3.259.0';

// The engine's address is the last argument; flags such as -v=9 and --tracing come before it.
let engine = process.argv.at(-1) ?? '';

const packagesOf = (directory: string) => requiredPackages(directory || process.cwd());

introduce('pulumi-language-nodejs');
serve('pulumi-language-nodejs', languageService.LanguageRuntimeService, {
  handshake: unary((request: InstanceType<typeof language.LanguageHandshakeRequest>) => {
    engine = request.getEngineAddress() || engine;
    return new language.LanguageHandshakeResponse();
  }),
  getPluginInfo: unary(() => pluginInfo(VERSION)),
  getRequiredPackages: unary((request: InstanceType<typeof language.GetRequiredPackagesRequest>) =>
    new language.GetRequiredPackagesResponse().setPackagesList(
      packagesOf(request.getInfo()?.getProgramDirectory() ?? '').packages,
    ),
  ),
  getRequiredPlugins: unary((request: InstanceType<typeof language.GetRequiredPluginsRequest>) =>
    new language.GetRequiredPluginsResponse().setPluginsList(
      packagesOf(request.getInfo()?.getProgramDirectory() ?? request.getPwd()).plugins,
    ),
  ),
  getProgramDependencies: unary((request: InstanceType<typeof language.GetProgramDependenciesRequest>) =>
    new language.GetProgramDependenciesResponse().setDependenciesList(
      programDependencies(request.getInfo()?.getProgramDirectory() ?? request.getPwd()),
    ),
  ),
  about: unary(() => {
    const response = new language.AboutResponse().setExecutable(process.execPath).setVersion(process.version);
    response.getMetadataMap().set('language host', 'stand-in of this project, not the official plugin');
    return response;
  }),
  run: unary((request: InstanceType<typeof language.RunRequest>, signal) => runProgram(request, engine, signal)),
  runPlugin: (call: grpc.ServerWritableStream<InstanceType<typeof language.RunPluginRequest>, unknown>) =>
    runPlugin(call),
  cancel: unary(async () => {
    await endAllGroups();
    return new empty.Empty();
  }),
});
