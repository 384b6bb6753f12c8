package standin

import (
	"context"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Lifecycle answers what every stand-in answers alike: how it is set up, and how it ends. What else the engine may ask
// is refused until the provider that embeds it has an answer.
type Lifecycle struct {
	plugin.UnimplementedProvider

	// Version of the official plugin that the stand-in stands for.
	Version string
}

func (Lifecycle) Handshake(
	context.Context, plugin.ProviderHandshakeRequest,
) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true}, nil
}

// GetPluginInfo gives the version with the mark that tells a stand-in from the official plugin. It is build metadata
// (semver), so that it does not change which version it is.
func (l Lifecycle) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	version, err := semver.Parse(l.Version + "+stand-in")
	return plugin.PluginInfo{Version: &version}, err
}

func (Lifecycle) CheckConfig(_ context.Context, request plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: request.News}, nil
}

func (Lifecycle) DiffConfig(context.Context, plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return plugin.DiffResult{Changes: plugin.DiffNone}, nil
}

func (Lifecycle) Configure(context.Context, plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	return plugin.ConfigureResponse{}, nil
}

// Attach is for an engine that finds a plugin which runs already.
func (Lifecycle) Attach(string) error { return nil }

func (Lifecycle) SignalCancellation(context.Context) error {
	EndAll()
	return nil
}
