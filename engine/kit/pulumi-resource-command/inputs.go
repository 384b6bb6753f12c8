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

type kind string

const (
	text    kind = "string"
	boolean kind = "boolean"
	texts   kind = "strings"
	textMap kind = "text map"
	list    kind = "list"
)

// What every run of a command takes, resource or function.
var baseInputs = map[resource.PropertyKey]kind{
	"addPreviousOutputInEnv": boolean,
	"archivePaths":           texts,
	"assetPaths":             texts,
	"dir":                    text,
	"environment":            textMap,
	"interpreter":            texts,
	"logging":                text,
	"stdin":                  text,
}

var commandInputs = with(map[resource.PropertyKey]kind{"create": text, "delete": text, "triggers": list, "update": text})

var runInputs = with(map[resource.PropertyKey]kind{"command": text})

var notHere = []resource.PropertyKey{"archivePaths", "assetPaths"}

func with(more map[resource.PropertyKey]kind) map[resource.PropertyKey]kind {
	maps.Copy(more, baseInputs)
	return more
}

// withDefaults adds the one default that the official plugin adds.
func withDefaults(inputs resource.PropertyMap) resource.PropertyMap {
	if inputs.HasValue("addPreviousOutputInEnv") {
		return inputs
	}
	whole := maps.Clone(inputs)
	if whole == nil {
		whole = resource.PropertyMap{}
	}
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
func failures(inputs resource.PropertyMap, kinds map[resource.PropertyKey]kind) []plugin.CheckFailure {
	var found []plugin.CheckFailure
	for key, value := range inputs {
		if reason := reasonAgainst(key, standin.Reveal(value), kinds); reason != "" {
			found = append(found, plugin.CheckFailure{Property: key, Reason: reason})
		}
	}
	slices.SortFunc(found, func(a, b plugin.CheckFailure) int { return cmp.Compare(a.Property, b.Property) })
	return found
}

func reasonAgainst(
	key resource.PropertyKey, value resource.PropertyValue, kinds map[resource.PropertyKey]kind,
) string {
	expected, isKnown := kinds[key]
	switch {
	case !isKnown:
		return fmt.Sprintf("seen the unknown property '%s', expected only those of command 1.2.1", key)
	case value.IsNull() || value.IsComputed():
		return ""
	case slices.Contains(notHere, key):
		return fmt.Sprintf("'%s' is not implemented by the stand-in of the command plugin", key)
	case !fits(value, expected):
		return fmt.Sprintf("seen %s, expected %s", value.TypeString(), expected)
	default:
		return ""
	}
}

func fits(value resource.PropertyValue, expected kind) bool {
	switch expected {
	case text:
		return value.IsString()
	case boolean:
		return value.IsBool()
	case list:
		return value.IsArray()
	case texts:
		return value.IsArray() && !slices.ContainsFunc(value.ArrayValue(), isNoText)
	case textMap:
		return value.IsObject() && !slices.ContainsFunc(slices.Collect(maps.Values(value.ObjectValue())), isNoText)
	default:
		return false
	}
}

// What is not known before the update may yet be a text.
func isNoText(value resource.PropertyValue) bool { return !value.IsString() && !value.IsComputed() }
