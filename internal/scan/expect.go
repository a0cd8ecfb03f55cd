package scan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/domicile-audit/domicile/findings"
)

// Difference says where a result differs first from the one that was expected: in what the
// verdicts rest on, then in the verdicts. It is empty for results that are written alike.
func Difference(expected, got *findings.Result) string {
	was, is := expected.Digests, got.Digests
	param := differingKey(expected.Params, got.Params)
	parts := []pair{
		{"tenant", expected.Tenant, got.Tenant},
		{"evidence (digests.evidence)", was.Evidence, is.Evidence},
		{"policies, the rules (digests.policies)", was.Policies, is.Policies},
		{"profile", expected.Profile, got.Profile},
		{"params." + param, expected.Params[param], got.Params[param]},
		{"selection of rules", expected.Selection, got.Selection},
		{"options, --fail-on or --allow-incomplete (digests.params)", was.Params, is.Params},
		{"waivers (digests.waivers)", was.Waivers, is.Waivers},
		{"earlier result, --previous (digests.previous)", was.Previous, is.Previous},
		{"program that judges (tool)", expected.Tool, got.Tool},
		{"configuration named (config)", expected.Config, got.Config},
		{"signature of the evidence (signature)", expected.Signature, got.Signature},
	}
	parts = append(parts, merged(expected.Rules, got.Rules, func(r findings.Rule) string { return "rule " + r.ID })...)
	parts = append(parts, merged(expected.Findings, got.Findings, func(f findings.Finding) string { return "rule " + f.Rule + ", finding " + f.Fingerprint })...)
	parts = append(parts, pair{"rest of the result", expected, got})
	for _, part := range parts {
		if was, is := encoded(part.was), encoded(part.is); !bytes.Equal(was, is) {
			return fmt.Sprintf("%s: expected %s, got %s", part.key, shortened(was), shortened(is))
		}
	}
	return ""
}

// differingKey is the first key whose values differ.
func differingKey(a, b map[string]any) string {
	keys := map[string]any{}
	maps.Copy(keys, a)
	maps.Copy(keys, b)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if !bytes.Equal(encoded(a[key]), encoded(b[key])) {
			return key
		}
	}
	return ""
}

// pair is a part of two results, nil where one of them lacks it.
type pair struct {
	key     string
	was, is any
}

// merged pairs the elements of two lists, in the order of their keys.
func merged[T any](was, is []T, key func(T) string) []pair {
	pairs := map[string]pair{}
	for _, element := range was {
		pairs[key(element)] = pair{key: key(element), was: element}
	}
	for _, element := range is {
		p := pairs[key(element)]
		p.key, p.is = key(element), element
		pairs[p.key] = p
	}
	list := make([]pair, 0, len(pairs))
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		list = append(list, pairs[key])
	}
	return list
}

// encoded is a value as result.json has it.
func encoded(value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		return []byte(err.Error()) // what a result holds came from JSON
	}
	return data
}

// maxShown bounds how much of a value that differs is shown.
const maxShown = 200

func shortened(data []byte) []byte {
	if len(data) > maxShown {
		return append(slices.Clone(data[:maxShown]), "..."...)
	}
	return data
}
