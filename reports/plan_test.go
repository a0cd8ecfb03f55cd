package reports_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/golden"
	"github.com/domicile-audit/domicile/remediation"
	"github.com/domicile-audit/domicile/reports"
)

func planPage(t testing.TB, plan *remediation.Plan) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := reports.WritePlan(&out, plan); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// builtPlan is the plan that package remediation holds itself to.
func builtPlan(t testing.TB) *remediation.Plan {
	t.Helper()
	file, err := os.ReadFile("../remediation/testdata/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := remediation.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// seededPlan has a text wherever something from outside may stand.
func seededPlan(t testing.TB, s string) *remediation.Plan {
	t.Helper()
	state, err := json.Marshal(map[string]string{s: s, "other": s})
	if err != nil {
		t.Fatal(err)
	}
	resource := findings.Resource{Kind: s, ID: s, Name: s}
	request := remediation.Request{Method: "PATCH", Path: s, Body: state}
	change := remediation.Change{
		ID: s, Action: s, Title: s, Mends: []remediation.Mended{{Rule: s, Message: s}}, Resource: resource, Request: request, Undo: &request,
		Before: json.RawMessage(`{"other":1}`), After: state, Why: s, Risk: remediation.High, Blast: remediation.Blast{What: s, Names: []string{s}}, Permission: s,
	}
	return &remediation.Plan{
		Tool: findings.Tool{Name: s, Version: s}, Tenant: findings.Tenant{ID: s, Name: s, Cloud: s}, Author: s, Remediator: s,
		Digests: remediation.Digests{Result: s, Evidence: s}, Created: time.Unix(0, 0).UTC(), Expires: time.Unix(1, 0).UTC(), Changes: []remediation.Change{change},
		Steps: []remediation.Step{{Rule: s, Title: s, Message: s, Unplanned: s, Summary: s, Text: []string{s}, Pages: []string{s}, Support: s, Attest: []string{s}}},
	}
}

func TestPlanPage(t *testing.T) {
	page := planPage(t, builtPlan(t))
	golden.Check(t, "testdata/plan/plan.html", page)
	checkTags(t, page, 0)
	if strings.Contains(string(page), "script-src") {
		t.Error("the policy of the page allows scripts")
	}
	sum := digest(func() string { var out bytes.Buffer; _ = builtPlan(t).Write(&out); return out.String() }())
	shown := strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(bare(page), " ")), " ")
	for _, want := range []string{
		fmt.Sprintf("%d changes, and %d violation", len(builtPlan(t).Changes), len(builtPlan(t).Steps)), "can be undone", sum, "Turn the admin consent workflow on", "isEnabled false true",
		"PUT policies/adminConsentRequestPolicy", "Policy.ReadWrite.ConsentRequest", "It is removed.", "there is no such object",
		"domicile attest new xdr-geo", "For Microsoft's support", "domicile remediate approve plan.json",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if !strings.Contains(string(page), `<a href="https://security.microsoft.com" `) {
		t.Error("the portal's page is no link")
	}
	if err := reports.WritePlan(&failingWriter{room: 100}, builtPlan(t)); !errors.Is(err, errFull) {
		t.Errorf("writing to a full disk = %v, want %v", err, errFull)
	}
}

// Whatever stands in a plan, its page has the tags of its templates alone, shows every
// character, and links to nobody else.
func TestPlanPageTakesHostileText(t *testing.T) {
	for _, s := range append(hostile(), "", "bad\xffbytes", "line\nbreak", "https://microsoft.com.evil.example/", "https://evil.example@security.microsoft.com/") {
		page := planPage(t, seededPlan(t, s))
		checkTags(t, page, 0)
		checkShown(t, "html", page)
		if strings.Contains(string(page), `<a href="h`) {
			t.Errorf("the page of a plan of %q has a link", s)
		}
	}
}

// What is approved is shown whole, however long it is, and what is left out is said.
func TestPlanPageCutsNoRequest(t *testing.T) {
	plan := builtPlan(t)
	long := strings.Repeat("x", 50_000)
	plan.Changes[0].Request.Body = json.RawMessage(`{"member":"` + long + `"}`)
	for i := range 30 {
		step := plan.Steps[0]
		step.Message = fmt.Sprintf("Violation %d.", i)
		plan.Steps = append(plan.Steps, step)
	}
	page := string(planPage(t, plan))
	if !strings.Contains(page, long) {
		t.Error("a request is cut")
	}
	if !strings.Contains(page, "and 11 more, which are in plan.json") || strings.Contains(page, "Violation 25.") {
		t.Error("the page doesn't say how many violations of a rule it leaves out")
	}
}

func TestPlanPageOfNothing(t *testing.T) {
	plan := builtPlan(t)
	plan.Changes, plan.Steps = nil, nil
	page := string(planPage(t, plan))
	for _, want := range []string{"Nothing is sent to the tenant.", "Nothing is changed.", "Nothing is left for a person."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
