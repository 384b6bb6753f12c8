package main

import (
	"database/sql"
	"fmt"
	"strings"

	"c1/engine/kit/standin"

	"github.com/lib/pq"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// lookUp is one function of the plugin: what may be asked, the statement, and how a row becomes part of the answer.
type lookUp struct {
	inputs    map[resource.PropertyKey]standin.Kind
	statement func(args resource.PropertyMap) (string, []any)
	answer    resource.PropertyKey
	row       func(*sql.Rows) (resource.PropertyValue, error)
}

const system = "schema_name not like 'pg_%' and schema_name <> 'information_schema'"

var lookUps = map[tokens.ModuleMember]lookUp{
	"postgresql:index/getSchemas:getSchemas": {
		inputs:    withPatterns(map[resource.PropertyKey]standin.Kind{"includeSystemSchemas": standin.KindBoolean}),
		statement: schemas,
		answer:    "schemas",
		row: func(rows *sql.Rows) (resource.PropertyValue, error) {
			var name string
			err := rows.Scan(&name)
			return resource.NewProperty(name), err
		},
	},
	"postgresql:index/getTables:getTables": {
		inputs:    withPatterns(map[resource.PropertyKey]standin.Kind{"schemas": standin.KindTexts, "tableTypes": standin.KindTexts}),
		statement: tables,
		answer:    "tables",
		row: func(rows *sql.Rows) (resource.PropertyValue, error) {
			var name, schema, kind string
			err := rows.Scan(&name, &schema, &kind)
			return resource.NewProperty(resource.PropertyMap{
				"objectName": resource.NewProperty(name),
				"schemaName": resource.NewProperty(schema),
				"tableType":  resource.NewProperty(kind),
			}), err
		},
	},
}

func withPatterns(inputs map[resource.PropertyKey]standin.Kind) map[resource.PropertyKey]standin.Kind {
	inputs["database"], inputs["regexPattern"] = standin.KindText, standin.KindText
	for _, patterns := range []resource.PropertyKey{"likeAllPatterns", "likeAnyPatterns", "notLikeAllPatterns"} {
		inputs[patterns] = standin.KindTexts
	}
	return inputs
}

func schemas(args resource.PropertyMap) (string, []any) {
	var where filter
	if every := args["includeSystemSchemas"]; !every.IsBool() || !every.BoolValue() {
		where.conditions = append(where.conditions, system)
	}
	where.patterns("schema_name", args)
	return where.query("schema_name", "schemata", "schema_name"), where.values
}

func tables(args resource.PropertyMap) (string, []any) {
	var where filter
	where.texts("table_schema = any(%s)", args["schemas"])
	where.texts("table_type = any(%s)", args["tableTypes"])
	where.patterns("table_name", args)
	return where.query("table_name, table_schema, table_type", "tables", "table_schema, table_name"), where.values
}

// filter is a where clause with its parameters. What is not given, or is empty, does not filter: so does the official
// plugin.
type filter struct {
	conditions []string
	values     []any
}

func (f *filter) patterns(column string, args resource.PropertyMap) {
	f.texts(column+" like any(%s)", args["likeAnyPatterns"])
	f.texts(column+" like all(%s)", args["likeAllPatterns"])
	f.texts(column+" not like all(%s)", args["notLikeAllPatterns"])
	if pattern, _ := standin.Text(args["regexPattern"]); pattern != "" {
		f.add(column+" ~ %s", pattern)
	}
}

func (f *filter) texts(condition string, value resource.PropertyValue) {
	if given := standin.Texts(value); len(given) > 0 {
		f.add(condition, pq.Array(given))
	}
}

func (f *filter) add(condition string, value any) {
	f.values = append(f.values, value)
	f.conditions = append(f.conditions, fmt.Sprintf(condition, fmt.Sprintf("$%d", len(f.values))))
}

func (f *filter) query(columns, view, order string) string {
	where := ""
	if len(f.conditions) > 0 {
		where = " where " + strings.Join(f.conditions, " and ")
	}
	return fmt.Sprintf("select %s from information_schema.%s%s order by %s", columns, view, where, order)
}
