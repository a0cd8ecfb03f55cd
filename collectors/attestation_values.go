package collectors

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// factNamed finds a fact by its name.
func factNamed(name string) (Fact, bool) {
	facts := Facts()
	i := slices.IndexFunc(facts, func(f Fact) bool { return f.Name == name })
	if i < 0 {
		return Fact{}, false
	}
	return facts[i], true
}

// checkValue tells what is wrong with a value, "" when nothing is. Times in a value that
// fits are rewritten in RFC 3339 UTC.
func (f Fact) checkValue(value any) string {
	if value == nil {
		return "value is missing"
	}
	return checkFields("value", f.Fields, value)
}

func checkFields(path string, fields []FactField, value any) string {
	object, ok := value.(map[string]any)
	if !ok {
		return path + " is not a mapping of fields"
	}
	known := make([]string, 0, len(fields))
	for _, field := range fields {
		known = append(known, field.Name)
	}
	for _, name := range sortedNames(object) {
		if !slices.Contains(known, name) {
			return fmt.Sprintf("%s has the unknown field %q; known are %s", path, name, strings.Join(known, ", "))
		}
	}
	for _, field := range fields {
		inner, there := object[field.Name]
		if !there || inner == nil {
			if field.Required {
				return fmt.Sprintf("%s.%s is missing", path, field.Name)
			}
			continue
		}
		if problem := field.check(path+"."+field.Name, inner); problem != "" {
			return problem
		}
		if text, ok := inner.(string); ok && field.Type == FactTime {
			object[field.Name] = normalTime(text)
		}
	}
	return ""
}

func (f FactField) check(path string, value any) string {
	text, isText := value.(string)
	isText = isText && strings.TrimSpace(text) != ""
	fits := false
	switch f.Type {
	case FactText:
		fits = isText
	case FactBool:
		_, fits = value.(bool)
	case FactNumber:
		fits = isCount(value)
	case FactTime:
		_, fits = readTime(text)
	case FactHash:
		fits = hashPattern.MatchString(text)
	case FactID:
		fits = guidPattern.MatchString(text)
	case FactWord:
		if !slices.Contains(f.Words, text) {
			return fmt.Sprintf("%s is none of %s", path, strings.Join(f.Words, ", "))
		}
		return ""
	case FactTexts:
		return checkItems(path, value, func(at string, item any) string {
			return FactField{Type: FactText}.check(at, item)
		})
	case FactPerson:
		return checkFields(path, f.Fields, value)
	case FactParty:
		if isText {
			return ""
		}
		return checkFields(path, f.Fields, value)
	case FactList:
		return checkItems(path, value, func(at string, item any) string {
			return checkFields(at, f.Fields, item)
		})
	}
	if !fits {
		return fmt.Sprintf("%s is not of the type %s", path, f.Type)
	}
	return ""
}

func checkItems(path string, value any, check func(path string, item any) string) string {
	items, ok := value.([]any)
	if !ok {
		return path + " is not a list"
	}
	for i, item := range items {
		if problem := check(fmt.Sprintf("%s[%d]", path, i), item); problem != "" {
			return problem
		}
	}
	return ""
}

// isCount tells a whole number of at least 0, as the YAML decoder gives it.
func isCount(value any) bool {
	switch number := value.(type) {
	case uint64:
		return true
	case int64:
		return number >= 0
	case float64:
		return number >= 0 && number < math.MaxInt32 && number == math.Trunc(number)
	}
	return false
}

func sortedNames(object map[string]any) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// normalTime writes a time in RFC 3339 UTC, "" for what is no time.
func normalTime(text string) string {
	t, ok := readTime(text)
	if !ok {
		return ""
	}
	return t.Format(time.RFC3339)
}
