import { type Decision, decide } from '../../domain/decide.ts';
import type { Asked, Facts, Gates, Grant, RuntimeManifest } from '../../domain/decision/shapes.ts';
import { actionSetOf, manifestHash, manifestOf, type Operation } from '../../domain/manifest.ts';

/** Everything that a decision is made of. */
export interface DecisionInput {
  readonly asked: Asked;
  readonly facts: Facts;
  readonly grant: Grant | null;
  readonly manifest: RuntimeManifest | null;
  readonly gates: Gates;
}

const OPERATIONS: readonly Operation[] = ['birth_record', 'entity_retire', 'tool_register'].map((operation_code) => ({
  operation_code,
  protocol_version: '1',
  status: 'active',
}));
const MANIFEST = manifestOf(OPERATIONS);
const HASH = manifestHash(OPERATIONS);

/** A verification in which nothing is wrong. Times: manifest at 08, proposed at 09, granted at 10, now 11, expires at 12. */
export const GOOD: DecisionInput = {
  asked: {
    dot_code: 'DOT_C1_VOCAB_VERIFY',
    mode: 'VERIFY_ONLY',
    target: 'DRYRUN-NS:dot:c1:vocab',
    rollback: 'retire',
    rows: [
      { operation_code: 'birth_record', protocol_version: '1', status: 'active', semantic_definition: 'a birth' },
      { operation_code: 'tool_register', protocol_version: '1', status: 'active', semantic_definition: null },
    ],
    manifest: { ...MANIFEST, operations: OPERATIONS.map((one) => ({ ...one })), hash: HASH },
  },
  facts: {
    quorum: true,
    proposed_at: '2026-01-01T09:00:00Z',
    ownership: {
      object: 'c1.governance_canonical_operation_vocab',
      owner: 'governance_owner',
      authority: 'DOT-bound',
      status: 'active',
    },
    vocabulary: [
      { operation_code: 'birth_record', protocol_version: '1', status: 'active', semantic_definition: 'a birth' },
    ],
    dry_run_authorized: true,
  },
  grant: {
    auth_code: 'GBA-C1-APR-C1-GRANT-0123456789abcdef',
    carrier: 'C1',
    lane: 'dry_run',
    plan_ref: 'LEGO1-C1-PLAN',
    manifest_hash: HASH,
    action_set: [...actionSetOf(OPERATIONS)],
    scope: { target: 'DOT_C1_VOCAB_BUILD', namespace: 'DRYRUN-NS:dot:c1:vocab' },
    status: 'active',
    single_use: true,
    commit_allowed: false,
    requires_sovereign_esign: false,
    request_ref: 'APR-C1-GRANT-0123456789abcdef',
    granted_at: '2026-01-01T10:00:00.123456+00:00',
    expires_at: '2026-01-01T12:00:00Z',
    consumed_at: null,
    revoked_at: null,
    rollback_plan_ref: 'retire-not-delete',
  },
  manifest: { manifest: MANIFEST, hash: HASH, since: '2026-01-01T08:00:00Z' },
  gates: { dry_run_only: true, execute_enabled: false, real_run_enabled: false, now: '2026-01-01T11:00:00Z' },
};

export function decideOn({ asked, facts, grant, manifest, gates }: DecisionInput): Decision {
  return decide({ asked, facts }, grant, manifest, gates);
}

/** A copy in which the value at `path` (keys joined by dots) is another one; undefined takes it out. */
export function changed(path: string, value: unknown, of: DecisionInput = GOOD): DecisionInput {
  const copy = structuredClone(of);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  // Shapes are what the tests break on purpose.
  let at = copy as unknown as Record<string, unknown>;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}
