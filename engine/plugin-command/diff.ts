import { isDeepStrictEqual } from 'node:util';
import provider from '@pulumi/pulumi/proto/provider_pb.js';
import { isSigned, type Properties, type Value } from '../stand-in/values.ts';

const { Kind } = provider.PropertyDiff;
const { DiffChanges } = provider.DiffResponse;

/** A changed trigger replaces the resource; any other changed input updates it in place. */
const REPLACES = 'triggers';

interface Change {
  readonly path: string;
  readonly kind: 'ADD' | 'DELETE' | 'UPDATE';
}

export function diff(olds: Properties, news: Properties, ignored: readonly string[]) {
  const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter((name) => !ignored.includes(name));
  const changed = names.filter((name) => !same(olds[name], news[name]));
  const response = new provider.DiffResponse()
    .setChanges(changed.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE)
    .setDiffsList(changed)
    .setReplacesList(changed.filter((name) => name === REPLACES))
    .setHasdetaileddiff(true);
  for (const { path, kind } of changed.flatMap((name) => changes(name, olds[name], news[name]))) {
    const isReplace = path === REPLACES || path.startsWith(`${REPLACES}[`);
    const detail = new provider.PropertyDiff().setKind(isReplace ? Kind[`${kind}_REPLACE`] : Kind[kind]);
    response.getDetaileddiffMap().set(path, detail.setInputdiff(true));
  }
  return response;
}

// A property that is not there and one that is null are the same to the engine.
const same = (left: Value | undefined, right: Value | undefined): boolean =>
  isDeepStrictEqual(left ?? null, right ?? null);

function changes(path: string, old: Value | undefined, now: Value | undefined): readonly Change[] {
  if (same(old, now)) return [];
  if (old == null) return [{ path, kind: 'ADD' }];
  if (now == null) return [{ path, kind: 'DELETE' }];
  if (Array.isArray(old) && Array.isArray(now)) {
    return [...Array(Math.max(old.length, now.length)).keys()].flatMap((at) =>
      changes(`${path}[${at}]`, old[at], now[at]),
    );
  }
  if (isPlain(old) && isPlain(now)) {
    return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((key) =>
      changes(`${path}${keyPath(key)}`, old[key], now[key]),
    );
  }
  return [{ path, kind: 'UPDATE' }];
}

const isPlain = (value: Value): value is Record<string, Value> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isSigned(value);

const keyPath = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);
