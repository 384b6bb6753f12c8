import { Option } from 'commander';
import { CATALOGUE_OF_DOTS, type CatalogueRow, catalogueRow, parsePayload } from '../../domain/payloads.ts';
import { usage } from './command.ts';

/** The flag of the two DOTs that may touch the catalogue: one row, by its code. */
export function catalogueOption(): Option {
  return new Option('--code <code>', 'the catalogue row').choices([CATALOGUE_OF_DOTS]).makeOptionMandatory();
}

/** @throws C1Error ERROR_USAGE when something comes on standard input: the flags say everything */
export function cataloguePayload({ code }: Readonly<Record<string, unknown>>, stdin: unknown): CatalogueRow {
  if (stdin !== undefined) throw usage('a payload on standard input', 'none: the flags say everything');
  return parsePayload(catalogueRow, { code }, 'catalogue');
}
