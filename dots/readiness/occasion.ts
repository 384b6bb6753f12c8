import type { Json } from '../../domain/canonical.ts';
import { parsePayload } from '../../domain/payloads.ts';
import { occasion } from '../../domain/readiness/occasion.ts';
import { readStandardInput } from '../kernel/standard-input.ts';

/** What readiness is to be proven for, as W8 says it on standard input; null when a person asks. @throws C1Error ERROR_PAYLOAD_INVALID */
export async function readOccasion(): Promise<Json> {
  const value = await readStandardInput();
  return value === undefined ? null : parsePayload(occasion, value, 'request');
}
