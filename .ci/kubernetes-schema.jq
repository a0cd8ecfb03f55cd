# Makes of an OpenAPI document of one version of one of Kubernetes' API groups a JSON Schema of
# its kinds, which allows no field that it doesn't know.
.components.schemas |= map_values(if .properties and (has("additionalProperties") | not) then .additionalProperties = false else . end)
| [.components.schemas | to_entries[] | .key as $name | .value["x-kubernetes-group-version-kind"] // [] | select(length == 1)[] | {name: $name, kind}] as $kinds
| {
    "$schema": "http://json-schema.org/draft-07/schema#",
    components,
    required: ["kind"],
    properties: {kind: {enum: [$kinds[].kind]}},
    allOf: [$kinds[] | {if: {properties: {kind: {const: .kind}}}, then: {"$ref": "#/components/schemas/\(.name)"}}]
  }
