package reports

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/owenrumney/go-sarif/v2/sarif"

	"github.com/domicile-audit/domicile/findings"
)

// sarifSeverity is how a severity is said in SARIF: the level, the rank (0 to 100), and
// the security-severity by which GitHub sorts alerts: above 9.0 critical, 7.0 to 8.9 high,
// 4.0 to 6.9 medium, 0.1 to 3.9 low
// (https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning).
type sarifSeverity struct {
	level string
	rank  float64
	score string
}

func sarifSeverityOf(severity findings.Severity) sarifSeverity {
	switch severity {
	case findings.Critical:
		return sarifSeverity{"error", 95, "9.5"}
	case findings.High:
		return sarifSeverity{"error", 80, "8.0"}
	case findings.Medium:
		return sarifSeverity{"warning", 55, "5.5"}
	case findings.Low:
		return sarifSeverity{"note", 30, "3.0"}
	case findings.Info:
	}
	return sarifSeverity{"note", 10, "1.0"}
}

// rule describes a rule. The library has two fields for its properties, of which only
// ReportingDescriptor.Properties is written.
func (l *sarifLog) rule(rule findings.Rule) *sarif.ReportingDescriptor {
	severity := sarifSeverityOf(rule.Severity)
	title, description := prose(rule.Title), prose(rule.Description)
	if title == "" {
		title = cleanName(rule.ID)
	}
	if description == "" {
		description = title
	}
	plainHelp, markdownHelp := ruleHelp(rule)
	return &sarif.ReportingDescriptor{
		ID:                   cleanName(rule.ID),
		Name:                 ptr(pascalName(rule.Title, rule.ID)),
		ShortDescription:     multi(clean(title, textLimit), ""),
		FullDescription:      multi(clean(description, textLimit), ""),
		Help:                 multi(plainHelp, markdownHelp),
		HelpURI:              ptr(helpURI(rule)),
		DefaultConfiguration: &sarif.ReportingConfiguration{Level: severity.level, Rank: ptr(severity.rank)},
		Properties: sarif.Properties{
			"security-severity": severity.score,
			"severity":          cleanName(string(rule.Severity)),
			"precision":         "high",
			"tags":              ruleTags(rule),
			"topic":             cleanName(rule.Topic),
			"scope":             cleanName(rule.Scope),
			"evidence":          cleanNames(rule.Kinds),
			"frameworks":        ruleFrameworks(rule),
		},
	}
}

// ruleTags are at most ten tags of a rule, as GitHub keeps no more, and each once.
func ruleTags(rule findings.Rule) []string {
	tags := []string{"security", "microsoft-365"}
	for _, tag := range cleanNames(append([]string{rule.Topic}, keys(rule.Frameworks)...)) {
		if tag != "" && len(tags) < 10 && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

func ruleFrameworks(rule findings.Rule) map[string][]findings.Control {
	out := make(map[string][]findings.Control, len(rule.Frameworks))
	for key, controls := range rule.Frameworks {
		for _, control := range controls {
			out[cleanName(key)] = append(out[cleanName(key)], findings.Control{ID: cleanName(control.ID), Coverage: cleanName(control.Coverage)})
		}
	}
	return out
}

// helpURI is Microsoft's page about what a rule holds a tenant to, or else the project's
// page about the rule.
func helpURI(rule findings.Rule) string {
	for _, reference := range rule.References {
		if isLink(reference) {
			return reference
		}
	}
	return homepage + "/blob/main/docs/rules.md#" + url.PathEscape(strings.ToLower(cleanName(rule.ID)))
}

// ruleHelp says how to mend a violation, as plain text and as Markdown.
func ruleHelp(rule findings.Rule) (plain, rich string) {
	summary := prose(rule.Remediation.Summary)
	if summary == "" {
		summary = prose(rule.Title)
	}
	var text, md strings.Builder
	fmt.Fprint(&text, sentence(summary))
	fmt.Fprintf(&md, "**%s**\n\n%s\n", markdown(sentence(prose(rule.Title))), markdown(sentence(summary)))
	if len(rule.Remediation.Steps) > 0 {
		fmt.Fprint(&text, " Steps:")
		fmt.Fprint(&md, "\n")
	}
	for i, step := range rule.Remediation.Steps {
		fmt.Fprintf(&text, " %d. %s", i+1, sentence(prose(step)))
		fmt.Fprintf(&md, "%d. %s\n", i+1, markdown(sentence(prose(step))))
	}
	var links []string
	for _, reference := range rule.References {
		if isLink(reference) {
			links = append(links, reference)
		}
	}
	if len(links) > 0 {
		fmt.Fprint(&md, "\nSources:\n\n")
	}
	for _, link := range links {
		fmt.Fprintf(&md, "- <%s>\n", link)
	}
	return text.String(), md.String()
}

func cleanNames(in []string) []string {
	out := make([]string, 0, len(in))
	for _, s := range in {
		out = append(out, cleanName(s))
	}
	return out
}
