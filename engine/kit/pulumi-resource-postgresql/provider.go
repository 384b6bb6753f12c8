package main

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"c1/engine/kit/standin"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

type provider struct {
	standin.Lifecycle
	configuration resource.PropertyMap
}

func newProvider() *provider {
	return &provider{Lifecycle: standin.Lifecycle{Version: "3.18.1"}}
}

func (p *provider) Configure(_ context.Context, request plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	p.configuration = request.Inputs
	return plugin.ConfigureResponse{}, refuseUnknown(request.Inputs)
}

func (p *provider) Check(context.Context, plugin.CheckRequest) (plugin.CheckResponse, error) {
	return plugin.CheckResponse{}, noResource()
}

func (p *provider) Diff(context.Context, plugin.DiffRequest) (plugin.DiffResponse, error) {
	return plugin.DiffResponse{}, noResource()
}

func (p *provider) Create(context.Context, plugin.CreateRequest) (plugin.CreateResponse, error) {
	return plugin.CreateResponse{}, noResource()
}

func (p *provider) Read(context.Context, plugin.ReadRequest) (plugin.ReadResponse, error) {
	return plugin.ReadResponse{}, noResource()
}

func (p *provider) Update(context.Context, plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	return plugin.UpdateResponse{}, noResource()
}

func (p *provider) Delete(context.Context, plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	return plugin.DeleteResponse{}, noResource()
}

func (p *provider) Invoke(ctx context.Context, request plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	look, isKnown := lookUps[request.Tok]
	if !isKnown {
		return plugin.InvokeResponse{}, standin.Refuse("seen %s, expected one of %v (stand-in of the postgresql plugin)",
			request.Tok, slices.Sorted(maps.Keys(lookUps)))
	}
	args := standin.Reveal(resource.NewProperty(request.Args)).ObjectValue()
	for _, key := range slices.Sorted(maps.Keys(args)) {
		kind, isKnown := look.inputs[key]
		if !isKnown {
			return plugin.InvokeResponse{}, standin.Refuse(
				"%s: seen %s, expected only %v", request.Tok, key, slices.Sorted(maps.Keys(look.inputs)))
		}
		// A filter that is dropped because nobody understood it would answer with more than was asked for.
		if args[key].IsComputed() || !kind.Fits(args[key]) {
			return plugin.InvokeResponse{}, standin.Refuse(
				"%s: seen %s for %s, expected %s", request.Tok, args[key].TypeString(), key, kind)
		}
	}
	database, isNamed := standin.Text(args["database"])
	if !isNamed {
		return plugin.InvokeResponse{}, standin.Refuse("%s: seen no database, expected its name", request.Tok)
	}
	rows, err := p.read(ctx, database, look, args)
	if err != nil {
		return plugin.InvokeResponse{}, fmt.Errorf("reading %s failed: %w", database, err)
	}
	answer := standin.Copy(args)
	answer["id"] = resource.NewProperty(fmt.Sprintf("%s_%s", database, request.Tok))
	answer[look.answer] = resource.NewProperty(rows)
	return plugin.InvokeResponse{Properties: answer}, nil
}

// read asks, or fails: a read that did not happen is never an empty answer.
func (p *provider) read(
	ctx context.Context, database string, look lookUp, args resource.PropertyMap,
) (rows []resource.PropertyValue, err error) {
	connector, err := connectorOf(p.configuration, database)
	if err != nil {
		return nil, err
	}
	connection := sql.OpenDB(connector)
	defer func() { _ = connection.Close() }()
	transaction, err := connection.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = transaction.Rollback() }()
	statement, values := look.statement(args)
	found, err := transaction.QueryContext(ctx, statement, values...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }()
	for rows = []resource.PropertyValue{}; found.Next(); {
		row, err := look.row(found)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, found.Err()
}

func noResource() error {
	return standin.Refuse("the stand-in of the postgresql plugin only reads (getSchemas, getTables): it has no resources")
}
