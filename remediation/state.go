package remediation

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// null is the state of an object that isn't there.
var null = json.RawMessage("null")

// encode is a value as compact JSON with its members sorted.
func encode(value any) (json.RawMessage, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encoding a change: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// decode is the value of JSON, with numbers as they are written.
func decode(data json.RawMessage) (any, error) {
	if len(data) == 0 {
		return nil, nil //nolint:nilnil // nothing stands for null
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}

// holds says whether a state is the wanted one: it has every member that is wanted, with a
// value that holds in turn. A member that is null is as good as absent, and the order in
// which a service lists an array means nothing.
func holds(state, want json.RawMessage) (bool, error) {
	present, err := decode(state)
	if err != nil {
		return false, err
	}
	wanted, err := decode(want)
	if err != nil {
		return false, err
	}
	return covers(present, wanted), nil
}

func covers(present, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, ok := present.(map[string]any)
		if !ok {
			return false
		}
		for name, value := range want {
			if !covers(object[name], value) {
				return false
			}
		}
		return true
	case []any:
		array, ok := present.([]any)
		return ok && len(array) == len(want) && pairs(array, want)
	default:
		return present == want
	}
}

// pairs says whether each of the wanted values has one of the present ones for itself.
func pairs(present, want []any) bool {
	taken := make([]bool, len(present))
next:
	for _, value := range want {
		for i := range present {
			if !taken[i] && covers(present[i], value) {
				taken[i] = true
				continue next
			}
		}
		return false
	}
	return true
}
