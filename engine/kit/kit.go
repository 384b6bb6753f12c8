//go:build kit

// Package kit pins the Pulumi CLI, so that a machine which reaches only package registries can build it.
package kit

// Only `go mod tidy` reads this import: it keeps every module that the CLI needs in go.mod and go.sum.
import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
