/** The versions that the program is written for. The plugins' versions are those of the npm packages. */
export const pins = {
  /** What the kit builds; engine/kit/go.mod says the same. */
  cli: '3.259.0',
  /** The oldest CLI that works with the SDK in package.json. */
  cliAtLeast: [3, 259],
  command: '1.2.1',
  postgresql: '3.18.1',
  /** Type stripping without a flag. */
  nodeAtLeast: [22, 18],
  goAtLeast: [1, 25],
};

/** Whether `version` (digits and dots, with or without a leading letter) is at least `[major, minor]`. */
export function isAtLeast(version, [major, minor]) {
  const [seenMajor = 0, seenMinor = 0] = (version.match(/\d+/g) ?? []).map(Number);
  return seenMajor > major || (seenMajor === major && seenMinor >= minor);
}

/** Where the engine looks for a resource plugin below its home. */
export const pluginFolder = (name) => `plugins/resource-${name}-v${pins[name]}`;
export const pluginFile = (name) => `${pluginFolder(name)}/pulumi-resource-${name}`;
