package simulator

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// filter is a disjunction of conjunctions: the $filter expressions that are used, which
// have no parentheses.
type filter []conjunction

// conjunction holds where all of its comparisons do.
type conjunction []comparison

// comparison compares the value at a path with a literal: nil, a bool, a number or a
// string, or a list of strings. Times and ids are compared as text.
type comparison struct {
	path, op string
	literal  any
}

var (
	comparisonForm = regexp.MustCompile(`^([A-Za-z][\w/.]*)\s+(eq|ne|ge|gt|le|lt)\s+(.+)$`)
	inForm         = regexp.MustCompile(`^([A-Za-z][\w/.]*)\s+in\s+\(('(?:[^']|'')*'(?:\s*,\s*'(?:[^']|'')*')*)\)$`)
	quotedText     = regexp.MustCompile(`'(?:[^']|'')*'`)
	startsForm     = regexp.MustCompile(`^startswith\(\s*([A-Za-z][\w/.]*)\s*,\s*('(?:[^']|'')*')\s*\)$`)
	andWord        = regexp.MustCompile(`\s+and\s+`)
	orWord         = regexp.MustCompile(`\s+or\s+`)
)

// parseFilter reads comparisons joined by and and or. Anything else is refused, as Graph
// refuses what a resource doesn't support.
func parseFilter(text string) (filter, error) {
	var out filter
	for _, part := range splitAt(orWord, text) {
		all, err := parseConjunction(part)
		if err != nil {
			return nil, err
		}
		out = append(out, all)
	}
	return out, nil
}

func parseConjunction(text string) (conjunction, error) {
	var out conjunction
	for _, part := range splitAt(andWord, text) {
		part = strings.TrimSpace(part)
		if m := inForm.FindStringSubmatch(part); m != nil {
			among, err := parseList(m[2])
			if err != nil {
				return nil, err
			}
			out = append(out, comparison{path: m[1], op: "in", literal: among})
			continue
		}
		var c comparison
		literal := ""
		if m := startsForm.FindStringSubmatch(part); m != nil {
			c, literal = comparison{path: m[1], op: "startswith"}, m[2]
		} else if m := comparisonForm.FindStringSubmatch(part); m != nil {
			c, literal = comparison{path: m[1], op: m[2]}, m[3]
		} else {
			return nil, refuse("Invalid filter clause: '%s' is not supported.", part)
		}
		value, err := parseLiteral(literal)
		if err != nil {
			return nil, err
		}
		c.literal = value
		out = append(out, c)
	}
	return out, nil
}

// mostValues is the number of values that Graph takes in one list.
const mostValues = 15

func parseList(text string) ([]string, error) {
	items := quotedText.FindAllString(text, -1)
	if len(items) > mostValues {
		return nil, refuse("Too many child clauses specified in search filter expression containing 'OR' operators: %d. Max allowed: %d.", len(items), mostValues)
	}
	for i, item := range items {
		items[i] = strings.ToLower(strings.ReplaceAll(item[1:len(item)-1], "''", "'"))
	}
	return items, nil
}

// splitAt splits at a word outside quotes.
func splitAt(word *regexp.Regexp, text string) []string {
	var parts []string
	start := 0
	for _, at := range word.FindAllStringIndex(text, -1) {
		if strings.Count(text[start:at[0]], "'")%2 == 0 {
			parts = append(parts, text[start:at[0]])
			start = at[1]
		}
	}
	return append(parts, text[start:])
}

func parseLiteral(text string) (any, error) {
	switch {
	case text == "null":
		return nil, nil
	case text == "true", text == "false":
		return text == "true", nil
	case len(text) >= 2 && text[0] == '\'' && text[len(text)-1] == '\'':
		return strings.ReplaceAll(text[1:len(text)-1], "''", "'"), nil
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return n, nil
	}
	if strings.ContainsAny(text, " '()") {
		return nil, refuse("Invalid filter clause: the literal %s is not supported.", text)
	}
	return text, nil // a time or an id, unquoted
}

// match says whether every comparison of one of the conjunctions holds for the object.
func (f filter) match(o object) bool {
	return slices.ContainsFunc(f, func(all conjunction) bool {
		return !slices.ContainsFunc(all, func(c comparison) bool { return !c.match(o.lookup(c.path)) })
	})
}

// names says whether every one of the conjunctions compares the member.
func (f filter) names(path string) bool {
	return len(f) > 0 && !slices.ContainsFunc(f, func(all conjunction) bool {
		return !slices.ContainsFunc(all, func(c comparison) bool { return c.path == path })
	})
}

func (c comparison) match(value any) bool {
	if among, ok := c.literal.([]string); ok {
		text, _ := value.(string)
		return slices.Contains(among, strings.ToLower(text))
	}
	if text, ok := value.(string); ok {
		literal, isText := c.literal.(string)
		if !isText {
			return c.op == "ne"
		}
		if c.op == "startswith" {
			return strings.HasPrefix(strings.ToLower(text), strings.ToLower(literal))
		}
		return holds(c.op, strings.Compare(strings.ToLower(text), strings.ToLower(literal)))
	}
	if number, ok := value.(float64); ok {
		if literal, isNumber := c.literal.(float64); isNumber {
			return holds(c.op, cmp.Compare(number, literal))
		}
		return c.op == "ne"
	}
	return (value == c.literal) == (c.op == "eq") && (c.op == "eq" || c.op == "ne")
}

func holds(op string, order int) bool {
	switch op {
	case "eq":
		return order == 0
	case "ne":
		return order != 0
	case "ge":
		return order >= 0
	case "gt":
		return order > 0
	case "le":
		return order <= 0
	default:
		return order < 0
	}
}
