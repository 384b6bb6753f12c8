package standin

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Kind is what an input has to be.
type Kind string

const (
	KindText    Kind = "string"
	KindBoolean Kind = "boolean"
	KindTexts   Kind = "strings"
	KindTextMap Kind = "text map"
	KindList    Kind = "list"
)

// Fits tells whether a plain value (Reveal) is of that kind. What is not there fits, and so does what is not known yet.
func (k Kind) Fits(value resource.PropertyValue) bool {
	if value.IsNull() || value.IsComputed() {
		return true
	}
	switch k {
	case KindText:
		return value.IsString()
	case KindBoolean:
		return value.IsBool()
	case KindList:
		return value.IsArray()
	case KindTexts:
		return value.IsArray() && !slices.ContainsFunc(value.ArrayValue(), isNoText)
	case KindTextMap:
		return value.IsObject() && !slices.ContainsFunc(slices.Collect(maps.Values(value.ObjectValue())), isNoText)
	default:
		return false
	}
}

func isNoText(value resource.PropertyValue) bool { return !value.IsString() && !value.IsComputed() }
