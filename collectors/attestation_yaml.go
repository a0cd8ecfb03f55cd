package collectors

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxAttestationNesting bounds how deep brackets and indentation may nest. A statement
// needs five levels.
const maxAttestationNesting = 64

// parseStatements reads the statements of one file.
func parseStatements(data []byte) ([]statement, error) {
	if len(data) > maxAttestationBytes {
		return nil, fmt.Errorf("it has more than the %d bytes that are read; an attestation names artefacts by their hash and holds none", maxAttestationBytes)
	}
	text, err := decodeText(data)
	if err != nil {
		return nil, err
	}
	if line := tooNested(text); line > 0 {
		return nil, fmt.Errorf("line %d: it nests more than %d levels deep", line, maxAttestationNesting)
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, withLine(err)
	}
	root, err := onlyMapping(file)
	if err != nil {
		return nil, err
	}
	if list := memberOf(root, "statements"); list != nil {
		return parseList(root, list)
	}
	one, err := parseStatement(root, nil)
	if err != nil {
		return nil, err
	}
	return []statement{one}, nil
}

// tooNested returns the first line that opens more brackets, or is indented further, than
// any statement needs; 0 when there is none. It looks at the bare text, so that the
// parser never sees what would exhaust it.
func tooNested(text []byte) int {
	line, open, indent, starting := 1, 0, 0, true
	for _, c := range text {
		switch c {
		case '\n':
			line, indent, starting = line+1, 0, true
			continue
		case '[', '{':
			open++
		case ']', '}':
			open = max(0, open-1)
		case ' ', '-', '?', ':':
			if starting {
				indent++
			}
		}
		starting = starting && strings.IndexByte(" -?:", c) >= 0
		if open > maxAttestationNesting || indent > 4*maxAttestationNesting {
			return line
		}
	}
	return 0
}

// onlyMapping returns the mapping that a file consists of.
func onlyMapping(file *ast.File) (ast.Node, error) {
	var root ast.Node
	for _, document := range file.Docs {
		if document.Body == nil {
			continue
		}
		if root != nil {
			return nil, fmt.Errorf("line %d: a second document begins; list the statements under \"statements\"", lineOf(document.Body))
		}
		root = document.Body
	}
	if root == nil {
		return nil, errors.New("line 1: it holds no statement")
	}
	var plain plainYAML
	ast.Walk(&plain, root)
	if plain.err != nil {
		return nil, plain.err
	}
	switch root.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return root, nil
	}
	return nil, fmt.Errorf("line %d: a statement is a mapping of fields, and several are a list under \"statements\"", lineOf(root))
}

// plainYAML refuses what makes one part of a file change the meaning of another, or its
// size: anchors, aliases, merges and tags.
type plainYAML struct{ err error }

// Visit looks at one node and goes on to its children until something is refused.
func (p *plainYAML) Visit(node ast.Node) ast.Visitor {
	switch node.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		p.err = fmt.Errorf("line %d: anchors, aliases, merges and tags are not read in attestations; write the value out", lineOf(node))
	case *ast.InfinityNode, *ast.NanNode:
		p.err = fmt.Errorf("line %d: it is no number that can be attested", lineOf(node))
	}
	if p.err != nil {
		return nil
	}
	return p
}

// memberOf returns the value of a key of a mapping, nil when it isn't there.
func memberOf(root ast.Node, key string) ast.Node {
	var values []*ast.MappingValueNode
	switch node := root.(type) {
	case *ast.MappingNode:
		values = node.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{node}
	}
	for _, value := range values {
		if token := value.Key.GetToken(); token != nil && token.Value == key {
			return value.Value
		}
	}
	return nil
}

// statementList is a file of several statements. The version may stand once, above them.
type statementList struct {
	SchemaVersion *int  `yaml:"schemaVersion"`
	Statements    []any `yaml:"statements"`
}

func parseList(root, list ast.Node) ([]statement, error) {
	var file statementList
	if err := yaml.NodeToValue(root, &file, yaml.Strict()); err != nil {
		return nil, withLine(err)
	}
	sequence, ok := list.(*ast.SequenceNode)
	if !ok || len(sequence.Values) == 0 {
		return nil, fmt.Errorf("line %d: statements is not a list of statements", lineOf(list))
	}
	if len(sequence.Values) > maxAttestationStatements {
		return nil, fmt.Errorf("line %d: %d statements are more than the %d that one file may hold; use several files", lineOf(list), len(sequence.Values), maxAttestationStatements)
	}
	var statements []statement
	for _, item := range sequence.Values {
		one, err := parseStatement(item, file.SchemaVersion)
		if err != nil {
			return nil, err
		}
		statements = append(statements, one)
	}
	return statements, nil
}

// parseStatement reads one statement strictly. version is the one above a list, if any.
func parseStatement(node ast.Node, version *int) (statement, error) {
	var s statement
	if err := yaml.NodeToValue(node, &s, yaml.Strict()); err != nil {
		return statement{}, withLine(err)
	}
	if s.SchemaVersion == nil {
		s.SchemaVersion = version
	}
	switch {
	case s.SchemaVersion == nil:
		return statement{}, fmt.Errorf("line %d: schemaVersion is missing; write schemaVersion: %d", lineOf(node), attestationVersion)
	case *s.SchemaVersion != attestationVersion:
		at := node
		if member := memberOf(node, "schemaVersion"); member != nil {
			at = member
		}
		return statement{}, fmt.Errorf("line %d: schemaVersion %d is not read, only %d is", lineOf(at), *s.SchemaVersion, attestationVersion)
	}
	return s, nil
}

// withLine writes the parser's error on one line, with the line of the file.
func withLine(err error) error {
	var located yaml.Error
	if !errors.As(err, &located) {
		return fmt.Errorf("line 1: %w", err)
	}
	line := 1
	if token := located.GetToken(); token != nil && token.Position != nil {
		line = token.Position.Line
	}
	return fmt.Errorf("line %d: %s", line, strings.ReplaceAll(located.GetMessage(), "\n", " "))
}

func lineOf(node ast.Node) int {
	if token := node.GetToken(); token != nil && token.Position != nil {
		return token.Position.Line
	}
	return 1
}
