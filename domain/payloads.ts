import * as z from 'zod/mini';
import { C1Error } from './codes.ts';
import { EVIDENCE_DOCUMENT, evidenceRecord } from './evidence/record.ts';
import { EXECUTOR_ENDPOINT } from './executor.ts';
import './english.ts';

/**
 * Payloads of the house DOTs: what a bin takes on standard input, what `payloads/*.json` holds, what a row component
 * shows. Validated once, here (architecture.md, decision 9); unknown keys are refused.
 */
export const dotCode = z
  .string()
  .check(z.regex(/^[A-Z][A-Z0-9]*([_-][A-Z0-9]+)*$/, 'a DOT code: ASCII capitals, digits, _ and -'), z.maxLength(63));
const speciesCode = z
  .string()
  .check(
    z.regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'a species code: ASCII small letters, digits and single hyphens'),
    z.maxLength(63),
  );
const identifier = z
  .string()
  .check(z.regex(/^[a-z][a-z0-9_]*$/, 'a database name: ASCII small letters, digits and _'), z.maxLength(63));
const directusFolder = z
  .string()
  .check(z.regex(/^[A-Za-z][A-Za-z0-9_]*$/, 'a Directus folder: ASCII letters, digits and _'), z.maxLength(63));
export const plainText = z.string().check(
  z.minLength(1),
  z.maxLength(2000),
  // Control characters and line separators have no place in a governed text: they forge lines in logs and in the handbook.
  // Half a surrogate pair has no UTF-8 form.
  z.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'text without control, invisible or broken characters'),
);

export const speciesRow = z.strictObject({
  code: speciesCode,
  name: plainText,
  owner: identifier,
  description: plainText,
  status: z.literal('active'),
});

export const birthRow = z.strictObject({
  dot_code: dotCode,
  species_code: speciesCode,
  born_by: dotCode,
  birth_path: plainText,
  reuse_reason: plainText,
  status: z.literal('born'),
});

export const admissionRow = z.strictObject({
  dot_code: dotCode,
  authority: plainText,
  risk_class: z.enum(['low', 'medium', 'high']),
  admission_path: plainText,
  registration_path: plainText,
  retire_path: plainText,
  status: z.literal('admitted'),
});

export const dotToolRow = z.strictObject({
  code: dotCode,
  name: plainText,
  category: plainText,
  coverage_status: plainText,
  file_path: plainText,
  trigger: plainText,
  status: z.literal('active'),
});

/** The two contracts, exactly (executor.md, "Contract rows"): producer and verifier, paired with each other, and no others. */
const contractBase = {
  output_namespace: z.literal('DRYRUN-NS:dot:c1:vocab'),
  no_mutation_assertion: z.literal(true),
  error_behavior: z.literal('fail_closed_no_mutation'),
  observation_write_policy: z.literal('SIMULATED_DRY_RUN_ONLY_UNTIL_ENDPOINT'),
};
export const contractRow = z.discriminatedUnion('dot_code', [
  z.strictObject({
    dot_code: z.literal('DOT_C1_VOCAB_BUILD'),
    operation: z.literal('build'),
    role: z.literal('producer'),
    paired_dot: z.literal('DOT_C1_VOCAB_VERIFY'),
    mode: z.literal('DRY_RUN'),
    ...contractBase,
    endpoint_ref: z.literal(EXECUTOR_ENDPOINT),
    contract_status: z.literal('endpoint_bound'),
  }),
  z.strictObject({
    dot_code: z.literal('DOT_C1_VOCAB_VERIFY'),
    operation: z.literal('verify'),
    role: z.literal('verifier'),
    paired_dot: z.literal('DOT_C1_VOCAB_BUILD'),
    mode: z.literal('VERIFY_ONLY'),
    ...contractBase,
    endpoint_ref: z.null(),
    contract_status: z.literal('contract_ready'),
  }),
]);

/** The catalogue of DOTs; no other row of meta_catalog is anybody's business here. */
export const CATALOGUE_OF_DOTS = 'CAT-006';
export const catalogueRow = z.strictObject({ code: z.literal(CATALOGUE_OF_DOTS) });

export const ledgerRow = z.strictObject({ dot_code: dotCode });

export const collectionRegistryRow = z.strictObject({
  collection: identifier,
  governance_role: identifier,
  species_code: speciesCode,
  migration_state: z.enum(['pilot', 'migrated']),
  status: z.literal('active'),
});

export const tableRegistryRow = z.strictObject({
  schema: identifier,
  table_name: identifier,
  status: z.literal('active'),
});

export const collectionRow = z.strictObject({
  schema: identifier,
  collection: identifier,
  group: directusFolder,
  governance_role: identifier,
  species_code: speciesCode,
});

export const schemaObjectRow = z.strictObject({
  name: z.string().check(z.minLength(1), z.maxLength(200)),
  kind: z.string(),
});

/** The owner of the vocabulary table, which only DOTs may touch in his name. */
export const ownershipRow = z.strictObject({
  object: z.literal('c1.governance_canonical_operation_vocab'),
  owner: identifier,
  authority: z.literal('DOT-bound'),
  status: z.literal('active'),
});

/** The one document that C1 writes: what is entered of its evidence. */
export const kbText = z.strictObject({ title: plainText, body: evidenceRecord });
export const kbDocumentRow = z.extend(kbText, { doc_id: z.literal(EVIDENCE_DOCUMENT) });

export const baselineRow = z.strictObject({ runtime: z.literal('c1') });

export type SpeciesRow = z.infer<typeof speciesRow>;
export type BirthRow = z.infer<typeof birthRow>;
export type AdmissionRow = z.infer<typeof admissionRow>;
export type DotToolRow = z.infer<typeof dotToolRow>;
export type ContractRow = z.infer<typeof contractRow>;
export type CatalogueRow = z.infer<typeof catalogueRow>;
export type LedgerRow = z.infer<typeof ledgerRow>;
export type CollectionRegistryRow = z.infer<typeof collectionRegistryRow>;
export type TableRegistryRow = z.infer<typeof tableRegistryRow>;
export type CollectionRow = z.infer<typeof collectionRow>;
export type SchemaObjectRow = z.infer<typeof schemaObjectRow>;
export type OwnershipRow = z.infer<typeof ownershipRow>;
export type KbDocumentRow = z.infer<typeof kbDocumentRow>;
export type BaselineRow = z.infer<typeof baselineRow>;

/** @throws C1Error ERROR_PAYLOAD_INVALID naming every property that is wrong */
export function parsePayload<T>(schema: z.ZodMiniType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${[where, ...issue.path].join('.')}: ${issue.message}`);
  throw new C1Error('ERROR_PAYLOAD_INVALID', {
    seen: problems.join('; '),
    expected: `the properties of ${where}`,
  });
}
