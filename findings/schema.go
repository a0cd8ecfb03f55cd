package findings

import (
	_ "embed"
	"slices"
)

//go:embed result.schema.json
var schema []byte

// Schema returns the JSON Schema (2020-12) of result.json, as it is published.
func Schema() []byte { return slices.Clone(schema) }

//go:embed fleet.schema.json
var fleetSchema []byte

// FleetSchema returns the JSON Schema (2020-12) of a fleet report, as it is published.
func FleetSchema() []byte { return slices.Clone(fleetSchema) }
