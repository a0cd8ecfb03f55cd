package reports

import (
	"html/template"

	"github.com/domicile-audit/domicile/findings"
)

// What other pages of the program share with the HTML report, so that all look and speak
// alike.

// StyleSheet is the style sheet of the HTML report.
func StyleSheet() (string, error) {
	style, err := pageFiles.ReadFile("page/report.css")
	return string(style), err
}

// Parts are the templates that pages are put together from: shapes, icon, state, severity,
// chain and steps.
func Parts() (*template.Template, error) { return template.ParseFS(pageFiles, "page/parts.html.tmpl") }

// HTMLPolicy is the Content-Security-Policy of the HTML report.
func HTMLPolicy() (string, error) {
	assets, err := newAssets(reportScript)
	return assets.Policy, err
}

// PlanPolicy is the Content-Security-Policy of the page of a plan.
func PlanPolicy() (string, error) {
	assets, err := newAssets("", planStyle)
	return assets.Policy, err
}

// CleanName makes the name or id of something in a tenant fit to be shown.
func CleanName(s string) string { return cleanName(s) }

// CleanText makes a message or a value fit to be shown.
func CleanText(s string) string { return cleanText(s) }

// Word is a reason, a kind or a state as people read it.
func Word(s string) string { return reasonWord(s) }

// OutcomeWord is an outcome as people read it.
func OutcomeWord(outcome findings.Outcome) string { return outcomeWord(outcome) }

// OutcomeState is the word by which the style sheet and the icons know an outcome.
func OutcomeState(outcome findings.Outcome) string { return stateOf(outcome) }

// SeverityState is the word by which the style sheet and the icons know a severity.
func SeverityState(severity findings.Severity) string { return severityWord(severity) }

// WaiverWord is what became of a waiver: its icon, and its word for people.
func WaiverWord(state findings.WaiverState) (icon, word string) { return waiverState(state) }

// Coverage says in sentences how many rules were judged, and why the others were not.
func Coverage(summary findings.Summary) string { return coverage(summary) }

// Remedy is how to mend the violations of a rule, as the template steps shows it.
type Remedy struct {
	Summary string
	Steps   [][]piece
	Action  string
}

// RemedyOf is how to mend the violations of a rule.
func RemedyOf(rule findings.Rule) Remedy {
	out := Remedy{Summary: prose(rule.Remediation.Summary), Action: cleanName(rule.Remediation.Action)}
	for _, step := range rule.Remediation.Steps {
		out.Steps = append(out.Steps, pieces(prose(step)))
	}
	return out
}

// Link is one link of the chain from the licence to a service that sees the tenant.
type Link struct{ Name, State, Word, Says, Anchor string }

// Chain is the chain from the licence to a service that sees the tenant, as the template
// chain shows it. Base is the address of the page that its links lead to, empty for the same.
type Chain struct {
	Base  string
	Links []Link
	Says  string
}

// ChainOf is the chain of a result, whose links lead to a page of the HTML report.
func ChainOf(result *findings.Result, base string) Chain {
	links, says := chainOf(result)
	return Chain{base, links, says}
}
