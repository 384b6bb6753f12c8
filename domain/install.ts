import { DOTS } from './dots.ts';
import { C1_OBJECTS, sourceSha256 } from './objects.ts';
import { DATABASE_SURFACES } from './surfaces.ts';

/**
 * What the installer copies into the database, as rows of `iu_core.surface`, `.dot`, `.dot_surface` and
 * `.object_definition` (the arguments of `iu_core.put_domain`).
 */
export function domainCopy() {
  return { surfaces: surfaceRows(), dots: dotRows(), matrix: matrixRows(), objects: objectRows() };
}

function surfaceRows() {
  return DATABASE_SURFACES.map((surface) => ({
    surface: surface.name,
    relation: surface.relation,
    governed_table: surface.table,
    key_columns: surface.key,
    assigned_columns: surface.assigned,
    status_column: surface.status?.column ?? null,
    dead_values: surface.status?.dead ?? [],
    kind: surface.kind,
  }));
}

function dotRows() {
  return DOTS.map(({ code, bin, login, ledgers }) => ({ dot_code: code, bin, login, ledgers }));
}

function matrixRows() {
  return DOTS.flatMap(({ code, writes }) =>
    Object.entries(writes).flatMap(([surface, operations]) =>
      operations.map((operation) => ({ dot_code: code, surface, operation })),
    ),
  );
}

function objectRows() {
  return C1_OBJECTS.map((definition) => ({
    name: definition.name,
    kind: definition.kind,
    source: definition.source,
    source_sha256: sourceSha256(definition),
  }));
}
