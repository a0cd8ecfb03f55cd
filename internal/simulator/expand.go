package simulator

import (
	"encoding/json"
	"slices"
)

// expand gives an object an expanded member: the principal and the owners are looked up,
// anything else stands in the object.
func (c *call) expand(t target, q query, o object, name string, fields []string) object {
	switch name {
	case "principal":
		raw := null
		if principal, found := c.dir.principal(o.text("principalId")); found {
			principal = c.offered(principal, "verifiedPublisher")
			if fields != nil {
				principal = principal.project(fields)
			}
			raw = principal.append(nil)
		}
		return o.with(name, raw)
	case "owners":
		return o.with(name, c.expandedOwners(o.text("id"), fields))
	}
	for _, inner := range t.nested[name] {
		if !slices.Contains(q.nested[name], inner) {
			o = o.with(name, pruned(o.raw(name), inner))
		}
	}
	return o
}

// mostExpanded is how many directory objects $expand returns (Microsoft Graph, "Use query
// parameters").
const mostExpanded = 20

func (c *call) expandedOwners(id string, fields []string) json.RawMessage {
	raw := []byte{'['}
	for i, owner := range c.dir.owned(id).fixed {
		if i == mostExpanded {
			break
		}
		if i > 0 {
			raw = append(raw, ',')
		}
		if fields != nil {
			owner = owner.project(fields)
		} else {
			owner = slices.DeleteFunc(slices.Clone(owner), func(m member) bool { return !slices.Contains(principalDefaults, m.name) })
		}
		raw = owner.append(raw)
	}
	return append(raw, ']')
}

// pruned is an encoded object without a member.
func pruned(raw json.RawMessage, name string) json.RawMessage {
	var fields map[string]any
	if raw == nil || json.Unmarshal(raw, &fields) != nil {
		return null
	}
	delete(fields, name)
	o, err := newObject(fields)
	if err != nil {
		return null
	}
	return o.append(nil)
}

// expandable lists the members that only come with $expand and weren't asked for.
func (r resource) expandable(q query) []string {
	var out []string
	for _, name := range r.expands {
		if _, asked := q.expanded[name]; !asked {
			out = append(out, name)
		}
	}
	return out
}
