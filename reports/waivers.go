package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// endsSoon is how many days before its end a waiver is said to end.
const endsSoon = 30

// waiverRow is a waiver as reports show it.
type waiverRow struct {
	ID, Anchor           string
	Rule                 ruleLink // without an anchor where the rule isn't listed
	Resource             string
	Reason               string
	Owner, Approver      string
	Ticket               string
	Approved, From, Ends string
	// State is for the icon, Word what became of the waiver, Says more of it.
	State, Word, Says string
	// Term says that the waiver ends soon, and when.
	Term string
}

// waiverRows lists the waivers, those that ask for something to be done first.
func waiverRows(result *findings.Result) []waiverRow {
	waivers := slices.Clone(result.Waivers)
	slices.SortStableFunc(waivers, func(a, b findings.Waiver) int {
		order := findings.WaiverStates()
		return cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State))
	})
	listed := map[string]bool{}
	for _, rule := range result.Rules {
		listed[rule.ID] = true
	}
	rows := make([]waiverRow, 0, len(waivers))
	for _, w := range waivers {
		row := waiverRow{
			ID: cleanName(w.ID), Anchor: "waiver-" + anchor(w.ID), Rule: linkTo(w.Rule), Resource: reasonWord(w.Resource.Kind) + " " + cleanName(w.Resource.ID),
			Reason: sentence(cleanText(strings.Join(strings.Fields(w.Reason), " "))), Owner: cleanName(w.Owner), Approver: cleanName(w.Approver), Ticket: cleanName(w.Ticket),
			Approved: cleanName(w.Approved), From: cleanName(w.From), Ends: cleanName(w.Expires), Says: waiverSays(w), Term: waiverTerm(w, result.Started),
		}
		row.State, row.Word = waiverState(w.State)
		if !listed[w.Rule] {
			row.Rule.Anchor = ""
		}
		rows = append(rows, row)
	}
	return rows
}

// waiverState is a state's icon and its word for people.
func waiverState(state findings.WaiverState) (icon, word string) {
	switch state {
	case findings.Used:
		return "waived", "in force"
	case findings.Expired:
		return "fail", "expired"
	case findings.OverBroad, findings.Unused, findings.NotJudged, findings.Pending:
	}
	return "unknown", strings.ReplaceAll(reasonWord(string(state)), "over broad", "over-broad")
}

// waiverSays says what a waiver covers.
func waiverSays(w findings.Waiver) string {
	what := plural(w.Covers, "finding")
	if w.Accept == findings.Unknown {
		what = "that the rule could not be judged"
	}
	switch w.State {
	case findings.Used:
		return "covers " + what
	case findings.OverBroad:
		return fmt.Sprintf("covers %s through *", what)
	case findings.Unused:
		return "nothing is left that it would cover"
	case findings.NotJudged:
		return "its rule was not judged, or not in full"
	case findings.Expired:
		if w.Covers == 0 {
			return "and nothing is left that it would cover"
		}
		return fmt.Sprintf("no longer covers %s", what)
	case findings.Pending:
		return "holds from " + cleanName(w.From) + " on"
	}
	return ""
}

// waiverTerm says that a waiver ends within the next days, or nothing.
func waiverTerm(w findings.Waiver, at time.Time) string {
	left := w.DaysLeft(at)
	switch {
	case w.State != findings.Used && w.State != findings.OverBroad || left > endsSoon:
		return ""
	case left == 0:
		return "ends today"
	default:
		return "ends in " + plural(left, "day")
	}
}

// waiverCounts counts the waivers by their state; empty without any.
func waiverCounts(result *findings.Result) string {
	counts := map[findings.WaiverState]int{}
	soon := 0
	for _, w := range result.Waivers {
		counts[w.State]++
		if waiverTerm(w, result.Started) != "" {
			soon++
		}
	}
	var parts []string
	for _, state := range findings.WaiverStates() {
		if n := counts[state]; n > 0 {
			_, word := waiverState(state)
			parts = append(parts, fmt.Sprintf("%d %s", n, word))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	said := "Waivers: " + strings.Join(parts, ", ")
	if soon > 0 {
		said += fmt.Sprintf("; %d to end within %d days", soon, endsSoon)
	}
	return said + "."
}

// waivedSays counts what is waived, and how much of it is critical; empty for nothing.
func waivedSays(result *findings.Result) string {
	covered, accepted, critical := 0, 0, 0
	count := func(severity findings.Severity, n *int) {
		*n++
		if severity == findings.Critical {
			critical++
		}
	}
	for _, finding := range result.Findings {
		if finding.Outcome == findings.Waived {
			count(finding.Severity, &covered)
		}
	}
	for _, rule := range result.Rules {
		if rule.Accepted() {
			count(rule.Severity, &accepted)
		}
	}
	var parts []string
	if covered > 0 {
		parts = append(parts, plural(covered, "finding"))
	}
	if accepted > 0 {
		parts = append(parts, plural(accepted, "rule")+" that could not be judged")
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("Waived: %s, %s of them critical.", strings.Join(parts, " and "), cmp.Or(strings.TrimPrefix(fmt.Sprint(critical), "0"), "none"))
}

// waivedBy says which waivers cover how many findings of which rules, and which of the rules
// could not be judged and are waived.
func waivedBy(all []findings.Finding, rules ...findings.Rule) []string {
	covered := map[string]int{}
	by := func(rule, waiver string) string {
		return fmt.Sprintf("%s by %s", cleanName(rule), orNone(cleanName(waiver)))
	}
	for _, finding := range all {
		if finding.Outcome == findings.Waived {
			covered[by(finding.Rule, finding.Waiver)]++
		}
	}
	var parts []string
	for _, key := range keys(covered) {
		parts = append(parts, fmt.Sprintf("%s (%s)", key, plural(covered[key], "finding")))
	}
	for _, rule := range rules {
		if rule.Accepted() {
			parts = append(parts, by(rule.ID, rule.Waiver)+" (not judged)")
		}
	}
	return parts
}

// waiversByID are a result's waivers by their ids.
func waiversByID(result *findings.Result) map[string]findings.Waiver {
	waivers := make(map[string]findings.Waiver, len(result.Waivers))
	for _, w := range result.Waivers {
		waivers[w.ID] = w
	}
	return waivers
}

// waiverTerms says why there is a waiver, who stands for it, and from when until when.
func waiverTerms(w findings.Waiver) string {
	return strings.TrimSpace(fmt.Sprintf("%s Waiver %s, ticket %s, owner %s, approved by %s on %s, in force from %s to %s.",
		sentence(cleanText(w.Reason)), cleanName(w.ID), cleanName(w.Ticket), cleanName(w.Owner), cleanName(w.Approver),
		cleanName(w.Approved), cleanName(w.From), cleanName(w.Expires)))
}

// waiversFor says the terms of the waivers that there are for a rule and for findings of it,
// also of those that are not in force.
func waiversFor(result *findings.Result, rule findings.Rule, found []findings.Finding) []string {
	named := map[string]bool{rule.Waiver: true}
	for _, finding := range found {
		named[finding.Waiver] = true
	}
	delete(named, "")
	var terms []string
	for _, w := range result.Waivers {
		if _, word := waiverState(w.State); named[w.ID] {
			terms = append(terms, waiverTerms(w)+" It is "+word+".")
		}
	}
	return terms
}

// waiverNotes are what is to be said of a finding by the waiver that is for it: by whom it
// is covered, or why it is not.
func waiverNotes(result *findings.Result) map[string]string {
	notes := map[string]string{}
	for _, w := range result.Waivers {
		switch w.State {
		case findings.Expired:
			notes[w.ID] = fmt.Sprintf("waiver %s expired on %s", cleanName(w.ID), cleanName(w.Expires))
		case findings.Pending:
			notes[w.ID] = fmt.Sprintf("waiver %s holds from %s on", cleanName(w.ID), cleanName(w.From))
		case findings.Used, findings.OverBroad, findings.Unused, findings.NotJudged:
			notes[w.ID] = fmt.Sprintf("waiver %s until %s", cleanName(w.ID), cleanName(w.Expires))
		}
	}
	return notes
}

// changeSays counts what changed since an earlier result; empty without one.
func changeSays(change *findings.Change) string {
	if change == nil {
		return ""
	}
	said := fmt.Sprintf("Since the earlier result: %d new, %d unchanged, %d fixed", change.New, change.Unchanged, change.Fixed)
	if change.Unjudged > 0 {
		said += fmt.Sprintf(", %d of which it can't be told", change.Unjudged)
	}
	return said + "."
}

// isNew says whether a finding is a violation that the earlier result doesn't have.
func isNew(finding findings.Finding) bool {
	return finding.Change == findings.New && finding.Outcome == findings.Fail
}
