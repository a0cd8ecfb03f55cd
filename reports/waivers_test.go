package reports_test

import (
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/reports"
)

// accepted is weak with a critical violation, an unknown outcome and all of a kind waived,
// and with waivers that are of no use yet.
func accepted() *findings.Result {
	result := weak()
	base := waivers()[0]
	with := func(rule, kind, id string) findings.Waiver {
		w := base
		w.Rule, w.Resource, w.Expires = rule, findings.Selector{Kind: kind, ID: id}, "2027-06-30"
		return w
	}
	unknown, pending := with("GEO1004", "tenant", tenantID), with("ROLE1002", "tenant", "*")
	unknown.Accept = findings.Unknown
	pending.From = "2026-12-01"
	findings.Waive(result, []findings.Waiver{
		with("GEO1002", "geo", "xdr:storage"), with("GEO1009", "user", "*"), with("NONE1001", "tenant", "*"), unknown, pending,
	}, result.Started)
	compare(result)
	return settle(result)
}

func TestWaiversAreShown(t *testing.T) {
	got := text(t, accepted(), reports.TextOptions{Width: 200})
	for _, want := range []string{
		"Waived: 13 findings and 1 rule that could not be judged, 1 of them critical.\n",
		"GEO1009, user *: over-broad, covers 12 findings through *, until 2027-06-30.",
		"GEO1004, tenant " + tenantID + ": in force, covers that the rule could not be judged",
		"NONE1001, tenant *: not judged, its rule was not judged, or not in full",
		"ROLE1002, tenant *: pending, holds from 2026-12-01 on",
		"- 7 people are Global Administrators. Waiver ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the text lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(text(t, good(), reports.TextOptions{}), "aive") {
		t.Error("the text of a tenant without waivers speaks of them")
	}
}

// Who stands for a waiver and until when is in every format that has a place for it, whether
// it covers a finding or the outcome of a rule, and whether it is in force or not.
func TestWaiversTermsAreShown(t *testing.T) {
	for _, format := range []string{"json", "sarif", "html", "csv", "xlsx", "junit", "oscal", "ocsf"} {
		for name, waiver := range map[string]findings.Waiver{
			"a finding's":       {Rule: "GEO1002", Resource: findings.Selector{Kind: "geo", ID: "xdr:storage"}, Accept: findings.Fail, Expires: "2027-01-31"},
			"an unknown rule's": {Rule: "GEO1004", Resource: findings.Selector{Kind: "tenant", ID: tenantID}, Accept: findings.Unknown, Expires: "2027-01-31"},
			"an expired one's":  {Rule: "GEO1002", Resource: findings.Selector{Kind: "geo", ID: "*"}, Accept: findings.Fail, Expires: "2026-11-01"},
		} {
			waiver.Owner, waiver.Approver, waiver.Ticket, waiver.Approved, waiver.Reason = "ada the owner", "bob who approves", "RISK-4711", "2026-10-01", "It was agreed upon."
			result := weak()
			result.Waivers = nil
			findings.Waive(result, []findings.Waiver{waiver}, result.Started)
			made := readable(t, format, render(t, format, settle(result)))
			for _, want := range []string{waiver.Owner, waiver.Approver, waiver.Ticket, waiver.Expires, waiver.Reason} {
				if !strings.Contains(made, want) {
					t.Errorf("%s waiver in %s lacks %q", name, format, want)
				}
			}
		}
	}
}

// TestHeadlineNamesWaivers: a tenant in which everything wrong is waived has not simply
// nothing wrong.
func TestHeadlineNamesWaivers(t *testing.T) {
	result := good()
	fail(result, "GEO1002", findings.Resource{Kind: "geo", ID: "xdr:storage"}, "It is in US.", "EU", "US")
	waiver := waivers()[0]
	waiver.Rule, waiver.Resource = "GEO1002", findings.Selector{Kind: "geo", ID: "xdr:storage"}
	findings.Waive(result, []findings.Waiver{waiver}, result.Started)
	page := string(render(t, "html", settle(result)))
	for _, want := range []string{"No open violation, but 1 rule waived", "Waived: 1 finding, 1 of them critical."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestAcceptedUnknownIsNotJudged: no report takes a rule that could not be judged, which a
// waiver accepts, for one that was judged, violated or held.
func TestAcceptedUnknownIsNotJudged(t *testing.T) {
	result := good()
	edit(result, "GEO1002", func(r *findings.Rule) {
		r.Outcome, r.Reasons = findings.Unknown, []findings.Reason{{Reason: "needs_attestation", Kind: "attestations", Message: "None."}}
	})
	waiver := waivers()[0]
	waiver.Rule, waiver.Resource, waiver.Accept = "GEO1002", findings.Selector{Kind: "tenant", ID: tenantID}, findings.Unknown
	findings.Waive(result, []findings.Waiver{waiver}, result.Started)
	settle(result)
	if rules, judged := result.Summary.Outcomes, result.Summary.Judged; judged != rules[findings.Pass] {
		t.Errorf("%d rules count as judged, want the %d that passed", judged, rules[findings.Pass])
	}
	const says = "that 1 rule could not be judged is accepted"
	for format, want := range map[string][]string{
		"text":     {says, "Waived at: Geo.", "but for 1 rule that could not be and that waivers accept (GEO1002)"},
		"markdown": {says},
		"html":     {says, "No open violation, but 1 rule waived", "Waived at: Geo."},
		"ocsf":     {`"status_id":2,"status":"Warning","status_code":"waived"`},
		"oscal":    {"Not shown to be met, and accepted by waivers: GEO1002"},
	} {
		got := strings.Join(strings.Fields(string(render(t, format, result))), " ")
		for _, want := range want {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %q", format, want)
			}
		}
		if strings.Contains(got, "Every link that was looked at holds") {
			t.Errorf("%s says that every link holds", format)
		}
	}
}

// TestSARIFSuppressions: what is accepted is suppressed, and what is not in force is not.
func TestSARIFSuppressions(t *testing.T) {
	file, _ := readSARIF(t, accepted())
	want := map[string]string{"GEO1002": "accepted", "GEO1009": "accepted", "GEO1004": "accepted", "ROLE1002": "underReview"}
	seen := map[string]bool{}
	for _, result := range file.Runs[0].Results {
		if result.BaselineState == "" {
			t.Errorf("a result of %s has no baselineState, and the others have one", result.RuleID)
		}
		if len(result.Suppressions) == 0 {
			continue
		}
		seen[result.RuleID] = true
		if got := result.Suppressions[0].Status; got != want[result.RuleID] {
			t.Errorf("the suppression of %s has the status %q, want %q", result.RuleID, got, want[result.RuleID])
		}
		if result.RuleID == "GEO1004" && result.Kind != "review" {
			t.Errorf("an unknown outcome that is accepted has the kind %s, want review", result.Kind)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("suppressions of %v, want of %v", seen, want)
	}
}

func TestSARIFBaselineStates(t *testing.T) {
	file, _ := readSARIF(t, weak())
	counts := map[string]int{}
	for _, result := range file.Runs[0].Results {
		counts[result.BaselineState]++
		if want := map[string]string{"ROLE1002": "updated", "GEO1002": "new", "LIC1001": "unchanged", "LIC1003": "updated", "GEO1004": "updated"}[result.RuleID]; want != "" && result.BaselineState != want {
			t.Errorf("%s is %s, want %s", result.RuleID, result.BaselineState, want)
		}
	}
	if counts["absent"] != 0 || counts[""] != 0 {
		t.Errorf("baseline states %v, want every result to have one and none to be absent", counts)
	}
	file, data := readSARIF(t, good())
	if strings.Contains(string(data), "baselineState") || file.Runs[0].Results[0].BaselineState != "" {
		t.Error("a result that was compared with none has baseline states")
	}
}
