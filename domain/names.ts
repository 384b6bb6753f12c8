import { C1Error } from './codes.ts';

/** `<stack>/<resource>`: who owns a row. Names travel on command lines, so they are plain ASCII. */
const CLAIMANT = /^([A-Za-z0-9][A-Za-z0-9._-]{0,99})\/([A-Za-z0-9][A-Za-z0-9._-]{0,199})$/;
const STEP = /^(BASELINE|PREWRITE|[HW][1-9])$/;

/** @throws C1Error ERROR_USAGE when `text` is not `<stack>/<resource>` in plain ASCII */
export function parseClaimant(text: string): { readonly stack: string; readonly resource: string } {
  const [, stack, resource] = CLAIMANT.exec(text) ?? [];
  if (stack === undefined || resource === undefined) {
    throw usage('--for', text, '<stack>/<resource> in ASCII letters, digits, dots, hyphens and underscores');
  }
  return { stack, resource };
}

/** @throws C1Error ERROR_USAGE when `text` is no step name */
export function parseStep(text: string): string {
  if (!STEP.test(text)) throw usage('--step', text, 'BASELINE, PREWRITE, H1–H6 or W1–W9');
  return text;
}

function usage(flag: string, seen: string, expected: string): C1Error {
  return new C1Error('ERROR_USAGE', { seen: `${flag} ${JSON.stringify(seen)}`, expected: `${flag} ${expected}` });
}
