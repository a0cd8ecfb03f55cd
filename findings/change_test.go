package findings_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/findings"
)

// without is a result from which some findings are taken, by the id of their resource.
func without(result *findings.Result, ids string) *findings.Result {
	var kept []findings.Finding
	for _, finding := range result.Findings {
		if !strings.Contains(ids, finding.Resource.ID) {
			kept = append(kept, finding)
		}
	}
	result.Findings = kept
	return result
}

func TestCompare(t *testing.T) {
	waivedBefore := judged()
	findings.Waive(waivedBefore, []findings.Waiver{waiver("GEO1009", "user", "a")}, waivedBefore.Started)
	waivedNow := judged()
	findings.Waive(waivedNow, []findings.Waiver{waiver("GEO1009", "user", "a")}, waivedNow.Started)
	worse := judged()
	worse.Findings[0].Actual = "more of it"
	tests := []struct {
		name     string
		previous *findings.Result
		now      *findings.Result
		want     findings.Change
		changes  []findings.FindingChange
	}{
		{"the same", judged(), judged(), findings.Change{Unchanged: 3}, []findings.FindingChange{"unchanged", "unchanged", "unchanged"}},
		{"one more", without(judged(), "a"), judged(), findings.Change{New: 1, Unchanged: 2}, []findings.FindingChange{"new", "unchanged", "unchanged"}},
		{"one less", judged(), without(judged(), "a"), findings.Change{Fixed: 1, Unchanged: 2}, []findings.FindingChange{"unchanged", "unchanged"}},
		{"one less of a rule that was not judged in full", judged(), without(judged(), tenantID), findings.Change{Unjudged: 1, Unchanged: 2}, []findings.FindingChange{"unchanged", "unchanged"}},
		{"another value", judged(), worse, findings.Change{Unchanged: 3}, []findings.FindingChange{"updated", "unchanged", "unchanged"}},
		{"a waiver that ended", waivedBefore, judged(), findings.Change{New: 1, Unchanged: 2}, []findings.FindingChange{"new", "unchanged", "unchanged"}},
		{"a waiver that began", judged(), waivedNow, findings.Change{Unchanged: 2}, []findings.FindingChange{"updated", "unchanged", "unchanged"}},
		{"a waived one that is gone", waivedBefore, without(judged(), "a"), findings.Change{Fixed: 1, Unchanged: 2}, []findings.FindingChange{"unchanged", "unchanged"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.now.Compare(tt.previous, sha); err != nil {
				t.Fatal(err)
			}
			tt.want.Previous = sha
			gone := map[findings.FindingChange]int{}
			for _, finding := range tt.now.Change.Gone {
				gone[finding.Change]++
			}
			if gone[findings.Fixed] != tt.want.Fixed || gone[findings.Unjudged] != tt.want.Unjudged || len(tt.now.Change.Gone) != tt.want.Fixed+tt.want.Unjudged {
				t.Errorf("of the findings that are gone, %v are listed, want %d fixed and %d unjudged", gone, tt.want.Fixed, tt.want.Unjudged)
			}
			tt.now.Change.Gone = nil
			if diff := cmp.Diff(&tt.want, tt.now.Change); diff != "" || tt.now.Digests.Previous != sha {
				t.Errorf("change differs (-want +got):\n%s", diff)
			}
			var changes []findings.FindingChange
			for _, finding := range tt.now.Findings {
				changes = append(changes, finding.Change)
			}
			if diff := cmp.Diff(tt.changes, changes); diff != "" {
				t.Errorf("changes differ (-want +got):\n%s", diff)
			}
			if got := tt.now.Rules[3]; got.Was != findings.Pass {
				t.Errorf("%s was %q, want pass", got.ID, got.Was)
			}
		})
	}
}

func TestCompareRefuses(t *testing.T) {
	other, old, masked := judged(), judged(), judged()
	other.Tenant.ID = "another"
	old.Profile = "mtp-2020-a"
	masked.Pseudonyms = "0123456789abcdef"
	for says, previous := range map[string]*findings.Result{"of one tenant": other, "of one profile": old, "pseudonyms of the key 0123456789abcdef and this one no pseudonyms": masked} {
		now := judged()
		if err := now.Compare(previous, sha); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Compare() = %v, want an error that says %q", err, says)
		}
		if diff := cmp.Diff(judged(), now); diff != "" {
			t.Errorf("a comparison that is refused changes the result:\n%s", diff)
		}
	}
}

func TestGateOnNew(t *testing.T) {
	// whole could judge every rule, and found what judged finds.
	whole := func() *findings.Result {
		result := judged()
		result.Rules[2].Outcome = findings.Pass
		return result
	}
	ended := whole()
	findings.Waive(ended, []findings.Waiver{waiver("GEO1009", "user", "*")}, ended.Started)
	tests := []struct {
		name       string
		previous   *findings.Result
		now        *findings.Result
		failOn     string
		incomplete bool
		code       int
		says       string
	}{
		{"nothing new, but a rule that was not judged", whole(), judged(), "high,new", false, 4, "no new violation at or above high, but 1 rule"},
		{"the same, accepted", whole(), judged(), "new", true, 0, "no new violation"},
		{"nothing new", whole(), whole(), "info,new", false, 0, "no new violation at or above info, and every rule"},
		{"one that is new", without(whole(), "a"), judged(), "new", false, 3, "1 new violation of 1 rule at or above high"},
		{"one that is new below the threshold", without(whole(), "a"), whole(), "critical,new", false, 0, "no new violation at or above critical"},
		{"those whose waiver ended", ended, judged(), "new", false, 3, "2 new violations of 1 rule"},
		{"an earlier result that could not judge", judged(), judged(), "new", false, 2, "could not judge 1 rule at or above the threshold (GEO1001)"},
		{"the same, accepted", judged(), judged(), "new", true, 0, "--allow-incomplete"},
		{"no earlier result", nil, judged(), "new", false, 2, "name one with --previous"},
		{"no earlier result, and no threshold", nil, judged(), "never,new", false, 0, "never"},
		{"without new all count", whole(), whole(), "high", false, 3, "3 violations of 2 rules"},
		{"words in the wrong order", whole(), whole(), "new,high", false, 2, `"new,high" is not one of`},
		{"a word too many", whole(), whole(), "high,new,new", false, 2, "is not one of"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.previous != nil {
				if err := tt.now.Compare(tt.previous, sha); err != nil {
					t.Fatal(err)
				}
			}
			if got := findings.Gate(tt.now, tt.failOn, tt.incomplete); got.Code != tt.code || !strings.Contains(got.Reason, tt.says) {
				t.Errorf("Gate() = %+v, want %d with %q", got, tt.code, tt.says)
			}
		})
	}
	bare := &findings.Result{Rules: []findings.Rule{{ID: "A", Severity: findings.Critical, Outcome: findings.Fail, Was: findings.Fail}}, Change: &findings.Change{}}
	if got := findings.Gate(bare, "new", false); got.Code != 0 {
		t.Errorf("Gate() of a rule that failed before without listing findings = %+v, want 0", got)
	}
	bare.Rules[0].Was = findings.Pass
	if got := findings.Gate(bare, "new", false); got.Code != 3 {
		t.Errorf("Gate() of a rule that fails now without listing findings = %+v, want 3", got)
	}
}
