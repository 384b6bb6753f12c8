/** What every output of an embedded runtime carries: it is staging, and no proof about a governed host (seed 002 §2). */
export const STAGING_LABELS = [
  'LOCAL_STAGING_NOT_SSOT',
  'NOT_GOVERNED_RUNTIME',
  'NOT_DEPLOYED',
  'NOT_REGISTRY_PROOF',
  'NOT_DRYRUN_READY_PROOF',
] as const;

export const LABEL_LINE = STAGING_LABELS.join(' ');

/** A verdict of an embedded runtime is a rehearsal, and no proof about a governed host (seed 002 §2). */
export function verdictOf(label: readonly string[], verdict: string): string {
  return label.length === 0 ? verdict : `REHEARSAL ${verdict}`;
}
