package config

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// The limits of a YAML text, which a few bytes of brackets or aliases would else blow up to
// more than the machine holds: how many levels it has, and how many nodes its aliases stand for.
const (
	maxDepth   = 1000
	maxAliased = 1_000_000
)

// parseYAML parses a text that people write.
func parseYAML(data []byte) (*ast.File, error) {
	if err := shallow(data); err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, syntaxError(err)
	}
	aliased := aliases{anchors: map[string]int{}}
	for _, document := range file.Docs {
		aliased.size(document.Body)
	}
	if aliased.total > maxAliased {
		return nil, fmt.Errorf("its aliases stand for more than %d values", maxAliased)
	}
	return file, nil
}

// shallow refuses a text of too many levels before it is parsed, as the parser keeps for each
// the path to it: brackets that are open, and lists that begin in one line.
func shallow(data []byte) error {
	open, begun := 0, 0
	for i, c := range data {
		switch c {
		case '[', '{':
			open++
		case ']', '}':
			open = max(open-1, 0)
		case '\n':
			begun = 0
		case ' ':
			if i > 0 && (data[i-1] == '-' || data[i-1] == '?') {
				begun++
			}
		}
		if open > maxDepth || begun > maxDepth {
			return fmt.Errorf("it has more than %d levels", maxDepth)
		}
	}
	return nil
}

// aliases counts the nodes that the aliases of a text stand for. An anchor stands before its
// aliases.
type aliases struct {
	anchors map[string]int
	total   int
}

// size is the number of nodes that a node stands for, at most what is too many.
func (a *aliases) size(node ast.Node) int {
	size := 1
	switch node := node.(type) {
	case *ast.MappingNode:
		for _, member := range node.Values {
			size += a.size(member)
		}
	case *ast.MappingValueNode:
		size += a.size(node.Key) + a.size(node.Value)
	case *ast.SequenceNode:
		for _, value := range node.Values {
			size += a.size(value)
		}
	case *ast.TagNode:
		size += a.size(node.Value)
	case *ast.AnchorNode:
		size += a.size(node.Value)
		a.anchors[node.Name.GetToken().Value] = size
	case *ast.AliasNode:
		size += a.anchors[node.Value.GetToken().Value]
		a.total = min(a.total+size, maxAliased+1)
	}
	return min(size, maxAliased+1)
}
