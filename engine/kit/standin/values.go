package standin

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Reveal is the value without its secret marks, at any depth, for use and never for output.
func Reveal(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return Reveal(value.SecretValue().Element)
	case value.IsOutput():
		return Reveal(value.OutputValue().Element)
	case value.IsArray():
		plain := make([]resource.PropertyValue, len(value.ArrayValue()))
		for at, inner := range value.ArrayValue() {
			plain[at] = Reveal(inner)
		}
		return resource.NewProperty(plain)
	case value.IsObject():
		plain := resource.PropertyMap{}
		for key, inner := range value.ObjectValue() {
			plain[key] = Reveal(inner)
		}
		return resource.NewProperty(plain)
	default:
		return value
	}
}

// Copy is a map of the same properties that may be written to, also where there were none.
func Copy(properties resource.PropertyMap) resource.PropertyMap {
	made := make(resource.PropertyMap, len(properties)+2)
	maps.Copy(made, properties)
	return made
}

// Text is the string that a value holds, secret or not, and whether it holds one.
func Text(value resource.PropertyValue) (string, bool) {
	plain := Reveal(value)
	if !plain.IsString() {
		return "", false
	}
	return plain.StringValue(), true
}

// Texts are the strings of a list; empty for what is no list of strings.
func Texts(value resource.PropertyValue) []string {
	plain := Reveal(value)
	if !plain.IsArray() {
		return nil
	}
	texts := make([]string, 0, len(plain.ArrayValue()))
	for _, inner := range plain.ArrayValue() {
		if inner.IsString() {
			texts = append(texts, inner.StringValue())
		}
	}
	return texts
}
