package config

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/domicile-audit/domicile/findings"
)

// WaiversName is the name of the file that waivers are written into by default.
const WaiversName = "waivers.yaml"

// The most waivers that a file may hold, the most bytes of it and of one, and the most
// mistakes that are told of at once.
const (
	maxWaivers  = 5_000
	maxList     = 2 << 20
	maxItem     = 8 << 10
	maxMistakes = 20
)

//go:embed waivers.schema.json
var waiversSchema []byte

// WaiversSchema returns the JSON Schema (2020-12) of a file of waivers.
func WaiversSchema() []byte { return slices.Clone(waiversSchema) }

// ReadWaivers reads and checks a file of waivers. maxDays is the longest term of one. An
// error names the file, the line and what is wrong there.
func ReadWaivers(file string, maxDays int) ([]findings.Waiver, error) {
	data, err := readText(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reading waivers: there is no file %s", file)
	}
	if err == nil {
		var waivers []findings.Waiver
		if waivers, err = ParseWaivers(data, file, maxDays); err == nil {
			return waivers, nil
		}
	}
	return nil, fmt.Errorf("reading waivers: %w", err)
}

// ParseWaivers reads and checks the text of a file of waivers. A list without waivers is
// empty, not nil.
func ParseWaivers(data []byte, file string, maxDays int) ([]findings.Waiver, error) {
	body, err := parseWaivers(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	reader := waiverReader{file: file, maxDays: maxDays, lines: map[string]int{}}
	waivers := reader.document(body)
	if more := len(reader.errs) - maxMistakes; more > 0 {
		reader.errs = append(reader.errs[:maxMistakes], fmt.Errorf("and %d mistakes more", more))
	}
	return waivers, errors.Join(reader.errs...)
}

// parseWaivers parses the text. The parser panics over some texts that are no YAML.
func parseWaivers(data []byte) (body ast.Node, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the YAML can't be read; check its indentation, brackets, anchors and tags")
		}
	}()
	if err := checkShape(data); err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(data, 0)
	switch {
	case err != nil:
		return nil, syntaxError(err)
	case len(file.Docs) > 1:
		return nil, errors.New("it holds several documents; join them, and take out the lines ---")
	case len(file.Docs) == 0 || file.Docs[0].Body == nil:
		return nil, errors.New("it is empty; write version: 1 and a list of waivers")
	}
	return file.Docs[0].Body, nil
}

// checkShape keeps the parser from texts over which it takes a time or a depth that grows
// with their square: list items that are longer than a waiver can be, and lists of lists.
func checkShape(data []byte) error {
	if len(data) > maxList {
		return fmt.Errorf("it is larger than %d bytes", maxList)
	}
	size, number := 0, 0
	for text := range bytes.Lines(data) {
		number++
		text = bytes.TrimLeft(text, " ")
		item, isItem := bytes.CutPrefix(text, []byte("- "))
		switch {
		case isItem && bytes.HasPrefix(bytes.TrimLeft(item, " "), []byte("- ")):
			return fmt.Errorf("line %d: a list of lists; waivers is one list", number)
		case isItem:
			size = 0
		case bytes.HasPrefix(text, []byte("#")):
			continue
		}
		if size += len(text); size > maxItem {
			return fmt.Errorf("line %d: no waiver is longer than %d bytes; begin each with a dash on a line of its own", number, maxItem)
		}
	}
	return nil
}

// firstWord is the member that a mistake begins with, where it is about one.
var firstWord = regexp.MustCompile(`^[a-z]+`)

// waiverReader reads the syntax tree by hand: every member is a text, and each mistake is
// told with its line. Anchors, aliases, tags and merged keys have no place in a list that
// people sign.
type waiverReader struct {
	file    string
	maxDays int
	lines   map[string]int // of the waivers, by id
	errs    []error
}

func (r *waiverReader) wrong(node ast.Node, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s:%d: %w", r.file, line(node), fmt.Errorf(format, args...)))
}

func line(node ast.Node) int { return node.GetToken().Position.Line }

func (r *waiverReader) document(body ast.Node) []findings.Waiver {
	waivers := []findings.Waiver{}
	seen := r.mapping(body, "version", "waivers")
	if version := seen["version"]; version == nil || version.String() != "1" {
		r.wrong(body, "write version: 1")
	}
	switch list := seen["waivers"].(type) {
	case nil:
		r.wrong(body, "waivers is missing; write waivers: [] for none")
	case *ast.SequenceNode:
		if len(list.Values) > maxWaivers {
			r.wrong(list, "%d waivers are more than %d", len(list.Values), maxWaivers)
			return nil
		}
		for _, item := range list.Values {
			waivers = append(waivers, r.waiver(item))
		}
	default:
		r.wrong(list, "waivers is no list but %s", strings.ToLower(list.Type().String()))
	}
	return waivers
}

func (r *waiverReader) waiver(item ast.Node) findings.Waiver {
	before := len(r.errs)
	seen := r.mapping(item, "rule", "resource", "accept", "reason", "owner", "approver", "ticket", "approved", "from", "expires")
	waiver := findings.Waiver{
		Rule: r.text(seen, "rule"), Accept: findings.Outcome(r.text(seen, "accept")), Reason: r.text(seen, "reason"),
		Owner: r.text(seen, "owner"), Approver: r.text(seen, "approver"), Ticket: r.text(seen, "ticket"),
		Approved: r.text(seen, "approved"), From: r.text(seen, "from"), Expires: r.text(seen, "expires"),
	}
	if resource := seen["resource"]; resource != nil {
		inner := r.mapping(resource, "kind", "id")
		waiver.Resource = findings.Selector{Kind: r.text(inner, "kind"), ID: r.text(inner, "id")}
	}
	if len(r.errs) > before {
		return waiver // what is missing is missing because it can't be read
	}
	if err := waiver.Check(r.maxDays); err != nil {
		for mistake := range strings.Lines(err.Error()) {
			r.wrong(cmp.Or(seen[firstWord.FindString(mistake)], item), "%s", strings.TrimSpace(mistake))
		}
		return waiver
	}
	waiver = waiver.Identify()
	if first := r.lines[waiver.ID]; first > 0 {
		r.wrong(item, "the waiver on line %d is for the same rule, resource and outcome; renew that one", first)
	}
	r.lines[waiver.ID] = line(item)
	return waiver
}

// mapping returns the members of a mapping, which may have those that are named alone.
func (r *waiverReader) mapping(node ast.Node, known ...string) map[string]ast.Node {
	seen := map[string]ast.Node{}
	if node.Type() != ast.MappingType && node.Type() != ast.MappingValueType {
		r.wrong(node, "%s is no mapping; write one with %s", strings.ToLower(node.Type().String()), strings.Join(known, ", "))
		return seen
	}
	for _, member := range members(node) {
		key := name(member)
		switch {
		case member.Key.Type() != ast.StringType || !slices.Contains(known, key):
			r.wrong(member, "unknown member %q; known are %s", key, strings.Join(known, ", "))
		case seen[key] != nil:
			r.wrong(member, "%s stands twice", key)
		default:
			seen[key] = member.Value
		}
	}
	return seen
}

// text is a member that is a text; empty where there is none.
func (r *waiverReader) text(seen map[string]ast.Node, name string) string {
	switch node := seen[name].(type) {
	case nil, *ast.NullNode:
		return ""
	case *ast.StringNode:
		return node.Value
	case *ast.LiteralNode:
		return strings.TrimRight(node.Value.Value, "\n")
	default:
		r.wrong(node, "%s is no text but %s; write it in quotes", name, strings.ToLower(node.Type().String()))
		return ""
	}
}
