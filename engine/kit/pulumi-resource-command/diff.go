package main

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// A changed trigger replaces the resource; any other changed input updates it in place.
const replaces = "triggers"

func diff(olds, news resource.PropertyMap, ignored []string) plugin.DiffResult {
	found := olds.Diff(news, func(key resource.PropertyKey) bool { return slices.Contains(ignored, string(key)) })
	if found == nil {
		return plugin.DiffResult{Changes: plugin.DiffNone}
	}
	details := plugin.NewDetailedDiffFromObjectDiff(found, true)
	for path, change := range details {
		if path == replaces || strings.HasPrefix(path, replaces+"[") {
			change.Kind = change.Kind.AsReplace()
			details[path] = change
		}
	}
	return plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: details}
}
