import grpc from '@grpc/grpc-js';
import engineService from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import engine from '@pulumi/pulumi/proto/engine_pb.js';

/** Sends lines to the engine, which shows them beside the resource while it runs. */
export class EngineLog {
  #address: string;
  #client: InstanceType<typeof engineService.EngineClient> | undefined;

  constructor(address: string) {
    this.#address = address;
  }

  connect(address: string): void {
    this.#address = address;
    this.#client = undefined;
  }

  /** Resolves when the engine has the line; a line that cannot be sent is dropped, since it is only a display. */
  line(urn: string, message: string): Promise<void> {
    this.#client ??= new engineService.EngineClient(this.#address, grpc.credentials.createInsecure());
    const request = new engine.LogRequest()
      .setSeverity(engine.LogSeverity.INFO)
      .setMessage(message)
      .setUrn(urn)
      .setEphemeral(true);
    return new Promise((resolve) => this.#client?.log(request, () => resolve()));
  }
}
