import type { Client } from 'pg';
import { C1Error } from '../../domain/codes.ts';

export interface RunStatus {
  readonly requestId: string;
  /** `absent`: never asked or nothing journalled; `intent`: asked, nothing written; `applied`: committed. */
  readonly outcome: 'absent' | 'intent' | 'applied';
  readonly step: string | null;
  readonly direction: string | null;
}

const REQUEST_ID = /^[0-9a-f]{64}$/;

/** What the journal says of a request. @throws C1Error ERROR_USAGE when the id is not 64 hex digits */
export async function readStatus(client: Client, requestId: string): Promise<RunStatus> {
  if (!REQUEST_ID.test(requestId)) {
    throw new C1Error('ERROR_USAGE', { seen: `--status ${requestId}`, expected: 'a request id of 64 hex digits' });
  }
  const sql = 'select outcome, step, direction from iu_core.dot_run where request_id = $1';
  const { rows } = await client.query<Omit<RunStatus, 'requestId'>>(sql, [requestId]);
  return { requestId, ...(rows[0] ?? { outcome: 'absent', step: null, direction: null }) };
}
