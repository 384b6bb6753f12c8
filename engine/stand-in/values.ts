import type { JavaScriptValue } from 'google-protobuf/google/protobuf/struct_pb.js';
import protobuf from 'google-protobuf/google/protobuf/struct_pb.js';

/** A property value in the engine's JSON form: secrets and unknowns are marked by well-known signatures. */
export type Value = JavaScriptValue;
export type Properties = Readonly<Record<string, Value>>;

const SIGNATURE_KEY = '4dabf18193072939515e22adb298388d';
const SECRET_SIGNATURE = '1b47061264138c4ac30d75fd1eb44270';

/** What stands where a value is not known before the update. */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

// The engine has one such mark for each type: string, boolean, number, array, asset, archive, object.
const UNKNOWNS: ReadonlySet<Value> = new Set([
  UNKNOWN,
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
  '030794c1-ac77-496b-92df-f27374a8bd58',
  'e48ece36-62e2-4504-bad9-02848725956a',
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
]);

const isRecord = (value: Value | undefined): value is Record<string, Value> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A secret, an asset or another value with a signature is one value: nobody looks inside it. */
export const isSigned = (value: Value | undefined): boolean => isRecord(value) && SIGNATURE_KEY in value;

export const isSecret = (value: Value | undefined): boolean =>
  isRecord(value) && value[SIGNATURE_KEY] === SECRET_SIGNATURE;

export const secret = (value: Value): Value => (isSecret(value) ? value : { [SIGNATURE_KEY]: SECRET_SIGNATURE, value });

const children = (value: Value | undefined): readonly Value[] =>
  Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [];

export const holdsSecret = (value: Value | undefined): boolean => isSecret(value) || children(value).some(holdsSecret);

export const isUnknown = (value: Value | undefined): boolean => value !== undefined && UNKNOWNS.has(value);

/** The value without its secret marks, for use and never for output. */
export function reveal(value: Value): Value {
  if (isSecret(value) && isRecord(value)) return reveal(value.value ?? null);
  if (Array.isArray(value)) return value.map(reveal);
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, reveal(inner)]));
  return value;
}

export const fromStruct = (struct: protobuf.Struct | undefined): Properties => struct?.toJavaScript() ?? {};
export const toStruct = (properties: Properties): protobuf.Struct => protobuf.Struct.fromJavaScript(properties);
