package simulator

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// merge lays over base what changes: maps key by key, everything else whole. A null
// takes the key away; "key+" adds its items to the list key; "key~" merges each of its
// values into the object of the list key that has that id, and null takes it away.
func merge(base, change map[string]any) map[string]any {
	out := make(map[string]any, len(base)+len(change))
	for key, value := range base {
		out[key] = value
	}
	for key, value := range change {
		name, op := key, byte(0)
		if last := key[len(key)-1]; last == '+' || last == '~' {
			name, op = key[:len(key)-1], last
		}
		old := out[name]
		switch {
		case op == '+':
			list, _ := old.([]any)
			more, _ := value.([]any)
			out[name] = append(append([]any{}, list...), more...)
		case op == '~':
			list, _ := old.([]any)
			patches, _ := value.(map[string]any)
			out[name] = patch(list, patches)
		case value == nil:
			delete(out, name)
		default:
			oldMap, isMap := old.(map[string]any)
			newMap, isNewMap := value.(map[string]any)
			if isMap && isNewMap {
				out[name] = merge(oldMap, newMap)
			} else {
				out[name] = value
			}
		}
	}
	return out
}

func patch(list []any, patches map[string]any) []any {
	out := make([]any, 0, len(list))
	for _, item := range list {
		object, _ := item.(map[string]any)
		id, _ := object["id"].(string)
		change, found := patches[id]
		if !found {
			out = append(out, item)
			continue
		}
		if fields, ok := change.(map[string]any); ok {
			patched := merge(object, fields)
			for name, value := range fields {
				if value == nil {
					patched[name] = nil // a patched property is null, not absent
				}
			}
			out = append(out, patched)
		}
	}
	return out
}

// vocabulary holds what the words in a tenant's files stand for: now-40d and now+200d
// for whole days in UTC, $tenant, $cloud and $org for the tenant's own.
type vocabulary struct {
	now                time.Time
	tenant, cloud, org string
}

// newVocabulary takes the tenant's own words from its merged tenant.yaml.
func newVocabulary(merged map[string]any, now time.Time) vocabulary {
	v := vocabulary{now: now}
	v.tenant, _ = merged["id"].(string)
	v.cloud, _ = merged["cloud"].(string)
	if o, ok := merged["onboarding"].(map[string]any); ok {
		v.org, _ = o["orgId"].(string)
	}
	return v
}

var (
	wholeTime = regexp.MustCompile(`^now(?:([+-]\d+)d)?$`)
	textTime  = regexp.MustCompile(`\bnow([+-]\d+)d\b`)
)

// expand returns value with the words in all its strings replaced.
func (v vocabulary) expand(value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(value))
		for key, item := range value {
			out[key] = v.expand(item)
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = v.expand(item)
		}
		return out
	case string:
		if m := wholeTime.FindStringSubmatch(value); m != nil {
			return v.at(m[1])
		}
		return v.names().Replace(value)
	default:
		return value
	}
}

// expandText replaces the words in a text file. The bare word now is left alone there.
func (v vocabulary) expandText(text []byte) []byte {
	text = textTime.ReplaceAllFunc(text, func(m []byte) []byte {
		return []byte(v.at(string(bytes.TrimSuffix(bytes.TrimPrefix(m, []byte("now")), []byte("d")))))
	})
	return []byte(v.names().Replace(string(text)))
}

func (v vocabulary) names() *strings.Replacer {
	return strings.NewReplacer("$tenant", v.tenant, "$cloud", v.cloud, "$org", v.org)
}

// at returns the start of the day that lies offset days from now, as RFC 3339.
func (v vocabulary) at(offset string) string {
	days := 0
	if offset != "" {
		n, err := strconv.Atoi(offset)
		if err != nil {
			return fmt.Sprintf("now%sd", offset) // more days than an int holds: left as it is
		}
		days = n
	}
	return midnight(v.now).AddDate(0, 0, days).Format(time.RFC3339)
}

// midnight cuts a time to its day in UTC.
func midnight(t time.Time) time.Time {
	return t.UTC().Truncate(24 * time.Hour)
}
