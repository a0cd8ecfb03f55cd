package config

import (
	"errors"

	"github.com/goccy/go-yaml/ast"
)

// readLines finds the line of each parameter that a configuration sets, by name. Where a
// tenant sets one as well, the tenant's line stands.
func readLines(data []byte) (map[string]int, error) {
	file, err := parseYAML(data)
	if err != nil {
		return nil, err
	}
	if len(file.Docs) > 1 {
		return nil, errors.New("it holds several documents; join them, and take out the lines ---")
	}
	lines := map[string]int{}
	for _, document := range file.Docs {
		noteParams(document.Body, lines)
		for _, member := range members(document.Body) {
			if name(member) == "tenant_defaults" {
				noteParams(member.Value, lines)
			}
			tenants, ok := member.Value.(*ast.SequenceNode)
			if !ok || name(member) != "tenants" {
				continue
			}
			for _, tenant := range tenants.Values {
				noteParams(tenant, lines)
			}
		}
	}
	return lines, nil
}

// noteParams notes the lines of the members of a mapping's params.
func noteParams(mapping ast.Node, lines map[string]int) {
	for _, member := range members(mapping) {
		if name(member) != "params" {
			continue
		}
		for _, param := range members(member.Value) {
			lines[name(param)] = param.Key.GetToken().Position.Line
		}
	}
}

// members are a mapping's members; none for any other node. A mapping of one member is
// a node of its own in this syntax tree.
func members(node ast.Node) []*ast.MappingValueNode {
	switch node := node.(type) {
	case *ast.MappingNode:
		return node.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{node}
	default:
		return nil
	}
}

func name(member *ast.MappingValueNode) string { return member.Key.GetToken().Value }
