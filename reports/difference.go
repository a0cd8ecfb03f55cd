package reports

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// differenceRows is how many changes of a sort a difference shows; its JSON has all.
const differenceRows = 50

// DifferenceText writes a Difference as plain text: what the results rest on, what changed,
// and what each change is put down to.
func DifferenceText(w io.Writer, d *findings.Difference, options TextOptions) error {
	page := newTextPage(options)
	page.title(&findings.Result{Tenant: d.Tenant})
	for _, says := range differenceScope(d) {
		page.wrap(0, "", "", says)
	}
	page.line("")
	for _, says := range differenceSum(d) {
		page.wrap(0, "", bold, says)
	}
	if len(d.Rules) > 0 {
		page.line("")
		page.line(page.paint(bold, fmt.Sprintf("RULES: %s with another outcome", plural(len(d.Rules), "rule"))))
		for _, rule := range d.Rules {
			page.wrap(2, cleanName(rule.ID)+"  ", "", fmt.Sprintf("%s -> %s  (%s)  %s", listed(rule.Before), listed(rule.After), causesOf(rule.Causes), prose(rule.Title)))
		}
	}
	for _, part := range differenceParts(d) {
		page.line("")
		page.line(page.paint(bold, fmt.Sprintf("%s: %s", strings.ToUpper(part.title), plural(len(part.changes), "finding"))))
		for _, change := range part.changes[:min(len(part.changes), differenceRows)] {
			finding := change.Finding()
			page.wrap(2, "", "", fmt.Sprintf("%s  %s  %s  (%s)", cleanName(finding.Rule), cleanName(string(finding.Severity)), resourceName(finding.Resource), causesOf(change.Causes)))
			page.wrap(6, "", "", differenceSays(change))
		}
		if left := len(part.changes) - differenceRows; left > 0 {
			page.line(fmt.Sprintf("  and %d more, which --format json lists", left))
		}
	}
	if _, err := w.Write(page.Bytes()); err != nil {
		return fmt.Errorf("writing the difference: %w", err)
	}
	return nil
}

// DifferenceMarkdown writes a Difference in GitHub's Markdown.
func DifferenceMarkdown(w io.Writer, d *findings.Difference) error {
	page := &strings.Builder{}
	fmt.Fprintf(page, "## domicile: %s\n\n", markdownText(tenantName(d.Tenant)))
	for _, says := range differenceScope(d) {
		fmt.Fprintf(page, "- %s\n", markdownText(says))
	}
	page.WriteString("\n")
	for _, says := range differenceSum(d) {
		fmt.Fprintf(page, "%s\n", markdownText(says))
	}
	if len(d.Rules) > 0 {
		fmt.Fprintf(page, "\n### Rules with another outcome: %d\n\n| rule | before | after | put down to |\n| --- | --- | --- | --- |\n", len(d.Rules))
		markdownTable(page, len(d.Rules), markdownLimit/4, func(i int) string {
			rule := d.Rules[i]
			return fmt.Sprintf("| %s | %s | %s | %s |\n", markdownText(cleanName(rule.ID)+" "+prose(rule.Title)), markdownText(listed(rule.Before)), markdownText(listed(rule.After)), markdownText(causesOf(rule.Causes)))
		})
	}
	for _, part := range differenceParts(d) {
		fmt.Fprintf(page, "\n### %s: %s\n\n| severity | rule | resource | put down to | what |\n| --- | --- | --- | --- | --- |\n", part.title, plural(len(part.changes), "finding"))
		markdownTable(page, len(part.changes), markdownLimit/8, func(i int) string {
			change := part.changes[i]
			finding := change.Finding()
			return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", markdownText(cleanName(string(finding.Severity))), markdownText(cleanName(finding.Rule)),
				markdownText(resourceName(finding.Resource)), markdownText(causesOf(change.Causes)), markdownText(differenceSays(change)))
		})
	}
	if _, err := io.WriteString(w, page.String()); err != nil {
		return fmt.Errorf("writing the difference: %w", err)
	}
	return nil
}

// differenceScope says what the two results rest on.
func differenceScope(d *findings.Difference) []string {
	side := func(name string, side findings.Side) string {
		return fmt.Sprintf("%s: evidence of %s, judged by %s %s, profile %s, digest %s.", name, side.Started.Format(time.RFC3339),
			cleanName(side.Tool.Name), cleanName(side.Tool.Version), orNone(cleanName(side.Profile)), cleanName(side.Digest[:min(12, len(side.Digest))]))
	}
	says := []string{side("Before", d.Before), side("After", d.After)}
	var differs []string
	for _, one := range []struct {
		is   bool
		word string
	}{
		{d.Differs.Evidence, "the evidence"},
		{d.Differs.Time, "its time"},
		{d.Differs.Rules, "the rules"},
		{d.Differs.Params, "the parameters"},
		{d.Differs.Profile, "the profile"},
		{d.Differs.Waivers, "the waivers"},
		{d.Differs.Tool, "the program's version"},
	} {
		if one.is {
			differs = append(differs, one.word)
		}
	}
	says = append(says, "What differs: "+cmp.Or(strings.Join(differs, ", "), "nothing that a result rests on")+".")
	ways := map[string]string{"forward": "the earlier evidence by the later rules", "backward": "the later evidence by the earlier rules"}
	var judged []string
	for _, way := range d.Crosswise {
		judged = append(judged, ways[way])
	}
	if len(judged) > 0 {
		says = append(says, "Judged crosswise: "+strings.Join(judged, ", ")+".")
	}
	for _, note := range d.Notes {
		says = append(says, cleanText(note))
	}
	return says
}

// differenceSum counts the changes and what they are put down to.
func differenceSum(d *findings.Difference) []string {
	says := []string{fmt.Sprintf("%d new, %d fixed, %d changed, %d no longer judged, %d unchanged.", d.Counts.New, d.Counts.Fixed, d.Counts.Changed, d.Counts.Unjudged, d.Counts.Unchanged)}
	var parts []string
	for _, cause := range findings.Causes() {
		if n := d.Causes[cause]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", cause, n))
		}
	}
	if len(parts) > 0 {
		says = append(says, "Put down to: "+strings.Join(parts, ", ")+".")
	}
	if d.Causes[findings.Unclear] > 0 {
		says = append(says, "Unclear is what may be the tenant's doing, the policy's, or both: both differ, and it could not be judged crosswise.")
	}
	return says
}

// differencePart is a sort of changes.
type differencePart struct {
	title   string
	changes []findings.FindingDifference
}

// differenceParts groups the changes, those that ask for something to be done first.
func differenceParts(d *findings.Difference) []differencePart {
	var parts []differencePart
	for _, sort := range []struct {
		change findings.FindingChange
		title  string
	}{{findings.New, "New"}, {findings.Updated, "Changed"}, {findings.Unjudged, "No longer judged"}, {findings.Fixed, "Fixed"}} {
		part := differencePart{title: sort.title}
		for _, change := range d.Findings {
			if change.Change == sort.change {
				part.changes = append(part.changes, change)
			}
		}
		if len(part.changes) > 0 {
			parts = append(parts, part)
		}
	}
	return parts
}

// differenceSays says what a finding is, and of one that both results have what differs.
func differenceSays(change findings.FindingDifference) string {
	says := sentence(cleanText(change.Finding().Message))
	for _, field := range change.Fields {
		was, is := fieldOf(*change.Before, field), fieldOf(*change.After, field)
		if field == "message" {
			says += fmt.Sprintf(" Before: %s", sentence(was))
		} else {
			says += fmt.Sprintf(" %s: %s -> %s.", field, cmp.Or(was, "none"), cmp.Or(is, "none"))
		}
	}
	return says
}

func fieldOf(finding findings.Finding, name string) string {
	value := map[string]string{
		"outcome": outcomeWord(finding.Outcome), "severity": string(finding.Severity), "message": finding.Message,
		"expected": finding.Expected, "actual": finding.Actual, "waiver": finding.Waiver,
	}[name]
	return cleanText(value)
}

func causesOf(causes []findings.Cause) string {
	words := make([]string, 0, len(causes))
	for _, cause := range causes {
		words = append(words, string(cause))
	}
	return cleanName(strings.Join(words, ", "))
}

// listed is an outcome in words, for a rule that a result may not list.
func listed(outcome findings.Outcome) string {
	if outcome == "" {
		return "not listed"
	}
	return outcomeWord(outcome)
}
