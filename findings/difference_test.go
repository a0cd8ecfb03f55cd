package findings_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/findings"
)

// finds is a result of one rule, R1, that found what is named: the resource's id, and behind
// a colon what there is. Words without one are the rule's outcome.
func finds(evidence, policies string, words ...string) *findings.Result {
	r := &findings.Result{
		Tenant: findings.Tenant{ID: tenantID}, Profile: "xdr-current", Digests: findings.Digests{Evidence: evidence, Policies: policies},
		Rules: []findings.Rule{{ID: "R1", Severity: findings.High, Outcome: findings.Pass}},
	}
	for _, word := range words {
		if slices.Contains(findings.Outcomes(), findings.Outcome(word)) {
			r.Rules[0].Outcome = findings.Outcome(word)
			continue
		}
		resource := findings.Resource{Kind: "user", ID: word[:1]}
		r.Rules[0].Outcome = findings.Fail
		r.Rules[0].Failed++
		r.Findings = append(r.Findings, findings.Finding{
			Rule: "R1", Outcome: findings.Fail, Severity: findings.High, Resource: resource, Actual: word[1:], Fingerprint: findings.Fingerprint(tenantID, "R1", resource),
		})
	}
	return r
}

func waivedUntil(r *findings.Result, id, day string) *findings.Result {
	w := waiver("R1", "user", id)
	w.Expires = day
	findings.Waive(r, []findings.Waiver{w}, r.Started)
	return r
}

// unasked takes the rule away.
func unasked(r *findings.Result) *findings.Result {
	r.Rules = nil
	return r
}

func at(r *findings.Result, day int) *findings.Result {
	r.Started = time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC)
	return r
}

func TestDiffer(t *testing.T) {
	type changes map[string]string // the resource's id: the change, what differs, the causes
	tests := []struct {
		name              string
		before, after     *findings.Result
		forward, backward *findings.Result
		want              changes
		rule              string // its outcomes and the causes
	}{
		{"the same", finds("e1", "p1", "a"), finds("e1", "p1", "a"), nil, nil, changes{}, ""},
		{"the tenant alone", finds("e1", "p1", "a", "b:1", "c"), finds("e2", "p1", "b:2", "c", "d"), nil, nil, changes{
			"a": "fixed [] [tenant]", "b": "updated [actual] [tenant]", "d": "new [] [tenant]",
		}, ""},
		{"the policy alone", finds("e1", "p1"), finds("e1", "p2", "a"), nil, nil, changes{"a": "new [] [policy]"}, "pass fail [policy]"},
		{"time alone", at(finds("e1", "p1"), 1), at(finds("e1", "p1", "a"), 2), nil, nil, changes{"a": "new [] [time]"}, "pass fail [time]"},
		{"nothing that is named", finds("e1", "p1"), finds("e1", "p1", "a"), nil, nil, changes{"a": "new [] [policy]"}, "pass fail [policy]"},
		{"both, and not judged crosswise", finds("e1", "p1", "a"), finds("e2", "p2", "b"), nil, nil, changes{"a": "fixed [] [unclear]", "b": "new [] [unclear]"}, ""},
		{"both, judged forward", finds("e1", "p1", "a", "c:1"), finds("e2", "p2", "b", "c:2", "d"), finds("e1", "p2", "a", "c:x", "d"), nil, changes{
			"a": "fixed [] [tenant]", "b": "new [] [tenant]", "c": "updated [actual] [tenant policy]", "d": "new [] [policy]",
		}, ""},
		{"both, judged backward", finds("e1", "p1", "a", "c:1"), finds("e2", "p2", "b", "c:2", "d"), nil, finds("e2", "p1", "c:1", "b"), changes{
			"a": "fixed [] [tenant]", "b": "new [] [tenant]", "c": "updated [actual] [policy]", "d": "new [] [policy]",
		}, ""},
		{"only both together", finds("e1", "p1"), finds("e2", "p2", "a"), finds("e1", "p2"), finds("e2", "p1"), changes{"a": "new [] [tenant policy]"}, "pass fail [tenant policy]"},
		{"either would do", finds("e1", "p1"), finds("e2", "p2", "a"), finds("e1", "p2", "a"), finds("e2", "p1", "a"), changes{"a": "new [] [tenant policy]"}, "pass fail [tenant policy]"},
		{"a waiver that began", at(finds("e1", "p1", "a"), 1), waivedUntil(at(finds("e1", "p1", "a"), 1), "a", "2026-12-31"), nil, nil, changes{"a": "updated [outcome waiver] [waivers]"}, "fail waived [waivers]"},
		{"a waiver that ended", waivedUntil(at(finds("e1", "p1", "a"), 1), "a", "2026-11-01"), waivedUntil(at(finds("e2", "p1", "a"), 2), "a", "2026-11-01"), nil, nil, changes{"a": "new [outcome] [waivers]"}, "waived fail [waivers]"},
		{"a waiver and the tenant", at(finds("e1", "p1", "a:1"), 1), waivedUntil(at(finds("e2", "p1", "a:2"), 1), "a", "2026-12-31"), nil, nil, changes{"a": "updated [outcome actual waiver] [tenant waivers]"}, "fail waived [waivers]"},
		{"no longer judged", finds("e1", "p1", "a"), finds("e2", "p1", "unknown"), nil, nil, changes{"a": "unjudged [] [tenant]"}, "fail unknown [tenant]"},
		{"no longer asked", finds("e1", "p1", "a"), unasked(finds("e2", "p2")), nil, nil, changes{"a": "unjudged [] [policy]"}, "fail  [policy]"},
		{"no longer judged by other rules", finds("e1", "p1", "a"), finds("e2", "p2", "not_applicable"), finds("e1", "p2", "not_applicable"), nil, changes{"a": "unjudged [] [policy]"}, "fail not_applicable [policy]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, after := write(t, tt.before), write(t, tt.after)
			got, err := findings.Differ(tt.before, tt.after, sha, sha, findings.Crosswise{Forward: tt.forward, Backward: tt.backward})
			if err != nil {
				t.Fatal(err)
			}
			changed := changes{}
			for _, finding := range got.Findings {
				changed[finding.Finding().Resource.ID] = fmt.Sprint(finding.Change, " ", finding.Fields, " ", finding.Causes)
			}
			if diff := cmp.Diff(tt.want, changed); diff != "" {
				t.Errorf("changes differ (-want +got):\n%s", diff)
			}
			rule := ""
			for _, one := range got.Rules {
				rule += fmt.Sprint(one.Before, " ", one.After, " ", one.Causes)
			}
			if rule != tt.rule || got.Same() != (len(tt.want) == 0 && tt.rule == "") {
				t.Errorf("the rule changed %q, want %q; Same() = %v", rule, tt.rule, got.Same())
			}
			if sum := got.Counts; sum.New+sum.Changed+sum.Fixed+sum.Unjudged != len(tt.want) || sum.New+sum.Changed+sum.Unchanged != len(tt.after.Findings) {
				t.Errorf("counts are %+v for %d changes", sum, len(tt.want))
			}
			if !bytes.Equal(write(t, tt.before), before) || !bytes.Equal(write(t, tt.after), after) {
				t.Error("comparing results changes them")
			}
		})
	}
}

// TestDifferAgreesWithCompare: what a result says of an earlier one, and what Differ says
// of the two, is the same.
func TestDifferAgreesWithCompare(t *testing.T) {
	before, after := finds("e1", "p1", "a", "b:1", "c", "d"), waivedUntil(finds("e2", "p1", "b:2", "c", "d", "e"), "d", "2026-12-31")
	got, err := findings.Differ(before, after, sha, sha, findings.Crosswise{})
	if err != nil {
		t.Fatal(err)
	}
	if err := after.Compare(before, sha); err != nil {
		t.Fatal(err)
	}
	says := map[string]findings.FindingChange{}
	for _, finding := range got.Findings {
		says[finding.Finding().Fingerprint] = finding.Change
	}
	for _, finding := range slices.Concat(after.Findings, after.Change.Gone) {
		want := finding.Change
		if want == findings.Unchanged {
			want = ""
		}
		if says[finding.Fingerprint] != want {
			t.Errorf("finding %s is %q, and by Compare %q", finding.Resource.ID, says[finding.Fingerprint], finding.Change)
		}
	}
}

func TestDifferRefusesWhatHasOtherIDs(t *testing.T) {
	other, masked := finds("e1", "p1"), finds("e1", "p1")
	other.Tenant.ID = "another"
	masked.Pseudonyms = "0123456789abcdef"
	for _, after := range []*findings.Result{other, masked} {
		if got, err := findings.Differ(finds("e1", "p1"), after, sha, sha, findings.Crosswise{}); err == nil {
			t.Errorf("Differ() = %+v, want an error", got)
		}
	}
}

func TestCompareInputs(t *testing.T) {
	change := func(change func(*findings.Result)) *findings.Result {
		r := finds("e1", "p1")
		r.Params = map[string]any{"a": []any{"EU"}}
		change(r)
		return r
	}
	base := change(func(*findings.Result) {})
	tests := []struct {
		now  *findings.Result
		want findings.Inputs
	}{
		{change(func(r *findings.Result) { r.Digests.Params = "options" }), findings.Inputs{}},
		{change(func(r *findings.Result) { r.Params = map[string]any{"a": []string{"EU"}} }), findings.Inputs{}},
		{change(func(r *findings.Result) { r.Params = nil }), findings.Inputs{Params: true}},
		{change(func(r *findings.Result) { r.Rules = nil }), findings.Inputs{Rules: true}},
		{change(func(r *findings.Result) { r.Digests.Policies = "p2" }), findings.Inputs{Rules: true}},
		{change(func(r *findings.Result) { r.Digests.Evidence = "e2" }), findings.Inputs{Evidence: true}},
		{change(func(r *findings.Result) { r.Digests.Waivers = "w" }), findings.Inputs{Waivers: true}},
		{change(func(r *findings.Result) { r.Profile = "mtp-2020-a" }), findings.Inputs{Profile: true}},
		{change(func(r *findings.Result) { r.Started = r.Started.Add(time.Hour) }), findings.Inputs{Time: true}},
		{change(func(r *findings.Result) { r.Tool.Version = "9" }), findings.Inputs{Tool: true}},
	}
	for _, tt := range tests {
		if got := findings.CompareInputs(base, tt.now); got != tt.want {
			t.Errorf("CompareInputs() = %+v, want %+v", got, tt.want)
		}
	}
}

// BenchmarkDiffer compares two results of 100,000 findings, of which one in a hundred is
// another.
func BenchmarkDiffer(b *testing.B) {
	before, after := finds("e1", "p1"), finds("e2", "p1")
	for n := range 101_000 {
		resource := findings.Resource{Kind: "user", ID: fmt.Sprint(n)}
		one := findings.Finding{Rule: "R1", Outcome: findings.Fail, Severity: findings.High, Resource: resource, Message: fmt.Sprintf("The user %d is where none may be.", n), Fingerprint: findings.Fingerprint(tenantID, "R1", resource)}
		if n < 100_000 {
			before.Findings = append(before.Findings, one)
		}
		if n >= 1000 {
			after.Findings = append(after.Findings, one)
		}
	}
	for b.Loop() {
		got, err := findings.Differ(before, after, sha, sha, findings.Crosswise{})
		if err != nil || got.Counts != (findings.DifferenceSum{New: 1000, Fixed: 1000, Unchanged: 99_000}) {
			b.Fatalf("Differ() = %+v, %v", got.Counts, err)
		}
	}
}
