package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"c1/engine/kit/standin"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

type kinds = map[resource.PropertyKey]standin.Kind

// What every run of a command takes, resource or function.
var baseInputs = kinds{
	"addPreviousOutputInEnv": standin.KindBoolean,
	"archivePaths":           standin.KindTexts,
	"assetPaths":             standin.KindTexts,
	"dir":                    standin.KindText,
	"environment":            standin.KindTextMap,
	"interpreter":            standin.KindTexts,
	"logging":                standin.KindText,
	"stdin":                  standin.KindText,
}

var commandInputs = with(kinds{
	"create":   standin.KindText,
	"delete":   standin.KindText,
	"triggers": standin.KindList,
	"update":   standin.KindText,
})

var runInputs = with(kinds{"command": standin.KindText})

var notHere = []resource.PropertyKey{"archivePaths", "assetPaths"}

func with(more kinds) kinds {
	maps.Copy(more, baseInputs)
	return more
}

// withDefaults adds the one default that the official plugin adds.
func withDefaults(inputs resource.PropertyMap) resource.PropertyMap {
	if given, isThere := inputs["addPreviousOutputInEnv"]; isThere && !given.IsNull() {
		return inputs
	}
	whole := standin.Copy(inputs)
	whole["addPreviousOutputInEnv"] = resource.NewProperty(true)
	return whole
}

// onlyInputs are the inputs among the properties of a state.
func onlyInputs(state resource.PropertyMap) resource.PropertyMap {
	inputs := resource.PropertyMap{}
	for key, value := range state {
		if _, isInput := commandInputs[key]; isInput {
			inputs[key] = value
		}
	}
	return inputs
}

// failures says what is wrong with the inputs, property by property.
func failures(inputs resource.PropertyMap, known kinds) []plugin.CheckFailure {
	var found []plugin.CheckFailure
	for key, value := range inputs {
		if reason := reasonAgainst(key, standin.Reveal(value), known); reason != "" {
			found = append(found, plugin.CheckFailure{Property: key, Reason: reason})
		}
	}
	slices.SortFunc(found, func(a, b plugin.CheckFailure) int { return cmp.Compare(a.Property, b.Property) })
	return found
}

func reasonAgainst(
	key resource.PropertyKey, value resource.PropertyValue, known kinds,
) string {
	expected, isKnown := known[key]
	switch {
	case !isKnown:
		return fmt.Sprintf("seen the unknown property '%s', expected only those of command 1.2.1", key)
	case value.IsNull() || value.IsComputed():
		return ""
	case slices.Contains(notHere, key):
		return fmt.Sprintf("'%s' is not implemented by the stand-in of the command plugin", key)
	case !expected.Fits(value):
		return fmt.Sprintf("seen %s, expected %s", value.TypeString(), expected)
	default:
		return ""
	}
}
