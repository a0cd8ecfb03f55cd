package findings_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/findings"
)

// judgedAt is when the results of these tests were judged: the last day of some waivers.
func judgedAt() time.Time { return time.Date(2026, 11, 21, 23, 59, 0, 0, time.UTC) }

// waiver is a sound waiver for the findings of a rule.
func waiver(rule, kind, id string) findings.Waiver {
	return findings.Waiver{
		Rule: rule, Resource: findings.Selector{Kind: kind, ID: id}, Reason: "It moves in March.",
		Owner: "ada@contoso.com", Approver: "bob@contoso.com", Ticket: "RISK-1", Approved: "2026-11-01", Expires: "2026-11-21",
	}
}

func changed(w findings.Waiver, change func(*findings.Waiver)) findings.Waiver {
	change(&w)
	return w
}

// judged has a rule that users a and b fail, one that fails for the tenant and could not be
// judged in full, one that could not be judged, and one that passes.
func judged() *findings.Result {
	result := &findings.Result{
		Tenant: findings.Tenant{ID: tenantID}, Started: judgedAt(),
		Rules: []findings.Rule{
			{ID: "GEO1009", Severity: findings.High, Outcome: findings.Fail},
			{ID: "CONS1010", Severity: findings.Critical, Outcome: findings.Fail, Reasons: []findings.Reason{{Reason: "partial", Message: "Cut short."}}},
			{ID: "GEO1001", Severity: findings.High, Outcome: findings.Unknown, Reasons: []findings.Reason{{Reason: "needs_attestation", Message: "None."}}},
			{ID: "XDR1001", Severity: findings.High, Outcome: findings.Pass},
		},
	}
	for _, f := range []struct{ rule, kind, id string }{{"GEO1009", "user", "a"}, {"GEO1009", "user", "b"}, {"CONS1010", "tenant", tenantID}} {
		resource := findings.Resource{Kind: f.kind, ID: f.id}
		result.Findings = append(result.Findings, findings.Finding{
			Rule: f.rule, Outcome: findings.Fail, Severity: findings.High, Resource: resource, Fingerprint: findings.Fingerprint(tenantID, f.rule, resource),
		})
	}
	return result
}

// said is a result's outcomes and waivers in few words.
func said(result *findings.Result) (outcomes, states []string) {
	for _, rule := range result.Rules {
		outcomes = append(outcomes, rule.ID+" "+string(rule.Outcome))
	}
	for _, finding := range result.Findings {
		word := string(finding.Outcome)
		if finding.Waiver != "" {
			word += " named"
		}
		outcomes = append(outcomes, finding.Resource.ID[:1]+" "+word)
	}
	for _, w := range result.Waivers {
		states = append(states, fmt.Sprintf("%s/%s %s %d", w.Rule, w.Resource.ID[:1], w.State, w.Covers))
	}
	return outcomes, states
}

func TestWaive(t *testing.T) {
	a, b, all := waiver("GEO1009", "user", "a"), waiver("GEO1009", "user", "b"), waiver("GEO1009", "user", "*")
	late := func(w findings.Waiver) findings.Waiver {
		return changed(w, func(w *findings.Waiver) { w.Expires = "2026-11-20" })
	}
	unknown := changed(waiver("GEO1001", "tenant", tenantID), func(w *findings.Waiver) { w.Accept = findings.Unknown })
	tests := []struct {
		name             string
		waivers          []findings.Waiver
		outcomes, states []string
	}{
		{"none", []findings.Waiver{}, []string{"GEO1009 fail", "CONS1010 fail", "GEO1001 unknown", "XDR1001 pass", "a fail", "b fail", "3 fail"}, nil},
		{
			"one finding of two, on the waiver's last day",
			[]findings.Waiver{a},
			[]string{"GEO1009 fail", "CONS1010 fail", "GEO1001 unknown", "XDR1001 pass", "a waived named", "b fail", "3 fail"},
			[]string{"GEO1009/a used 1"},
		},
		{
			"every finding",
			[]findings.Waiver{b, a},
			[]string{"GEO1009 waived", "CONS1010 fail", "GEO1001 unknown", "XDR1001 pass", "a waived named", "b waived named", "3 fail"},
			[]string{"GEO1009/a used 1", "GEO1009/b used 1"},
		},
		{
			"all of a kind",
			[]findings.Waiver{all},
			[]string{"GEO1009 waived", "CONS1010 fail", "GEO1001 unknown", "XDR1001 pass", "a waived named", "b waived named", "3 fail"},
			[]string{"GEO1009/* over_broad 2"},
		},
		{
			"what names the resource before what names its kind",
			[]findings.Waiver{all, a},
			[]string{"GEO1009 waived", "CONS1010 fail", "GEO1001 unknown", "XDR1001 pass", "a waived named", "b waived named", "3 fail"},
			[]string{"GEO1009/* used 1", "GEO1009/a used 1"},
		},
		{
			"what is in force before what names the resource",
			[]findings.Waiver{late(a), all},
			[]string{"GEO1009 waived", "CONS1010 fail", "GEO1001 unknown", "XDR1001 pass", "a waived named", "b waived named", "3 fail"},
			[]string{"GEO1009/* over_broad 2", "GEO1009/a expired 0"},
		},
		{
			"one that ended and one that has not begun",
			[]findings.Waiver{late(a), changed(b, func(w *findings.Waiver) { w.From, w.Expires = "2026-11-22", "2026-12-31" })},
			[]string{"GEO1009 fail", "CONS1010 fail", "GEO1001 unknown", "XDR1001 pass", "a fail named", "b fail named", "3 fail"},
			[]string{"GEO1009/a expired 1", "GEO1009/b pending 1"},
		},
		{
			"an outcome that is unknown",
			[]findings.Waiver{unknown},
			[]string{"GEO1009 fail", "CONS1010 fail", "GEO1001 waived", "XDR1001 pass", "a fail", "b fail", "3 fail"},
			[]string{"GEO1001/3 used 1"},
		},
		{
			"an unknown outcome, too late",
			[]findings.Waiver{late(unknown)},
			[]string{"GEO1009 fail", "CONS1010 fail", "GEO1001 unknown", "XDR1001 pass", "a fail", "b fail", "3 fail"},
			[]string{"GEO1001/3 expired 1"},
		},
		{
			"the findings of a rule that was not judged in full, which is unknown then",
			[]findings.Waiver{waiver("CONS1010", "tenant", tenantID)},
			[]string{"GEO1009 fail", "CONS1010 unknown", "GEO1001 unknown", "XDR1001 pass", "a fail", "b fail", "3 waived named"},
			[]string{"CONS1010/3 used 1"},
		},
		{
			"the findings and what could not be judged",
			[]findings.Waiver{waiver("CONS1010", "tenant", tenantID), changed(waiver("CONS1010", "tenant", "*"), func(w *findings.Waiver) { w.Accept = findings.Unknown })},
			[]string{"GEO1009 fail", "CONS1010 waived", "GEO1001 unknown", "XDR1001 pass", "a fail", "b fail", "3 waived named"},
			[]string{"CONS1010/* used 1", "CONS1010/3 used 1"},
		},
		{
			"nothing: another kind, another id, a pass, an unknown without accept, no such rule",
			[]findings.Waiver{
				waiver("GEO1009", "group", "a"), waiver("GEO1009", "user", "c"), waiver("XDR1001", "tenant", "*"),
				waiver("GEO1001", "tenant", tenantID), waiver("NONE1001", "tenant", "*"), waiver("CONS1010", "user", "*"),
				changed(waiver("XDR1001", "tenant", "*"), func(w *findings.Waiver) { w.Accept = findings.Unknown }),
			},
			[]string{"GEO1009 fail", "CONS1010 fail", "GEO1001 unknown", "XDR1001 pass", "a fail", "b fail", "3 fail"},
			[]string{
				"CONS1010/* not_judged 0", "GEO1001/3 not_judged 0", "GEO1009/a unused 0", "GEO1009/c unused 0", "NONE1001/* not_judged 0",
				"XDR1001/* unused 0", "XDR1001/* unused 0",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result := judged()
			findings.Waive(result, tt.waivers, result.Started)
			outcomes, states := said(result)
			if diff := cmp.Diff(tt.outcomes, outcomes); diff != "" {
				t.Errorf("outcomes differ (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.states, states); diff != "" {
				t.Errorf("states differ (-want +got):\n%s", diff)
			}
			once := result.Normalised()
			findings.Waive(result, tt.waivers, result.Started)
			if diff := cmp.Diff(once, result.Normalised()); diff != "" {
				t.Errorf("waiving twice is not waiving once:\n%s", diff)
			}
			findings.Waive(result, nil, result.Started)
			if diff := cmp.Diff(judged().Normalised(), result.Normalised()); diff != "" {
				t.Errorf("what is waived can't be lifted:\n%s", diff)
			}
		})
	}
}

// TestWaivedDoesNotCount: the gate passes over what is waived, and over nothing else.
func TestWaivedDoesNotCount(t *testing.T) {
	result := judged()
	findings.Waive(result, []findings.Waiver{
		waiver("GEO1009", "user", "*"), waiver("CONS1010", "tenant", tenantID),
		changed(waiver("GEO1001", "tenant", "*"), func(w *findings.Waiver) { w.Accept = findings.Unknown }),
	}, result.Started)
	result.Summary = findings.Summarise(result.Rules, result.Findings)
	if got := findings.Gate(result, "info", false); got.Code != findings.ExitIncomplete || !strings.Contains(got.Reason, "(CONS1010)") {
		t.Errorf("Gate() = %+v, want only the rule that was not judged in full to count", got)
	}
	if got := result.Summary; got.Findings != 0 || got.Outcomes[findings.Waived] != 2 || got.Failed[findings.Critical] != 0 {
		t.Errorf("Summarise() = %+v, want no violation and two waived rules", got)
	}
}

// TestSupportingKeepsItsWaivers: a part of a result can be written and read as the whole can.
func TestSupportingKeepsItsWaivers(t *testing.T) {
	result := judged()
	result.Rules[0].Frameworks = map[string][]findings.Control{"gdpr": {{ID: "44", Coverage: "evidence"}}}
	findings.Waive(result, []findings.Waiver{waiver("GEO1009", "user", "a"), waiver("CONS1010", "tenant", tenantID)}, result.Started)
	if err := result.Compare(judged(), sha); err != nil {
		t.Fatal(err)
	}
	part, err := findings.Read(bytes.NewReader(write(t, result.Supporting("gdpr"))))
	if err != nil {
		t.Fatal(err)
	}
	outcomes, states := said(part)
	if diff := cmp.Diff([]string{"GEO1009 fail", "a waived named", "b fail"}, outcomes); diff != "" || len(states) != 1 || part.Change != nil {
		t.Errorf("the part has the waivers %v, the change %v, and differs (-want +got):\n%s", states, part.Change, diff)
	}
}

func TestWaiversDigest(t *testing.T) {
	a, b := waiver("GEO1009", "user", "a"), waiver("GEO1009", "user", "b")
	digest := func(waivers ...findings.Waiver) string {
		result := judged()
		findings.Waive(result, waivers, result.Started)
		return result.Digests.Waivers
	}
	if got, want := digest(b, a), digest(a, b.Identify()); got != want || len(got) != 64 {
		t.Errorf("the digest of the same waivers is %q and %q", got, want)
	}
	if digest(a) == digest(changed(a, func(w *findings.Waiver) { w.Expires = "2026-12-01" })) {
		t.Error("another term has the same digest")
	}
	if got := digest(); got != "" {
		t.Errorf("the digest of no list = %q, want none", got)
	}
	if digest([]findings.Waiver{}...) == "" {
		t.Error("an empty list has no digest")
	}
}

func TestIdentify(t *testing.T) {
	w := waiver("GEO1009", "user", "a")
	id := w.Identify().ID
	renewed := changed(w, func(w *findings.Waiver) { w.Expires, w.Reason, w.Ticket = "2027-01-01", "Later.", "RISK-2" })
	if got := renewed.Identify(); got.ID != id || got.From != "2026-11-01" || got.Accept != findings.Fail {
		t.Errorf("Identify() of the renewed = %+v, want the id %s", got, id)
	}
	for name, other := range map[string]findings.Waiver{
		"rule": waiver("GEO1008", "user", "a"), "kind": waiver("GEO1009", "group", "a"), "id": waiver("GEO1009", "user", "b"),
		"accept": changed(w, func(w *findings.Waiver) { w.Accept = findings.Unknown }),
	} {
		if other.Identify().ID == id {
			t.Errorf("another %s has the same id", name)
		}
	}
}

func TestWaiverCheck(t *testing.T) {
	sound := waiver("GEO1009", "user", "a")
	if err := sound.Check(findings.DefaultWaiverDays); err != nil {
		t.Fatalf("Check() of a sound waiver = %v", err)
	}
	tests := []struct {
		name   string
		change func(*findings.Waiver)
		says   string
	}{
		{"no rule", func(w *findings.Waiver) { w.Rule = "" }, "rule is missing"},
		{"no kind", func(w *findings.Waiver) { w.Resource.Kind = "" }, "resource.kind is missing"},
		{"no id", func(w *findings.Waiver) { w.Resource.ID = "" }, "resource.id is missing"},
		{"an empty reason", func(w *findings.Waiver) { w.Reason = " \n" }, "reason is missing"},
		{"no owner", func(w *findings.Waiver) { w.Owner = "" }, "owner is missing"},
		{"no approver", func(w *findings.Waiver) { w.Approver = "" }, "approver is missing"},
		{"no ticket", func(w *findings.Waiver) { w.Ticket = "" }, "ticket is missing"},
		{"no approval", func(w *findings.Waiver) { w.Approved = "" }, "approved is missing"},
		{"no end", func(w *findings.Waiver) { w.Expires = "" }, "expires is missing"},
		{"one person", func(w *findings.Waiver) { w.Approver = "ADA@contoso.com " }, "somebody else must approve"},
		{"every rule", func(w *findings.Waiver) { w.Rule = "GEO*" }, "one rule"},
		{"every kind", func(w *findings.Waiver) { w.Resource.Kind = "*" }, "one rule and one kind"},
		{"a pass", func(w *findings.Waiver) { w.Accept = findings.Pass }, `accept is "pass"`},
		{"an unknown of a user", func(w *findings.Waiver) { w.Accept = findings.Unknown }, "kind: tenant"},
		{"no day", func(w *findings.Waiver) { w.Expires = "31.1.2027" }, "is no day"},
		{"a day that isn't", func(w *findings.Waiver) { w.Expires = "2027-02-29" }, "is no day"},
		{"back-dated", func(w *findings.Waiver) { w.From = "2026-10-31" }, "before it was approved"},
		{"over before it begins", func(w *findings.Waiver) { w.Expires = "2026-10-31" }, "before it begins"},
		{"too long", func(w *findings.Waiver) { w.Expires = "2027-11-02" }, "longer than the 365 days"},
		{"a long text", func(w *findings.Waiver) { w.Reason = strings.Repeat("x", 1001) }, "longer than 1000 bytes"},
		{"a text turned round", func(w *findings.Waiver) { w.Reason = "a\u202Eb" }, "not seen"},
		{"a broken text", func(w *findings.Waiver) { w.Ticket = "\xff" }, "not seen"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := changed(sound, tt.change).Check(findings.DefaultWaiverDays); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Check() = %v, want an error that says %q", err, tt.says)
			}
		})
	}
	whole := changed(sound, func(w *findings.Waiver) { w.Expires = "2027-11-01" })
	if err := whole.Check(findings.DefaultWaiverDays); err != nil {
		t.Errorf("Check() of the longest term = %v", err)
	}
	later := changed(sound, func(w *findings.Waiver) { w.From, w.Expires = "2027-01-01", "2028-01-01" })
	if err := later.Check(findings.DefaultWaiverDays); err != nil {
		t.Errorf("Check() of a term that begins later = %v", err)
	}
}

func TestDaysLeft(t *testing.T) {
	for expires, want := range map[string]int{"2026-11-21": 0, "2026-11-22": 1, "2026-11-20": -1, "2026-12-21": 30} {
		w := changed(waiver("A", "b", "c"), func(w *findings.Waiver) { w.Expires = expires })
		if got := w.DaysLeft(judgedAt()); got != want {
			t.Errorf("DaysLeft() of %s = %d, want %d", expires, got, want)
		}
	}
}
