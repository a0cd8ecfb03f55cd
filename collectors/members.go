package collectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
)

// member is a member of a JSON object, its value as it came.
type member struct {
	name  string
	value json.RawMessage
}

// membersOf takes an object apart, its members in their order. Nothing of it is kept.
func membersOf(object json.RawMessage) ([]member, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return nil, errors.Join(errors.New("not an object"), err)
	}
	var members []member
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := key.(string)
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		members = append(members, member{name, value})
	}
	_, err := decoder.Token()
	return members, err
}

// objectOf puts an object together.
func objectOf(members []member) (json.RawMessage, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range members {
		key, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(key)
		out.WriteByte(':')
		out.Write(m.value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// overlaid is a list of members with others laid over it: what has the same name is
// replaced in its place, the rest comes after.
func overlaid(members, over []member) []member {
	out := slices.Clone(members)
	for _, m := range over {
		if i := slices.IndexFunc(out, func(old member) bool { return old.name == m.name }); i >= 0 {
			out[i] = m
		} else {
			out = append(out, m)
		}
	}
	return out
}

// hasMember says whether one of the members has a name.
func hasMember(members []member, name string) bool {
	return slices.ContainsFunc(members, func(m member) bool { return m.name == name })
}
