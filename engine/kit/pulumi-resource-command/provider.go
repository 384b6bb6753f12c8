package main

import (
	"context"

	"c1/engine/kit/standin"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

const (
	commandType tokens.Type         = "command:local:Command"
	runFunction tokens.ModuleMember = "command:local:run"
	// Of an id, after the resource's name.
	randomDigits = 8
)

type provider struct {
	standin.Lifecycle
	log *engineLog
}

func newProvider() *provider {
	return &provider{Lifecycle: standin.Lifecycle{Version: "1.2.1"}, log: newEngineLog()}
}

func (p *provider) Handshake(
	ctx context.Context, request plugin.ProviderHandshakeRequest,
) (*plugin.ProviderHandshakeResponse, error) {
	p.log.connect(request.EngineAddress)
	return p.Lifecycle.Handshake(ctx, request)
}

func (p *provider) Attach(address string) error {
	p.log.connect(address)
	return nil
}

func (p *provider) Check(_ context.Context, request plugin.CheckRequest) (plugin.CheckResponse, error) {
	if err := onlyCommand(request.Type); err != nil {
		return plugin.CheckResponse{}, err
	}
	inputs := withDefaults(request.News)
	return plugin.CheckResponse{Properties: inputs, Failures: failures(inputs, commandInputs)}, nil
}

func (p *provider) Diff(_ context.Context, request plugin.DiffRequest) (plugin.DiffResponse, error) {
	olds := request.OldInputs
	if olds == nil {
		olds = request.OldOutputs
	}
	return diff(onlyInputs(olds), request.NewInputs, request.IgnoreChanges), nil
}

func (p *provider) Create(ctx context.Context, request plugin.CreateRequest) (plugin.CreateResponse, error) {
	if err := onlyCommand(request.Type); err != nil {
		return plugin.CreateResponse{}, err
	}
	if request.Preview {
		return plugin.CreateResponse{Properties: previewed(request.Properties)}, nil
	}
	made, err := p.execute(ctx, request.URN, request.Properties, "create", output{})
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	id, err := resource.NewUniqueHexID(request.Name, randomDigits, 0)
	return plugin.CreateResponse{ID: id, Properties: withOutput(request.Properties, made)}, err
}

// The state is the only record there is: refresh gives it back as it is.
func (p *provider) Read(_ context.Context, request plugin.ReadRequest) (plugin.ReadResponse, error) {
	found := plugin.ReadResult{ID: request.ID, Inputs: request.Inputs, Outputs: request.State}
	return plugin.ReadResponse{ReadResult: found}, nil
}

// Without `update` it runs `create` again, and without both nothing; the previous output is in the environment.
func (p *provider) Update(ctx context.Context, request plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	if request.Preview {
		return plugin.UpdateResponse{Properties: previewed(request.NewInputs)}, nil
	}
	which := resource.PropertyKey("update")
	if _, isThere := standin.Text(request.NewInputs[which]); !isThere {
		which = "create"
	}
	made, err := p.execute(ctx, request.URN, request.NewInputs, which, previousOutput(request.OldOutputs))
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	return plugin.UpdateResponse{Properties: withOutput(request.NewInputs, made)}, nil
}

// Runs `delete` with the inputs that are in the state, never those of today's program.
func (p *provider) Delete(ctx context.Context, request plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	_, err := p.execute(ctx, request.URN, request.Outputs, "delete", previousOutput(request.Outputs))
	return plugin.DeleteResponse{}, err
}

// The function runs each time it is called, in preview too.
func (p *provider) Invoke(ctx context.Context, request plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	if request.Tok != runFunction {
		return plugin.InvokeResponse{}, standin.Refuse(
			"seen %s, expected %s: the stand-in of the command plugin has no other function", request.Tok, runFunction)
	}
	args := withDefaults(request.Args)
	if found := failures(args, runInputs); len(found) > 0 {
		return plugin.InvokeResponse{Failures: found}, nil
	}
	said, err := p.execute(ctx, "", args, "command", output{})
	if err != nil {
		return plugin.InvokeResponse{}, err
	}
	answer := standin.Copy(args)
	answer["stdout"], answer["stderr"] = resource.NewProperty(said.stdout), resource.NewProperty(said.stderr)
	return plugin.InvokeResponse{Properties: answer}, nil
}

func onlyCommand(seen tokens.Type) error {
	if seen == commandType {
		return nil
	}
	return standin.Refuse(
		"seen %s, expected %s: the stand-in of the command plugin has no other resource", seen, commandType)
}

// What a preview promises: the inputs as they are, and an output that nobody knows yet.
func previewed(inputs resource.PropertyMap) resource.PropertyMap {
	unknown := resource.MakeComputed(resource.NewProperty(""))
	return outputs(inputs, unknown, unknown)
}

func withOutput(inputs resource.PropertyMap, made output) resource.PropertyMap {
	return outputs(inputs, resource.NewProperty(made.stdout), resource.NewProperty(made.stderr))
}

// What a command prints may repeat what it was given: a secret input makes the output secret.
func outputs(inputs resource.PropertyMap, stdout, stderr resource.PropertyValue) resource.PropertyMap {
	made := standin.Copy(inputs)
	if inputs.ContainsSecrets() {
		stdout, stderr = resource.MakeSecret(stdout), resource.MakeSecret(stderr)
	}
	made["stdout"], made["stderr"] = stdout, stderr
	return made
}

func previousOutput(state resource.PropertyMap) output {
	stdout, _ := standin.Text(state["stdout"])
	stderr, _ := standin.Text(state["stderr"])
	return output{stdout: stdout, stderr: stderr}
}
