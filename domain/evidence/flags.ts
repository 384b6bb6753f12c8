import { verdictOf } from '../label.ts';

/** Seed 002 §1: the flags of C1's state as they are after W9, and never better than that. */
export function stateFlags(label: readonly string[]): Readonly<Record<string, string>> {
  return {
    READY_FOR_CODEX_FINAL_CONFIRMATION: verdictOf(label, 'YES'),
    READY_FOR_GOVERNED_DRY_RUN: "NO: it needs the reviewer's confirmation and the owner's authorization, each signed",
    READY_FOR_PRODUCTION: 'NO',
    REGISTRATION_HOLD: verdictOf(label, 'ACTIVE for everything but the eight DOT_C1 rows'),
    REGISTRATION_CAN_PROCEED: verdictOf(label, 'YES for the eight DOT_C1 rows, by the owner-approved registrar alone'),
  };
}

/** What a dry run has of authority: two people's signed statements on a governed host, and none on staging. */
export function authorityOf(label: readonly string[]) {
  if (label.length > 0) return { authority: 'NOT PASS' as const, authority_why: authorityWhy(label) };
  const authority_why = "the reviewer's confirmation and the owner's authorization, each signed over the evidence";
  return { authority: 'PASS' as const, authority_why };
}

/** Authority is people's; no run of a program passes it, and a stand-in's least of all. */
export function authorityWhy(label: readonly string[]): string {
  if (label.length > 0) return 'a rehearsal on staging, where keys were made on the spot, gives no authority';
  return "the reviewer's confirmation and the owner's authorization of the dry run are still to come";
}
