package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/remediation"
	"github.com/domicile-audit/domicile/reports"
)

// writePlan writes a plan for people. Whatever comes from the tenant is made visible.
func writePlan(w io.Writer, plan *remediation.Plan) {
	fmt.Fprintf(w, "Plan for %s (%s): %s, %s for a person\n", reports.Visible(plan.Tenant.Name), reports.Visible(plan.Tenant.ID),
		count(len(plan.Changes), "change"), count(len(plan.Steps), "violation"))
	fmt.Fprintf(w, "By %s, until %s, for the evidence %.12s and the result %.12s\n",
		cmp.Or(reports.Visible(plan.Author), "nobody named"), plan.Expires.Format(time.RFC3339), plan.Digests.Evidence, plan.Digests.Result)
	if len(plan.Changes) > 0 {
		fmt.Fprint(w, "\nCHANGES, in the order in which they are made\n")
	}
	for _, change := range plan.Changes {
		writeChange(w, change)
	}
	if len(plan.Steps) > 0 {
		fmt.Fprint(w, "\nFOR A PERSON\n")
	}
	for i, step := range plan.Steps {
		writeStep(w, step, i == 0 || plan.Steps[i-1].Rule != step.Rule, i == len(plan.Steps)-1 || plan.Steps[i+1].Rule != step.Rule)
	}
}

// writeChange writes a change with all that it does.
func writeChange(w io.Writer, change remediation.Change) {
	undo := "can't be undone"
	if change.Reversible {
		undo = "can be undone"
	}
	fmt.Fprintf(w, "\n%s  %s (risk %s, %s)\n", change.ID, change.Title, change.Risk, undo)
	var rules, names []string
	for _, mended := range change.Mends {
		rules = append(rules, mended.Rule)
	}
	for _, name := range change.Blast.Names {
		names = append(names, reports.Visible(name))
	}
	affects := reports.Visible(change.Blast.What)
	if len(names) > 0 {
		affects += ": " + strings.Join(names, ", ")
	}
	rows := [][2]string{
		{"mends", strings.Join(rules, ", ")},
		{"on", reports.Visible(change.Resource.Kind + " " + change.Resource.ID + " (" + change.Resource.Name + ")")},
		{"why", reports.Visible(change.Why)},
		{"affects", affects},
		{"sends", request(change.Request)},
		{"before", reports.Visible(string(change.Before))},
		{"after", reports.Visible(string(change.After))},
	}
	if change.Undo != nil {
		rows = append(rows, [2]string{"undone by", request(*change.Undo)})
	}
	for _, condition := range change.Needs {
		rows = append(rows, [2]string{"not if", reports.Visible(condition.Else)})
	}
	for _, row := range append(rows, [2]string{"permission", change.Permission}) {
		fmt.Fprintf(w, "  %-10s  %s\n", row[0], row[1])
	}
}

func request(r remediation.Request) string {
	return reports.Visible(strings.TrimSpace(r.Method + " " + r.Path + " " + string(r.Body)))
}

// writeStep writes what a person has to do about a violation. What is the same for all of a
// rule stands once: its title before the first, its steps behind the last.
func writeStep(w io.Writer, step remediation.Step, first, last bool) {
	if first {
		fmt.Fprintf(w, "\n%s  %s\n", step.Rule, reports.Visible(step.Title))
	}
	fmt.Fprintf(w, "  - %s\n", reports.Visible(step.Message))
	if step.Unplanned != "" {
		fmt.Fprintf(w, "    No change is planned: %s.\n", reports.Visible(step.Unplanned))
	}
	if !last {
		return
	}
	for i, text := range step.Text {
		fmt.Fprintf(w, "  %d. %s\n", i+1, reports.Visible(text))
	}
	if step.Support != "" {
		fmt.Fprintf(w, "  For Microsoft's support: %s\n", reports.Visible(step.Support))
	}
	for _, fact := range step.Attest {
		fmt.Fprintf(w, "  Put on record afterwards: domicile attest new %s\n", fact)
	}
}

// writeSettled writes how the changes of a run ended.
func writeSettled(w io.Writer, settled []remediation.Settled) {
	if len(settled) == 0 {
		fmt.Fprintln(w, "There is nothing to do.")
		return
	}
	rows := [][]string{{"CHANGE", "OUTCOME", "VIOLATION", "WHAT"}}
	for _, s := range settled {
		what := s.Change.Title + " (" + reports.Visible(s.Change.Resource.Name) + ")"
		if s.Message != "" {
			what += ": " + reports.Visible(s.Message)
		}
		rows = append(rows, []string{s.Change.ID, strings.ReplaceAll(string(s.Outcome), "_", " "), string(s.Verdict), what})
	}
	fmt.Fprintln(w)
	columns(w, rows)
}
