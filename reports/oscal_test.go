package reports_test

import (
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/reports"
)

type oscalFile struct {
	Results struct {
		UUID       string
		ImportAP   struct{ Href string } `json:"import-ap"`
		BackMatter struct {
			Resources []struct{ UUID string }
		} `json:"back-matter"`
		Results []struct {
			UUID     string
			Reviewed struct {
				Selections []struct {
					Include []struct {
						ID string `json:"control-id"`
					} `json:"include-controls"`
				} `json:"control-selections"`
			} `json:"reviewed-controls"`
			Local struct {
				Components []struct{ UUID string }
				Items      []struct{ UUID string } `json:"inventory-items"`
			} `json:"local-definitions"`
			Observations []struct {
				UUID, Title, Collected string
				Methods                []string
				Subjects               []struct {
					UUID string `json:"subject-uuid"`
				}
				Evidence []struct{ Href string } `json:"relevant-evidence"`
			}
			Risks []struct {
				UUID, Status string
				Props        []struct{ Name, Value string }
				Observations []struct {
					UUID string `json:"observation-uuid"`
				} `json:"related-observations"`
			}
			Findings []struct {
				UUID   string
				Target struct {
					ID     string `json:"target-id"`
					Status struct{ State, Reason, Remarks string }
				}
				Observations []struct {
					UUID string `json:"observation-uuid"`
				} `json:"related-observations"`
				Risks []struct {
					UUID string `json:"risk-uuid"`
				} `json:"related-risks"`
			}
		}
	} `json:"assessment-results"`
}

func readOSCAL(t *testing.T, result *findings.Result) oscalFile {
	t.Helper()
	var file oscalFile
	decode(t, "oscal", render(t, "oscal", result), &file)
	return file
}

// The schema is NIST's own; its branch of assessment results says what is wrong, where the
// whole says only that no model fits.
func TestOSCALIsValid(t *testing.T) {
	schema := outside(t, "oscal-complete-1.1.3.json", "#/oneOf/5")
	all := fixtures()
	all["many"] = many(500)
	for _, s := range append(hostile(), "", " ", "bad\xffbytes", "4") {
		all["seeded with "+s] = seeded(s)
	}
	for tenant, result := range all {
		validate(t, schema, "oscal of "+tenant, render(t, "oscal", result))
	}
}

// Every reference leads to something, and no identity stands twice.
func TestOSCALReferencesLead(t *testing.T) {
	for tenant, result := range fixtures() {
		file := readOSCAL(t, result)
		known := map[string]bool{}
		add := func(id string) {
			if known[id] {
				t.Errorf("%s: the identity %s stands twice", tenant, id)
			}
			known[id] = true
		}
		run := file.Results.Results[0]
		add(file.Results.UUID)
		add(run.UUID)
		for _, resource := range file.Results.BackMatter.Resources {
			add(resource.UUID)
		}
		for _, component := range run.Local.Components {
			add(component.UUID)
		}
		for _, item := range run.Local.Items {
			add(item.UUID)
		}
		for _, observation := range run.Observations {
			add(observation.UUID)
		}
		for _, risk := range run.Risks {
			add(risk.UUID)
		}
		leads := func(id string) {
			if !known[id] {
				t.Errorf("%s: the reference %s leads nowhere", tenant, id)
			}
		}
		leads(strings.TrimPrefix(file.Results.ImportAP.Href, "#"))
		for _, observation := range run.Observations {
			leads(observation.Subjects[0].UUID)
		}
		for _, risk := range run.Risks {
			for _, related := range risk.Observations {
				leads(related.UUID)
			}
		}
		for _, finding := range run.Findings {
			add(finding.UUID)
			for _, related := range finding.Observations {
				leads(related.UUID)
			}
			for _, related := range finding.Risks {
				leads(related.UUID)
			}
		}
		if want := len(result.Rules) + len(result.Findings); len(run.Observations) != want {
			t.Errorf("%s: %d observations, want one for each rule and finding, %d", tenant, len(run.Observations), want)
		}
	}
}

// Only a rule that covers a control wholly satisfies it.
func TestOSCALStatesOfControls(t *testing.T) {
	support := func(result *findings.Result, id, coverage string, outcome findings.Outcome) {
		edit(result, id, func(r *findings.Rule) {
			r.Outcome = outcome
			r.Frameworks = map[string][]findings.Control{"nist_800_53": {{ID: "AC-6(5)", Coverage: coverage}}}
		})
	}
	type verdict struct {
		coverage string
		outcome  findings.Outcome
	}
	tests := []struct {
		name          string
		rules         []verdict
		state, reason string
		remarks       string
	}{
		{"a whole pass", []verdict{{"full", findings.Pass}}, "satisfied", "pass", "what the control's audit asks for"},
		{"a whole pass and a part", []verdict{{"full", findings.Pass}, {"part", findings.Pass}}, "satisfied", "pass", "Passed: XDR1001 (full)"},
		{"a part", []verdict{{"part", findings.Pass}}, "not-satisfied", "other", "does not meet it alone"},
		{"two parts", []verdict{{"part", findings.Pass}, {"part", findings.Pass}}, "not-satisfied", "other", "does not meet it alone"},
		{"evidence", []verdict{{"evidence", findings.Pass}}, "not-satisfied", "other", "does not meet it alone"},
		{"no coverage said", []verdict{{"", findings.Pass}}, "not-satisfied", "other", "does not meet it alone"},
		{"a failure", []verdict{{"full", findings.Pass}, {"evidence", findings.Fail}}, "not-satisfied", "fail", "Violated by what XDR1005 (evidence)"},
		{"not known", []verdict{{"full", findings.Pass}, {"part", findings.Unknown}}, "not-satisfied", "other", "could not be judged"},
		{"waived", []verdict{{"full", findings.Waived}}, "not-satisfied", "other", "accepted by waivers: XDR1001 (full)"},
		{"one that doesn't apply", []verdict{{"full", findings.Pass}, {"full", findings.NotApplicable}}, "satisfied", "pass", "Passed: XDR1001 (full)"},
		{"none that applies", []verdict{{"full", findings.NotApplicable}}, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result := good()
			for i := range result.Rules {
				result.Rules[i].Frameworks = nil
			}
			for i, v := range tt.rules {
				support(result, []string{"XDR1001", "XDR1005"}[i], v.coverage, v.outcome)
			}
			run := readOSCAL(t, settle(result)).Results.Results[0]
			if tt.state == "" {
				if len(run.Findings) != 0 {
					t.Errorf("a control of which nothing was assessed has the findings %+v", run.Findings)
				}
				return
			}
			if len(run.Findings) != 1 {
				t.Fatalf("%d findings, want one", len(run.Findings))
			}
			target := run.Findings[0].Target
			if target.ID != "ac-6.5_smt" || run.Reviewed.Selections[0].Include[0].ID != "ac-6.5" {
				t.Errorf("the target is %s of %+v, want NIST's names", target.ID, run.Reviewed)
			}
			if target.Status.State != tt.state || target.Status.Reason != tt.reason || !strings.Contains(target.Status.Remarks, tt.remarks) {
				t.Errorf("the control is %+v, want %s for %s, as %q", target.Status, tt.state, tt.reason, tt.remarks)
			}
		})
	}
}

func TestOSCALObservations(t *testing.T) {
	run := readOSCAL(t, weak()).Results.Results[0]
	for _, observation := range run.Observations {
		if strings.HasPrefix(observation.Title, "GEO1001:") {
			if got := strings.Join(observation.Methods, " "); got != "INTERVIEW TEST EXAMINE" {
				t.Errorf("the methods of GEO1001 are %s", got)
			}
			if len(observation.Evidence) != 3 || observation.Evidence[0].Href != "evidence/attestations.ndjson" {
				t.Errorf("the evidence of GEO1001 is %+v", observation.Evidence)
			}
		}
	}
	open, waived := 0, 0
	for _, risk := range run.Risks {
		switch risk.Status {
		case "open":
			open++
		case "deviation-approved":
			waived++
		}
	}
	if open != 5 || waived != 1 {
		t.Errorf("%d open risks and %d accepted ones, want 5 and 1", open, waived)
	}
}

func TestOSCALToken(t *testing.T) {
	tests := []struct{ in, want string }{
		{"sa-9.5", "sa-9.5"},
		{"gdpr_28(3)(a)", "gdpr_28.3.a"},
		{"44", "_44"},
		{"-x", "_-x"},
		{"", "_"},
		{"a b/c", "a.b.c"},
		{"ü", "ü"},
	}
	for _, tt := range tests {
		if got := reports.OSCALToken(tt.in); got != tt.want {
			t.Errorf("oscalToken(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
