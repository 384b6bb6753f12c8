import type { Properties, Value } from '../stand-in/values.ts';

/** One look-up: what may be asked, the statement, and how rows become the answer. */
export interface LookUp {
  readonly inputs: readonly string[];
  readonly statement: (args: Properties) => { readonly text: string; readonly values: readonly unknown[] };
  readonly answer: (rows: readonly Readonly<Record<string, string>>[]) => Properties;
}

type Condition = readonly [sql: (parameter: string) => string, value: Value | undefined];

const PATTERNS = ['likeAllPatterns', 'likeAnyPatterns', 'notLikeAllPatterns', 'regexPattern'];
const SYSTEM = "schema_name not like 'pg_%' and schema_name <> 'information_schema'";

export const LOOK_UPS: Readonly<Record<string, LookUp>> = {
  'postgresql:index/getSchemas:getSchemas': {
    inputs: ['database', 'includeSystemSchemas', ...PATTERNS],
    statement: (args) =>
      select(
        'schema_name',
        'schemata',
        'schema_name',
        patterns('schema_name', args),
        !args.includeSystemSchemas && SYSTEM,
      ),
    answer: (rows) => ({ schemas: rows.map(({ schema_name = '' }) => schema_name) }),
  },
  'postgresql:index/getTables:getTables': {
    inputs: ['database', 'schemas', 'tableTypes', ...PATTERNS],
    statement: (args) =>
      select('table_name, table_schema, table_type', 'tables', 'table_schema, table_name', [
        [(parameter) => `table_schema = any(${parameter})`, args.schemas],
        [(parameter) => `table_type = any(${parameter})`, args.tableTypes],
        ...patterns('table_name', args),
      ]),
    answer: (rows) => ({
      tables: rows.map(({ table_name = '', table_schema = '', table_type = '' }) => ({
        objectName: table_name,
        schemaName: table_schema,
        tableType: table_type,
      })),
    }),
  },
};

const patterns = (column: string, args: Properties): readonly Condition[] => [
  [(parameter) => `${column} like any(${parameter})`, args.likeAnyPatterns],
  [(parameter) => `${column} like all(${parameter})`, args.likeAllPatterns],
  [(parameter) => `${column} not like all(${parameter})`, args.notLikeAllPatterns],
  [(parameter) => `${column} ~ ${parameter}`, args.regexPattern],
];

/** A filter that is not given, or is empty, does not filter: so does the official plugin. */
function select(
  columns: string,
  view: string,
  order: string,
  conditions: readonly Condition[],
  fixed: string | false = false,
) {
  const given = conditions.filter(
    ([, value]) => value != null && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
  const where = [...(fixed ? [fixed] : []), ...given.map(([sql], index) => sql(`$${index + 1}`))];
  const filter = where.length > 0 ? ` where ${where.join(' and ')}` : '';
  return {
    text: `select ${columns} from information_schema.${view}${filter} order by ${order}`,
    values: given.map(([, value]) => value),
  };
}
