import type { Client } from 'pg';
import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import { EVIDENCE_DOCUMENT, evidenceRecord } from '../../domain/evidence/record.ts';
import { verdictOf } from '../../domain/label.ts';
import { packageOfRecord, signersHere } from '../evidence/package.ts';
import type { RuntimeConfig } from '../kernel/connection.ts';
import { callGateway } from '../kernel/gateway.ts';

/** What W9's gate answers: HALT, and the verdict that the reviewer is asked to confirm. */
export interface Halt {
  readonly code: 'GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION';
  readonly verdict: string;
  readonly digest: string;
  readonly checked: number;
}

const entered = z.array(z.strictObject({ body: evidenceRecord, package_sha256: z.nullable(z.string()) }));

const READ = `select coalesce(jsonb_agg(jsonb_build_object('body', k.body, 'package_sha256', k.package_sha256)), '[]') as answer
  from iu_core.v_kb_document k where k.doc_id = '${EVIDENCE_DOCUMENT}' and k.status = 'current'`;

/**
 * The one live document of the evidence stands for the package that is in the folder: signed, whole, of this stack, proven
 * for the same, and with the digest that was entered.
 *
 * @throws C1Error HOLD_EVIDENCE_MISSING; HOLD_EVIDENCE_STALE when another package was entered; as `openFolder`
 */
export async function assertEvidence(
  client: Client,
  config: RuntimeConfig,
  folder: string,
  stack: string,
): Promise<Halt> {
  const parsed = entered.safeParse(await callGateway<unknown>(client, { sql: READ, args: [] }));
  const [record, ...others] = parsed.data ?? [];
  if (record === undefined || others.length > 0) {
    const seen = parsed.success
      ? `${parsed.data.length} live documents ${EVIDENCE_DOCUMENT}`
      : 'a document of another shape';
    throw new C1Error('HOLD_EVIDENCE_MISSING', { seen, expected: 'one, as W9 wrote it' });
  }
  const { digest, files } = packageOfRecord(folder, signersHere(config.secretsDir), stack, record.body);
  if (digest !== record.package_sha256) {
    throw new C1Error('HOLD_EVIDENCE_STALE', {
      seen: `package ${digest} in the folder`,
      expected: `${record.package_sha256 ?? 'a digest'}, as the knowledge base has it`,
    });
  }
  const code = 'GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION' as const;
  // The document, the digest, the signature, and each file.
  return { code, verdict: verdictOf(config.label, code), digest, checked: files + 3 };
}
