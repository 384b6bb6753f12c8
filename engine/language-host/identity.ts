import plugin from '@pulumi/pulumi/proto/plugin_pb.js';

/** Build metadata (semver) that tells a stand-in from the official plugin without changing which version it is. */
const MARK = 'stand-in';

export const pluginInfo = (version: string) => new plugin.PluginInfo().setVersion(`${version}+${MARK}`);

/** Says on stderr what this process is; the engine shows a plugin's stderr at debug level only. */
export function introduce(what: string): void {
  if (process.env.PULUMI_DEBUG !== undefined || process.argv.some((argument) => argument.startsWith('-v='))) {
    process.stderr.write(`${what}: stand-in of this project, not the official plugin (docs/engine.md)\n`);
  }
}
