import { digestOf } from '../canonical.ts';
import { CANONICAL_ACT_TYPE, MANIFEST_CARRIER, MANIFEST_LANE, MANIFEST_PLAN, MANIFEST_PROTOCOL } from '../manifest.ts';
import { type Case, type Check, type Refusal, refusal, shown } from './check.ts';
import { namespaceFault } from './request-checks.ts';
import type { PresentedManifest } from './shapes.ts';

/**
 * The manifest that the runtime has, and the one that the caller presents: a verification needs one, elsewhere it is
 * looked at where there is one. What it says comes before its hash, which every fault changes as well.
 */
export const MANIFEST_CHECKS: readonly Check[] = [
  isThere,
  presented(({ carrier }) => differs('REJECT_WRONG_CARRIER', 'carrier', carrier, MANIFEST_CARRIER)),
  presented(({ lane }) => differs('REJECT_WRONG_LANE', 'lane', lane, MANIFEST_LANE)),
  presented(({ plan }) => differs('REJECT_WRONG_PLAN', 'plan', plan, MANIFEST_PLAN)),
  presented(({ output_namespace }) => namespaceFault('output_namespace of the manifest', output_namespace)),
  presented(isOfProtocol),
  presented(hasEachOnce),
  presented(({ act_type }) => differs('REJECT_ACTION_SET_MISMATCH', 'act_type', act_type, CANONICAL_ACT_TYPE)),
  presented(hasTheOperations),
  presented(hasTheHash),
];

function presented(check: (manifest: PresentedManifest, of: Case) => Refusal | null): Check {
  return (of) => (of.asked.manifest === undefined ? null : check(of.asked.manifest, of));
}

function isThere({ asked, mode, manifest }: Case): Refusal | null {
  if (manifest === null) {
    return refusal('REJECT_MANIFEST_MISSING', 'a runtime without canonical operations', 'its manifest');
  }
  if (asked.manifest !== undefined || mode !== 'VERIFY_ONLY') return null;
  return refusal('REJECT_MANIFEST_MISSING', 'a verification without manifest', 'the manifest that is to be verified');
}

type Code = 'REJECT_WRONG_CARRIER' | 'REJECT_WRONG_LANE' | 'REJECT_WRONG_PLAN' | 'REJECT_ACTION_SET_MISMATCH';

function differs(code: Code, what: string, seen: string, expected: string): Refusal | null {
  return seen === expected ? null : refusal(code, `${what} of the manifest ${shown(seen)}`, expected);
}

function isOfProtocol({ protocol_version, operations }: PresentedManifest): Refusal | null {
  const versions = [protocol_version, ...operations.map((operation) => operation.protocol_version)];
  const other = versions.find((version) => version !== MANIFEST_PROTOCOL);
  if (other === undefined) return null;
  return refusal('REJECT_PROTOCOL_VERSION', `protocol version ${shown(other)}`, shown(MANIFEST_PROTOCOL));
}

function hasEachOnce({ operations }: PresentedManifest): Refusal | null {
  const codes = new Set<string>();
  for (const { operation_code } of operations) {
    if (codes.has(operation_code)) {
      return refusal('REJECT_DUPLICATE_OPERATION', `${shown(operation_code)} twice`, 'each operation once');
    }
    codes.add(operation_code);
  }
  return null;
}

/** The same operations with the same status; their order is the hash's business. */
function hasTheOperations({ operations }: PresentedManifest, { manifest }: Case): Refusal | null {
  const own = new Map(manifest?.manifest.operations.map(({ operation_code, status }) => [operation_code, status]));
  const other = operations.find(({ operation_code, status }) => own.get(operation_code) !== status);
  if (other !== undefined) {
    const seen = `${shown(other.operation_code)} with status ${shown(other.status)}`;
    return refusal('REJECT_ACTION_SET_MISMATCH', seen, 'the active operations of the runtime, and no other');
  }
  if (operations.length === own.size) return null;
  return refusal('REJECT_ACTION_SET_MISMATCH', `${operations.length} operations`, `${own.size} operations`);
}

function hasTheHash({ hash, ...manifest }: PresentedManifest, { manifest: own }: Case): Refusal | null {
  for (const seen of [hash, digestOf(manifest)]) {
    if (seen === own?.hash) continue;
    return refusal('REJECT_MANIFEST_HASH_MISMATCH', `manifest hash ${shown(seen)}`, shown(own?.hash));
  }
  return null;
}
