/** Name of the command that writes the package; its answer in the stack's state says which package it wrote. */
export const EVIDENCE_COMMAND = 'evidence-package';
