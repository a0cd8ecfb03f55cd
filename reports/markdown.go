package reports

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// GitHub drops a job summary above 1,024 KiB; this stays below, and shows no more rows of
// a table than a person reads there
// (https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands).
const (
	markdownLimit = 900 << 10
	markdownRows  = 50
	markdownSmall = 15 << 10 // what a table may take that is not what the page is for
)

// writeMarkdown writes a summary for the page of a CI job, in GitHub's Markdown: what was
// judged, the worst violations, what could not be judged, and the exit code.
func writeMarkdown(w io.Writer, result *findings.Result) error {
	result = result.Normalised()
	page := &strings.Builder{}
	markdownScope(page, result)
	end := markdownEnd(result)
	violations, unknown := openFindings(result), unknownRules(result)
	// Half of what is left is for the violations, so that the rest is there however long
	// they are.
	room := markdownLimit - page.Len() - len(end)
	fmt.Fprintf(page, "\n### Violations: %s\n", plural(len(violations), "finding"))
	markdownFindings(page, result, violations, room/2)
	markdownFixed(page, result, markdownSmall)
	markdownUnknown(page, result, unknown, markdownLimit-page.Len()-len(end))
	page.WriteString(end)
	if _, err := io.WriteString(w, page.String()); err != nil {
		return fmt.Errorf("writing the Markdown report: %w", err)
	}
	return nil
}

// markdownScope says what was judged and counts the outcomes.
func markdownScope(page *strings.Builder, result *findings.Result) {
	fmt.Fprintf(page, "## domicile: %s\n\n", markdownText(tenantName(result.Tenant)))
	fmt.Fprintf(page, "Tenant %s, %s cloud, profile %s, judged by %s %s. Evidence of %s.\n\n",
		markdownText(orNone(cleanName(result.Tenant.ID))), markdownText(orNone(cleanName(result.Tenant.Cloud))), markdownText(orNone(cleanName(result.Profile))),
		markdownText(cleanName(result.Tool.Name)), markdownText(cleanName(result.Tool.Version)), period(result))
	fmt.Fprintf(page, "%s\n\n", markdownText(signedBy(result.Signature)))
	if by := chosen(result); by != "" {
		fmt.Fprintf(page, "Chosen: %s.\n\n", markdownText(by))
	}
	if says := Pseudonyms(result); says != "" {
		fmt.Fprintf(page, "%s\n\n", markdownText(sentence(says)))
	}
	var heads, counts []string
	for _, outcome := range findings.Outcomes() {
		heads = append(heads, outcomeWord(outcome))
		counts = append(counts, fmt.Sprint(result.Summary.Outcomes[outcome]))
	}
	fmt.Fprintf(page, "| %s |\n|%s\n| %s |\n\n", strings.Join(heads, " | "), strings.Repeat(" --: |", len(heads)), strings.Join(counts, " | "))
	_, chain := chainOf(result)
	for _, says := range append([]string{coverage(result.Summary), changeSays(result.Change), chain}, remediationsSay(result)...) {
		if says != "" {
			fmt.Fprintf(page, "%s\n", markdownText(says))
		}
	}
}

// unknownRules lists the rules that could not be judged, worst first.
func unknownRules(result *findings.Result) []findings.Rule {
	var unknown []findings.Rule
	for _, rule := range result.Rules {
		if rule.Outcome == findings.Unknown {
			unknown = append(unknown, rule)
		}
	}
	slices.SortStableFunc(unknown, func(a, b findings.Rule) int { return a.Severity.Rank() - b.Severity.Rank() })
	return unknown
}

// markdownFindings writes a table of findings, the new violations among them marked.
func markdownFindings(page *strings.Builder, result *findings.Result, listed []findings.Finding, room int) {
	if len(listed) == 0 {
		return
	}
	titles := map[string]string{}
	for _, rule := range result.Rules {
		titles[rule.ID] = prose(rule.Title)
	}
	page.WriteString("\n| severity | rule | resource | what was found |\n| --- | --- | --- | --- |\n")
	markdownTable(page, len(listed), room, func(i int) string {
		finding := listed[i]
		severity := cleanName(string(finding.Severity))
		if isNew(finding) {
			severity += ", new"
		}
		rule := strings.TrimSpace(cleanName(finding.Rule) + " " + titles[finding.Rule]) // one that is gone may have no title
		return fmt.Sprintf("| %s | %s | %s | %s |\n", markdownText(severity), markdownText(rule),
			markdownText(resourceName(finding.Resource)), markdownText(sentence(cleanText(finding.Message))))
	})
}

// markdownFixed lists the earlier violations that are gone.
func markdownFixed(page *strings.Builder, result *findings.Result, room int) {
	if fixed := goneFindings(result, findings.Fixed); len(fixed) > 0 {
		fmt.Fprintf(page, "\n### Fixed: %s\n", plural(len(fixed), "finding"))
		markdownFindings(page, result, fixed, room)
	}
}

func markdownUnknown(page *strings.Builder, result *findings.Result, unknown []findings.Rule, room int) {
	if len(unknown) == 0 {
		return
	}
	fmt.Fprintf(page, "\n### Not judged: %s\n\n| severity | rule | why |\n| --- | --- | --- |\n", plural(len(unknown), "rule"))
	markdownTable(page, len(unknown), room, func(i int) string {
		rule := unknown[i]
		var why []string
		for _, reason := range rule.Reasons {
			why = append(why, fmt.Sprintf("%s: %s", reasonWord(reason.Reason), sentence(cleanText(reason.Message))+permissionHint(result, reason)))
		}
		return fmt.Sprintf("| %s | %s %s | %s |\n", markdownText(cleanName(string(rule.Severity))),
			markdownText(cleanName(rule.ID)), markdownText(prose(rule.Title)), markdownText(strings.Join(why, " ")))
	})
}

// markdownTable writes the first rows of a table, and says how many it leaves out: those
// after the fiftieth, and those for which there is no room.
func markdownTable(page *strings.Builder, total, room int, row func(int) string) {
	const said = 80 // the most that the sentence about the rest takes
	start, shown := page.Len(), 0
	for shown < min(total, markdownRows) {
		line := row(shown)
		if page.Len()-start+len(line)+said > room {
			break
		}
		page.WriteString(line)
		shown++
	}
	if shown < total {
		fmt.Fprintf(page, "\nThe first %d of %d are shown; result.json holds all.\n", shown, total)
	}
}

// markdownEnd names the waived findings and the exit code.
func markdownEnd(result *findings.Result) string {
	var end strings.Builder
	if waived := waivedBy(result.Findings, result.Rules...); len(waived) > 0 {
		more := ""
		if len(waived) > markdownRows {
			more = fmt.Sprintf(" and %d more", len(waived)-markdownRows)
			waived = waived[:markdownRows]
		}
		fmt.Fprintf(&end, "\n### Waived\n\n%s%s.\n", markdownText(strings.Join(waived, ", ")), more)
	}
	fmt.Fprintf(&end, "\n**Exit code %d:** %s\n", result.Exit.Code, markdownText(sentence(orNone(cleanText(result.Exit.Reason)))))
	return end.String()
}

// markdownAuto finds what GitHub makes a mention, a reference, a formula or a link of
// outside of Markdown's own syntax; a backslash does not stop it.
var markdownAuto = regexp.MustCompile(`(?i)[@#$]|//|\bwww`)

// markdownText makes text inert in GitHub's Markdown, also in a cell of a table: what
// would be linked by itself stands in an element of its own, which shows nothing.
func markdownText(s string) string {
	return markdownAuto.ReplaceAllString(markdown(s), "<span>$0</span>")
}
