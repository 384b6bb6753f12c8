import { join } from 'node:path';
import type grpc from '@grpc/grpc-js';
import type { RunPluginRequest, RunPluginResponse } from '@pulumi/pulumi/proto/language_pb.js';
import language from '@pulumi/pulumi/proto/language_pb.js';
import { endGroup, spawnGroup } from './groups.ts';
import { locate, runtimeOptions } from './options.ts';

/**
 * The SDK's runner compiles every pack with ts-node, whatever `typescript: false` says, which costs seconds at each
 * preview. Node strips types by itself, so where the option says so we leave the compiler out.
 */
const WITHOUT_COMPILER = ['--require', join(import.meta.dirname, 'no-compiler.cjs')];

type Call = grpc.ServerWritableStream<RunPluginRequest, RunPluginResponse>;

/** Runs a policy pack or a Node.js plugin and streams its output, then its exit code, back to the engine. */
export function runPlugin(call: Call): void {
  try {
    stream(call, start(call.request));
  } catch (error) {
    call.emit('error', error);
  }
}

function start(request: RunPluginRequest) {
  const info = request.getInfo();
  const directory = info?.getProgramDirectory() || request.getProgram();
  const options = runtimeOptions(info);
  const isPolicy = request.getKind() === 'analyzer';
  const runner = locate(`@pulumi/pulumi/cmd/${isPolicy ? 'run-policy-pack' : 'run-plugin'}`, directory);
  const nodeArguments = [...options.nodeArguments, ...(options.typescript ? [] : WITHOUT_COMPILER)];
  return spawnGroup(process.execPath, [...nodeArguments, runner, ...request.getArgsList(), directory], {
    // A policy pack reads its version from the package.json of its working directory.
    cwd: isPolicy ? directory : request.getPwd(),
    env: Object.fromEntries(request.getEnvList().map(pair)),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function stream(call: Call, child: ReturnType<typeof spawnGroup>): void {
  child.stdout?.on('data', (chunk: Uint8Array) => call.write(new language.RunPluginResponse().setStdout(chunk)));
  child.stderr?.on('data', (chunk: Uint8Array) => call.write(new language.RunPluginResponse().setStderr(chunk)));
  child.once('error', (error) => call.emit('error', error));
  child.once('close', (code) => {
    call.write(new language.RunPluginResponse().setExitcode(code ?? 1));
    call.end();
  });
  call.on('cancelled', () => endGroup(child.pid));
}

function pair(entry: string): [string, string] {
  const at = entry.indexOf('=');
  return [entry.slice(0, at), entry.slice(at + 1)];
}
