package findings

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Write writes the Result as result.json: indented, without HTML escapes, with lists
// and maps that are empty rather than null, sorted as the fields say and in UTC, so
// that equal results give equal bytes. The Result itself is left as it is. Memory holds one
// encoded finding at a time.
func (r *Result) Write(w io.Writer) error {
	if err := r.Normalised().write(w); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// noFindings is how a result without findings ends: they are its last member.
const noFindings = "[]\n}\n"

func (r *Result) write(w io.Writer) error {
	head := *r
	head.Findings = []Finding{}
	encoded, err := indented(head, "")
	if err != nil {
		return err
	}
	before, ends := bytes.CutSuffix(encoded, []byte(noFindings))
	if !ends {
		return errors.New("findings are not the last member of a result")
	}
	out := bufio.NewWriter(w)
	// A bufio.Writer keeps its first error for Flush.
	put := func(text []byte) { _, _ = out.Write(text) }
	put(before)
	separator := "[\n    "
	for _, finding := range r.Findings {
		encoded, err := indented(finding, "    ")
		if err != nil {
			return err
		}
		put([]byte(separator))
		put(bytes.TrimSuffix(encoded, []byte("\n")))
		separator = ",\n    "
	}
	if len(r.Findings) == 0 {
		put([]byte(noFindings))
	} else {
		put([]byte("\n  ]\n}\n"))
	}
	return out.Flush()
}

// indented encodes a value as result.json writes it where each of its lines but the first
// begins with a prefix.
func indented(value any, prefix string) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent(prefix, "  ")
	err := encoder.Encode(value)
	return out.Bytes(), err
}

// Normalised returns a copy that has its version set, no nil list or map, its times in
// UTC, and its lists in the order that their fields name. Reports render such a copy, and
// leave its findings as they are: it shares those that are in order already.
func (r *Result) Normalised() *Result {
	out := *r
	if out.Version == 0 {
		out.Version = Version
	}
	out.Params = filled(r.Params)
	out.Reader.Roles = sorted(r.Reader.Roles)
	out.Reader.Scopes = sorted(r.Reader.Scopes)
	out.Started, out.Finished = r.Started.UTC(), r.Finished.UTC()
	out.Config.Lines = filled(r.Config.Lines)
	if r.Selection != nil {
		out.Selection = &Selection{
			Frameworks: sorted(r.Selection.Frameworks), Rules: sorted(r.Selection.Rules),
			Exclude: sorted(r.Selection.Exclude), Of: r.Selection.Of,
		}
	}
	out.Summary = normalSummary(r.Summary)
	if r.Change != nil {
		change := *r.Change
		change.Gone = slices.Clone(r.Change.Gone)
		slices.SortStableFunc(change.Gone, compareFindings)
		out.Change = &change
	}
	out.Remediations = list(r.Remediations)
	for i := range out.Remediations {
		out.Remediations[i] = normalRun(out.Remediations[i])
	}
	slices.SortStableFunc(out.Remediations, compareRuns)
	out.Waivers = list(r.Waivers)
	slices.SortStableFunc(out.Waivers, compareWaivers)
	out.Evidence = list(r.Evidence)
	for i := range out.Evidence {
		out.Evidence[i].Time = out.Evidence[i].Time.UTC()
	}
	slices.SortStableFunc(out.Evidence, func(a, b Evidence) int { return cmp.Compare(a.Kind, b.Kind) })
	out.Gaps = list(r.Gaps)
	slices.SortStableFunc(out.Gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason))
	})
	out.Rules = list(r.Rules)
	for i := range out.Rules {
		out.Rules[i] = normalRule(out.Rules[i])
	}
	slices.SortStableFunc(out.Rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	if out.Findings == nil || !slices.IsSortedFunc(out.Findings, compareFindings) {
		out.Findings = list(r.Findings)
		slices.SortStableFunc(out.Findings, compareFindings)
	}
	return &out
}

func compareFindings(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.Resource.Kind, b.Resource.Kind),
		cmp.Compare(a.Resource.ID, b.Resource.ID),
	)
}

func normalSummary(s Summary) Summary {
	s.Outcomes = filled(s.Outcomes)
	for _, outcome := range Outcomes() {
		s.Outcomes[outcome] += 0
	}
	s.Failed = filled(s.Failed)
	for _, severity := range Severities() {
		s.Failed[severity] += 0
	}
	s.Unjudged = filled(s.Unjudged)
	return s
}

func normalRule(rule Rule) Rule {
	rule.Reasons = list(rule.Reasons)
	rule.Observed = list(rule.Observed)
	rule.Kinds = sorted(rule.Kinds)
	rule.Params = sorted(rule.Params)
	rule.References = list(rule.References)
	frameworks := make(map[string][]Control, len(rule.Frameworks))
	for key, controls := range rule.Frameworks {
		controls = list(controls)
		slices.SortStableFunc(controls, func(a, b Control) int { return cmp.Compare(a.ID, b.ID) })
		frameworks[key] = controls
	}
	rule.Frameworks = frameworks
	rule.Remediation.Steps = list(rule.Remediation.Steps)
	return rule
}

// list copies a slice; the copy of nil is empty.
func list[T any](in []T) []T { return append(make([]T, 0, len(in)), in...) }

func sorted(in []string) []string {
	out := list(in)
	slices.Sort(out)
	return out
}

// filled copies a map; the copy of nil is empty.
func filled[K comparable, V any](in map[K]V) map[K]V {
	out := make(map[K]V, len(in))
	maps.Copy(out, in)
	return out
}
