import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import language from '@pulumi/pulumi/proto/language_pb.js';
import plugin from '@pulumi/pulumi/proto/plugin_pb.js';

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly pulumi?: {
    readonly resource?: boolean;
    readonly name?: string;
    readonly version?: string;
    readonly server?: string;
  };
}

interface Provider {
  readonly name: string;
  readonly version: string;
  readonly server: string;
}

/** The resource plugins that the packages beside the program ask for. */
export function requiredPackages(directory: string) {
  const providers = installed(directory).flatMap(providerOf);
  return {
    packages: providers.map(({ name, version, server }) =>
      new plugin.PackageDependency().setName(name).setKind('resource').setVersion(version).setServer(server),
    ),
    plugins: providers.map(({ name, version, server }) =>
      new plugin.PluginDependency().setName(name).setKind('resource').setVersion(version).setServer(server),
    ),
  };
}

/** The program's direct dependencies with the versions that are installed, for `pulumi about`. */
export function programDependencies(directory: string) {
  const manifestFile = upwards(directory, 'package.json');
  const { dependencies, devDependencies } = manifestFile === undefined ? {} : read(manifestFile);
  return Object.entries({ ...devDependencies, ...dependencies })
    .map(([name, wanted]) => ({ name, version: installedVersion(directory, name) ?? wanted }))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .map(({ name, version }) => new language.DependencyInfo().setName(name).setVersion(version));
}

function installed(directory: string): readonly Manifest[] {
  const modules = upwards(directory, 'node_modules');
  if (modules === undefined) return [];
  return readdirSync(modules).flatMap((name) => {
    if (name.startsWith('.')) return [];
    const names = name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => join(name, inner)) : [name];
    return names
      .map((each) => join(modules, each, 'package.json'))
      .filter(existsSync)
      .map(readIfPulumi);
  });
}

function providerOf({ name, version, pulumi }: Manifest): readonly Provider[] {
  if (pulumi?.resource !== true) return [];
  const simple = pulumi.name ?? name?.replace(/^@pulumi\//, '').replace(/^@/, '') ?? '';
  return [
    { name: simple, version: `v${(pulumi.version ?? version ?? '').replace(/^v/, '')}`, server: pulumi.server ?? '' },
  ];
}

const installedVersion = (directory: string, name: string): string | undefined => {
  const manifest = upwards(directory, join('node_modules', name, 'package.json'));
  return manifest === undefined ? undefined : read(manifest).version;
};

const read = (file: string): Manifest => JSON.parse(readFileSync(file, 'utf8')) as Manifest;

// Most packages are not providers, and parsing costs more than looking for the word.
function readIfPulumi(file: string): Manifest {
  const text = readFileSync(file, 'utf8');
  return text.includes('"pulumi"') ? (JSON.parse(text) as Manifest) : {};
}

/** The nearest `name` in the directory or above it. */
function upwards(directory: string, name: string): string | undefined {
  const here = join(directory, name);
  if (existsSync(here) && statSync(here)) return here;
  const parent = dirname(directory);
  return parent === directory ? undefined : upwards(parent, name);
}
