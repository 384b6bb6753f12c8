package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// A changed trigger replaces the resource; any other changed input updates it in place.
const replaces = "triggers"

func diff(olds, news resource.PropertyMap, ignored []string) plugin.DiffResult {
	// By the names of inputs, and not by those that are alike within one.
	isIgnored := resource.IgnorePathFunc(func(path resource.PropertyPath) bool {
		return len(path) == 1 && slices.Contains(ignored, fmt.Sprint(path[0]))
	})
	details := plugin.NewDetailedDiffFromObjectDiff(olds.DiffWithOptions(news, isIgnored), true)
	if len(details) == 0 {
		return plugin.DiffResult{Changes: plugin.DiffNone}
	}
	for path, change := range details {
		if path == replaces || strings.HasPrefix(path, replaces+"[") {
			change.Kind = change.Kind.AsReplace()
			details[path] = change
		}
	}
	return plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: details}
}
