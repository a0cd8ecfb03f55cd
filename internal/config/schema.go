package config

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed domicile.schema.json
var schema []byte

// Schema returns the JSON Schema (2020-12) of a configuration, with the known profiles
// and the schemas of the rules' parameters by name, which the rules bring.
func Schema(profiles []string, params map[string]any) ([]byte, error) {
	var root map[string]any
	if err := json.Unmarshal(schema, &root); err != nil {
		return nil, fmt.Errorf("reading the embedded schema: %w", err)
	}
	root["$defs"].(map[string]any)["profile"] = map[string]any{"enum": profiles}
	root["$defs"].(map[string]any)["params"] = map[string]any{
		"type": "object", "additionalProperties": false, "properties": params,
		"description": "Parameters of the rules.",
	}
	data, err := json.MarshalIndent(root, "", "  ")
	return append(data, '\n'), err
}
