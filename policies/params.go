package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// Param is a parameter that rules read and a configuration may set.
type Param struct {
	// Type is string, integer, boolean or object, or a list of one of them.
	Type        ParamType `json:"type"`
	Description string    `json:"description"`
	// Default is JSON; empty means that there is none and that the parameter is absent
	// when it isn't set.
	Default json.RawMessage `json:"default"`
	// Values are the only words that a string may be; empty allows any.
	Values []string `json:"values"`
}

// ParamType is a parameter's type: a word, or a list of one word.
type ParamType struct {
	Name string
	List bool
}

// UnmarshalJSON reads "string" or ["string"].
func (t *ParamType) UnmarshalJSON(data []byte) error {
	var names []string
	if json.Unmarshal(data, &names) == nil && len(names) == 1 {
		*t = ParamType{Name: names[0], List: true}
	} else if err := json.Unmarshal(data, &t.Name); err != nil {
		return fmt.Errorf("type %s is neither a word nor a list of one word", data)
	}
	if !slices.Contains([]string{"string", "integer", "boolean", "object"}, t.Name) {
		return fmt.Errorf("type %q is not string, integer, boolean or object", t.Name)
	}
	return nil
}

// String returns the type as METADATA writes it.
func (t ParamType) String() string {
	if t.List {
		return "[" + t.Name + "]"
	}
	return t.Name
}

func (t ParamType) matches(value any) bool {
	if t.List {
		items, ok := value.([]any)
		return ok && !slices.ContainsFunc(items, func(item any) bool { return !ParamType{Name: t.Name}.matches(item) })
	}
	switch value := value.(type) {
	case string:
		return t.Name == "string"
	case bool:
		return t.Name == "boolean"
	case json.Number:
		_, err := value.Int64()
		return t.Name == "integer" && err == nil
	case map[string]any:
		return t.Name == "object"
	default:
		return false
	}
}

func (p Param) checkDefault() error {
	if p.Description == "" {
		return errors.New("it has no description")
	}
	if len(p.Default) == 0 {
		return nil
	}
	value, err := decodeParam(p.Default)
	if err != nil {
		return err
	}
	if !p.Type.matches(value) || !p.allows(value) {
		return fmt.Errorf("the default %s is not of type %s, or not one of its values", p.Default, p.Type)
	}
	return nil
}

// allows holds a word against the values, so that a misspelt one is refused rather than
// taken for the default's opposite.
func (p Param) allows(value any) bool {
	word, isWord := value.(string)
	return len(p.Values) == 0 || isWord && slices.Contains(p.Values, word)
}

func decodeParam(data []byte) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}

// WaiverMaxDays is the parameter for the longest term of a waiver, in days. Rules don't read
// it; it stands among theirs as it is the organisation's to decide.
const WaiverMaxDays = "waiver_max_days"

// ownParams are the parameters that no rule declares.
func ownParams() map[string]Param {
	return map[string]Param{WaiverMaxDays: {
		Type: ParamType{Name: "integer"}, Default: json.RawMessage(strconv.Itoa(findings.DefaultWaiverDays)),
		Description: "Longest term of a waiver, in days from its first to its last.",
	}}
}

// WaiverDays is the longest term of a waiver where a configuration sets these parameters.
func (s *Set) WaiverDays(set map[string]any) (int, error) {
	values, err := s.effective(set)
	if err != nil {
		return 0, err
	}
	number, _ := values[WaiverMaxDays].(json.Number)
	days, err := strconv.Atoi(number.String())
	if err != nil || days < 1 {
		return 0, fmt.Errorf("parameter %s: %s is no number of days from 1 on", WaiverMaxDays, number)
	}
	return days, nil
}

// collectParams joins the parameters of all rules with ownParams; rules that share one must
// agree on its type and default.
func collectParams(rules []Rule) (map[string]Param, error) {
	params := ownParams()
	for _, rule := range rules {
		for name, param := range rule.Params {
			known, shared := params[name]
			if shared && (known.Type != param.Type || !sameJSON(known.Default, param.Default) || !slices.Equal(known.Values, param.Values)) {
				return nil, fmt.Errorf("rule %s and an earlier one disagree on the type, values or default of parameter %s", rule.ID, name)
			}
			if !shared || len(param.Description) > len(known.Description) {
				params[name] = param
			}
		}
	}
	return params, nil
}

func sameJSON(a, b json.RawMessage) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	return canonical(a) == canonical(b)
}

// canonical is a JSON text with sorted keys and no spaces.
func canonical(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	var plain any
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	if err := decoder.Decode(&plain); err != nil {
		return err.Error()
	}
	data, err = json.Marshal(plain)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// UnknownParamError says that a configuration sets a parameter that nothing reads.
type UnknownParamError struct {
	Name  string
	Known []string
}

// Error names the parameter and the known ones.
func (e *UnknownParamError) Error() string {
	return fmt.Sprintf("parameter %q is unknown; known are %s", e.Name, strings.Join(e.Known, ", "))
}

// CheckParams holds the parameters that a configuration sets against the rules: each
// must be one that a rule declares or WaiverMaxDays, and of its type. A null value counts as not set.
func (s *Set) CheckParams(set map[string]any) error {
	_, err := s.effective(set)
	return err
}

// wholeID is a JSON text that is an id and nothing else.
var wholeID = regexp.MustCompile(`"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"`)

// effective returns every parameter's value: what is set, over the defaults. An id is in lower
// case, as services write it, so that rules find it.
func (s *Set) effective(set map[string]any) (map[string]any, error) {
	values := map[string]any{}
	for name, param := range s.params {
		if len(param.Default) > 0 {
			value, err := decodeParam(param.Default)
			if err != nil {
				return nil, fmt.Errorf("default of parameter %s: %w", name, err)
			}
			values[name] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		param, known := s.params[name]
		if !known {
			return nil, &UnknownParamError{Name: name, Known: slices.Sorted(maps.Keys(s.params))}
		}
		if set[name] == nil {
			continue
		}
		value, err := decodeParam(wholeID.ReplaceAllFunc([]byte(canonical(set[name])), bytes.ToLower))
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		if !param.Type.matches(value) {
			return nil, fmt.Errorf("parameter %s: %s is not of type %s (%s)", name, canonical(set[name]), param.Type, param.Description)
		}
		if !param.allows(value) {
			return nil, fmt.Errorf("parameter %s: %s is none of %s", name, canonical(set[name]), strings.Join(param.Values, ", "))
		}
		values[name] = value
	}
	return values, nil
}
