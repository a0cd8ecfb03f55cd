package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// object is a JSON object as an ordered list of members, each value already encoded:
// projecting and writing it costs a copy.
type object []member

type member struct {
	name string
	raw  json.RawMessage
}

// newObject encodes a map, its keys sorted.
func newObject(fields map[string]any) (object, error) {
	o := make(object, 0, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		raw, err := json.Marshal(fields[name])
		if err != nil {
			return nil, fmt.Errorf("encoding %s: %w", name, err)
		}
		o = append(o, member{name, raw})
	}
	return o, nil
}

// raw returns the encoded value of a member, nil where there is none.
func (o object) raw(name string) json.RawMessage {
	for _, m := range o {
		if m.name == name {
			return m.raw
		}
	}
	return nil
}

// text returns the value of a member that is a string, and "" otherwise.
func (o object) text(name string) string {
	var s string
	if raw := o.raw(name); raw != nil && json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// lookup decodes the value at a path such as siteCollection/root; nil where it leads
// nowhere.
func (o object) lookup(path string) any {
	first, rest, deeper := strings.Cut(path, "/")
	var value any
	if raw := o.raw(first); raw == nil || json.Unmarshal(raw, &value) != nil {
		return nil
	}
	for deeper {
		first, rest, deeper = strings.Cut(rest, "/")
		fields, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = fields[first]
	}
	return value
}

// without returns the object less the named members.
func (o object) without(names ...string) object {
	if !slices.ContainsFunc(o, func(m member) bool { return slices.Contains(names, m.name) }) {
		return o
	}
	out := make(object, 0, len(o))
	for _, m := range o {
		if !slices.Contains(names, m.name) {
			out = append(out, m)
		}
	}
	return out
}

// project returns the annotations (@odata.*), the id and the named members; a member
// that is asked for and isn't there is null.
func (o object) project(names []string) object {
	out := make(object, 0, len(names)+2)
	for _, m := range o {
		if strings.HasPrefix(m.name, "@") || (m.name == "id" && !slices.Contains(names, "id")) {
			out = append(out, m)
		}
	}
	for _, name := range names {
		raw := o.raw(name)
		if raw == nil {
			raw = json.RawMessage("null")
		}
		out = append(out, member{name, raw})
	}
	return out
}

// with returns the object with one member more, or changed.
func (o object) with(name string, raw json.RawMessage) object {
	return append(slices.Clone(o.without(name)), member{name, raw})
}

// append writes the object as JSON to dst.
func (o object) append(dst []byte) []byte {
	dst = append(dst, '{')
	for i, m := range o {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, m.name)
		dst = append(dst, ':')
		dst = append(dst, m.raw...)
	}
	return append(dst, '}')
}

// MarshalJSON writes the object as JSON.
func (o object) MarshalJSON() ([]byte, error) {
	return o.append(nil), nil
}

// appendString writes a JSON string. Names and generated values are plain ASCII and
// are copied; everything else goes through encoding/json.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			encoded, err := json.Marshal(s)
			if err != nil {
				panic(err) // a string always encodes
			}
			return append(dst, encoded...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// quoted is appendString into a new value.
func quoted(s string) json.RawMessage {
	return appendString(make([]byte, 0, len(s)+2), s)
}

// collection is a list of objects: those of the tenant's file first, then generated
// ones, which are made when they are asked for.
type collection struct {
	fixed []object
	more  generated
}

func (c collection) len() int { return len(c.fixed) + c.more.count }

func (c collection) at(i int) object {
	if i < len(c.fixed) {
		return c.fixed[i]
	}
	return c.more.make(i - len(c.fixed))
}

// find returns the object with the id.
func (c collection) find(id string) (object, bool) {
	for _, o := range c.fixed {
		if strings.EqualFold(o.text("id"), id) {
			return o, true
		}
	}
	if i, ok := c.more.index(id); ok {
		return c.more.make(i), true
	}
	return nil, false
}
