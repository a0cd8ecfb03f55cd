package remediation

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

var (
	// page finds the addresses that a step names.
	page = regexp.MustCompile(`https://[^\s,;)"'<>]+`)
	// attested finds the facts that a step asks to put on record.
	attested = regexp.MustCompile("domicile attest new ([a-z0-9-]+)")
	// supported finds the steps in which Microsoft's support has to act.
	supported = regexp.MustCompile(`(?i)\bneed help\?|\bopen a (billing )?ticket|\b(ask|have|needs) (the reseller or )?(microsoft('s)? )?support`)
)

// step is what a person has to do about a violation, taken from the rule. unplanned says why
// the rule's action doesn't do it, if it has one.
func (p *planner) step(rule findings.Rule, finding findings.Finding, unplanned string) Step {
	step := Step{
		Rule: rule.ID, Fingerprint: finding.Fingerprint, Title: rule.Title, Resource: finding.Resource, Message: finding.Message,
		Unplanned: unplanned, Summary: rule.Remediation.Summary, Text: append([]string{}, rule.Remediation.Steps...),
		Pages: []string{}, Attest: []string{},
	}
	add := func(list *[]string, text string) {
		if !slices.Contains(*list, text) {
			*list = append(*list, text)
		}
	}
	for _, text := range step.Text {
		for _, address := range page.FindAllString(text, -1) {
			add(&step.Pages, strings.TrimRight(address, "."))
		}
		for _, fact := range attested.FindAllStringSubmatch(text, -1) {
			add(&step.Attest, fact[1])
		}
	}
	for _, address := range rule.References {
		add(&step.Pages, address)
	}
	if slices.ContainsFunc(step.Text, supported.MatchString) {
		tenant := p.Result.Tenant
		step.Support = fmt.Sprintf("Tenant %s (%s, cloud %s). Found on %s: %s Found: %s. Wanted: %s. Please tell us how this can be brought about, what is lost by it, and the number of this request. Do nothing yet that deletes data.",
			tenant.ID, tenant.Name, tenant.Cloud, p.Result.Started.UTC().Format("2006-01-02"), finding.Message, finding.Actual, finding.Expected)
	}
	return step
}
