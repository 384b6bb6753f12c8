import { isUnknown, type Properties, reveal, type Value } from '../stand-in/values.ts';

type Kind = 'string' | 'boolean' | 'strings' | 'text map' | 'list';

/** What every run of a command takes, resource or function. */
const BASE: Readonly<Record<string, Kind>> = {
  addPreviousOutputInEnv: 'boolean',
  archivePaths: 'strings',
  assetPaths: 'strings',
  dir: 'string',
  environment: 'text map',
  interpreter: 'strings',
  logging: 'string',
  stdin: 'string',
};

export const COMMAND_INPUTS: Readonly<Record<string, Kind>> = {
  ...BASE,
  create: 'string',
  delete: 'string',
  triggers: 'list',
  update: 'string',
};

export const RUN_INPUTS: Readonly<Record<string, Kind>> = { ...BASE, command: 'string' };

export interface Failure {
  readonly property: string;
  readonly reason: string;
}

const NOT_HERE = new Set(['archivePaths', 'assetPaths']);

/** Adds the one default that the official plugin adds. */
export const withDefaults = (inputs: Properties): Properties =>
  inputs.addPreviousOutputInEnv == null ? { ...inputs, addPreviousOutputInEnv: true } : inputs;

/** Says what is wrong with the inputs, property by property. */
export const failures = (inputs: Properties, kinds: Readonly<Record<string, Kind>>): readonly Failure[] =>
  Object.entries(inputs).flatMap(([property, value]) => {
    const reason = reasonAgainst(property, reveal(value), kinds[property]);
    return reason === undefined ? [] : [{ property, reason }];
  });

function reasonAgainst(property: string, value: Value, kind: Kind | undefined): string | undefined {
  if (kind === undefined) return `seen the unknown property '${property}', expected only those of command 1.2.1`;
  if (value === null || isUnknown(value)) return undefined;
  if (NOT_HERE.has(property)) return `'${property}' is not implemented by the stand-in of the command plugin`;
  return fits(value, kind) ? undefined : `seen ${typeof value}, expected ${kind}`;
}

const isText = (value: Value): boolean => typeof value === 'string';

function fits(value: Value, kind: Kind): boolean {
  switch (kind) {
    case 'string':
      return isText(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value);
    case 'strings':
      return Array.isArray(value) && value.every(isText);
    case 'text map':
      return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isText);
    default:
      return kind satisfies never;
  }
}
