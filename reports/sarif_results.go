package reports

import (
	"fmt"
	"iter"
	"net/url"
	"strings"

	"github.com/owenrumney/go-sarif/v2/sarif"

	"github.com/domicile-audit/domicile/findings"
)

// The kinds of SARIF results that are used (SARIF 2.1.0, 3.27.9). Every other kind than
// fail has the level none.
const (
	kindPass   = "pass"
	kindFail   = "fail"
	kindNA     = "notApplicable"
	kindOpen   = "open"
	kindReview = "review"
)

// results yields one result for every finding, and one for every rule that says something
// else than its findings do. None is kept.
func (l *sarifLog) results() iter.Seq[*sarif.Result] {
	return func(yield func(*sarif.Result) bool) {
		for _, rule := range l.result.Rules {
			taxa, found := l.taxaOf(rule), l.grouped[rule.ID]
			if l.profile.findingsOnly {
				taxa = nil
			}
			for _, finding := range found {
				if !yield(l.findingResult(rule, finding, taxa)) {
					return
				}
			}
			if l.says(rule, found) && !yield(l.ruleResult(rule, len(found) > 0)) {
				return
			}
		}
	}
}

// says says whether a rule says something else than its findings do.
func says(rule findings.Rule, found []findings.Finding) bool {
	return len(found) == 0 || rule.Outcome != findings.Fail && (rule.Outcome != findings.Waived || rule.Accepted())
}

// says says whether a rule gets a result beside its findings: in the smaller profile only
// if it is violated and none of its findings is listed.
func (l *sarifLog) says(rule findings.Rule, found []findings.Finding) bool {
	if l.profile.findingsOnly {
		return len(found) == 0 && rule.Outcome == findings.Fail
	}
	return says(rule, found)
}

// addLocations lists the logical locations that results share, the tenant and the topics. A
// resource stands in its result alone, so that what is listed stays small.
func (l *sarifLog) addLocations() {
	tenant := l.place(nil, "tenant", tenantName(l.result.Tenant), "namespace", url.PathEscape(l.result.Tenant.ID))
	for _, rule := range l.result.Rules {
		if l.topics[rule.Topic] == nil {
			l.topics[rule.Topic] = l.place(tenant, rule.Topic, prose(rule.Topic), "module", url.PathEscape(rule.Topic))
		}
	}
}

// place lists a logical location under its parent.
func (l *sarifLog) place(parent *sarif.LogicalLocation, kind, label, sarifKind, step string) *sarif.LogicalLocation {
	location := under(parent, label, sarifKind, step)
	location.Index = ptr(uint(len(l.run.LogicalLocations)))
	location.Properties = sarif.Properties{"kind": cleanName(kind)}
	l.run.LogicalLocations = append(l.run.LogicalLocations, location)
	return location
}

// under is a logical location that isn't listed itself, but whose parent is.
func under(parent *sarif.LogicalLocation, label, sarifKind, step string) *sarif.LogicalLocation {
	location := &sarif.LogicalLocation{Name: &label, FullyQualifiedName: &step, Kind: &sarifKind}
	if parent != nil {
		location.FullyQualifiedName = ptr(*parent.FullyQualifiedName + "/" + step)
		location.ParentIndex = parent.Index
	}
	return location
}

// tenantResource is the tenant as a resource.
func tenantResource(result *findings.Result) findings.Resource {
	return findings.Resource{Kind: "tenant", ID: result.Tenant.ID, Name: result.Tenant.Name}
}

// ruleFingerprint is the identity of what a rule says of the tenant. It is that which a
// finding about the tenant would have, so that a pass that becomes a failure is seen as a
// change of one result; beside findings it is one of its own.
func ruleFingerprint(result *findings.Result, rule findings.Rule, besideFindings bool) string {
	identity := tenantResource(result)
	if besideFindings {
		identity = findings.Resource{Kind: "rule", ID: rule.ID}
	}
	return findings.Fingerprint(result.Tenant.ID, rule.ID, identity)
}

// findingResult is a violation, suppressed if it is waived.
func (l *sarifLog) findingResult(rule findings.Rule, finding findings.Finding, taxa []*sarif.ReportingDescriptorReference) *sarif.Result {
	said := fmt.Sprintf("%s Expected '%s', found '%s'.", sentence(cleanText(finding.Message)), cleanText(finding.Expected), cleanText(finding.Actual))
	result := l.newResult(rule, kindFail, sarifSeverityOf(finding.Severity).level, said, finding.Resource, finding.Fingerprint)
	result.Taxa = taxa
	result.Rank = ptr(float32(sarifSeverityOf(finding.Severity).rank))
	result.Properties["outcome"] = cleanName(string(finding.Outcome))
	result.Properties["expected"] = cleanText(finding.Expected)
	result.Properties["actual"] = cleanText(finding.Actual)
	l.suppress(result, finding.Waiver)
	if finding.Change != "" {
		result.BaselineState = ptr(string(finding.Change))
	}
	return result
}

// suppress notes the waiver that there is for a result. One that has expired is rejected and
// one that is not in force yet under review, so that neither suppresses anything (SARIF
// 2.1.0, 3.27.23). The smaller profile has none: code scanning doesn't read them.
func (l *sarifLog) suppress(result *sarif.Result, id string) {
	waiver, ok := l.waivers[id]
	if !ok || l.profile.findingsOnly {
		return
	}
	status := "accepted"
	switch waiver.State {
	case findings.Expired:
		status = "rejected"
	case findings.Pending:
		status = "underReview"
	case findings.Used, findings.OverBroad, findings.Unused, findings.NotJudged:
	}
	result.Properties["waiver"] = cleanName(id)
	result.Suppressions = []*sarif.Suppression{{
		Kind:          "external",
		Status:        &status,
		Justification: ptr(inert(waiverTerms(waiver))),
	}}
}

// ruleBaseline says how a rule's own statement stands to that of the earlier result.
func ruleBaseline(rule findings.Rule) string {
	switch rule.Was {
	case "":
		return string(findings.New)
	case rule.Outcome:
		return string(findings.Unchanged)
	default:
		return string(findings.Updated)
	}
}

// ruleResult is what a rule without violations says of the tenant.
func (l *sarifLog) ruleResult(rule findings.Rule, besideFindings bool) *sarif.Result {
	kind, level := ruleKind(rule), "none"
	if kind == kindFail {
		level = sarifSeverityOf(rule.Severity).level
	}
	result := l.newResult(rule, kind, level, ruleMessage(rule), tenantResource(l.result), ruleFingerprint(l.result, rule, besideFindings))
	result.Properties["outcome"] = cleanName(string(rule.Outcome))
	result.Properties["checked"] = rule.Checked
	l.suppress(result, rule.Waiver)
	if l.result.Change != nil {
		result.BaselineState = ptr(ruleBaseline(rule))
	}
	if len(rule.Reasons) > 0 {
		result.Properties["reasons"] = cleanReasons(rule.Reasons)
	}
	if len(rule.Observed) > 0 {
		result.Properties["observed"] = cleanObserved(rule.Observed)
	}
	return result
}

func ruleKind(rule findings.Rule) string {
	switch rule.Outcome {
	case findings.Pass:
		return kindPass
	case findings.NotApplicable:
		return kindNA
	case findings.Fail:
		return kindFail
	case findings.Waived:
		if !rule.Accepted() {
			return kindFail
		}
	case findings.Unknown:
	}
	for _, reason := range rule.Reasons {
		switch reason.Reason {
		case "needs_attestation", "needs_configuration", "conflict":
			return kindReview
		}
	}
	return kindOpen
}

// ruleMessage says the outcome of a rule in sentences.
func ruleMessage(rule findings.Rule) string {
	said := fmt.Sprintf("'%s' is %s.", strings.TrimRight(prose(rule.Title), "."), map[string]string{
		kindPass: "met", kindFail: "violated", kindNA: "not applicable", kindOpen: "not known", kindReview: "not known and needs a person",
	}[ruleKind(rule)])
	if rule.Outcome == findings.Pass && rule.Checked > 0 && rule.Scope != "tenant" {
		said += fmt.Sprintf(" Judged %s.", plural(rule.Checked, "object"))
	}
	for _, reason := range rule.Reasons {
		said += fmt.Sprintf(" %s: %s", sentence(reasonWord(reason.Reason)), sentence(cleanText(reason.Message)))
	}
	return strings.ReplaceAll(said, ".: ", ": ")
}

// newResult is what all results have in common. Its fingerprint is per rule and
// resource: without it, code scanning would take all resources that violate one line of
// the configuration for one alert.
func (l *sarifLog) newResult(rule findings.Rule, kind, level, said string, resource findings.Resource, fingerprint string) *sarif.Result {
	result := &sarif.Result{
		RuleID:              ptr(cleanName(rule.ID)),
		RuleIndex:           ptr(l.rules[rule.ID]),
		Kind:                &kind,
		Level:               &level,
		Message:             *message(said),
		Locations:           []*sarif.Location{l.location(rule, resource)},
		Fingerprints:        map[string]any{"domicile/v1": fingerprint},
		PartialFingerprints: map[string]any{"primaryLocationLineHash": fingerprint + ":1"},
	}
	result.Properties = sarif.Properties{
		"severity": cleanName(string(rule.Severity)),
		"tenant":   tenantProperties(l.result.Tenant),
		"resource": map[string]string{"kind": cleanName(resource.Kind), "id": clean(resource.ID, textLimit), "name": cleanName(resource.Name)},
	}
	return result
}

// location is the place in the customer's configuration, and the resource.
func (l *sarifLog) location(rule findings.Rule, resource findings.Resource) *sarif.Location {
	uri, line := configPlace(l.result.Config, rule)
	return &sarif.Location{
		PhysicalLocation: &sarif.PhysicalLocation{
			ArtifactLocation: &sarif.ArtifactLocation{URI: &uri},
			Region:           &sarif.Region{StartLine: &line},
		},
		LogicalLocations: []*sarif.LogicalLocation{l.logicalLocation(rule, resource)},
	}
}

// logicalLocation is the resource in the tenant: its place under a topic, or the tenant.
func (l *sarifLog) logicalLocation(rule findings.Rule, resource findings.Resource) *sarif.LogicalLocation {
	if resource.Kind == "tenant" {
		tenant := l.run.LogicalLocations[0]
		return &sarif.LogicalLocation{Index: tenant.Index, Name: tenant.Name, FullyQualifiedName: tenant.FullyQualifiedName, Kind: tenant.Kind}
	}
	return under(l.topics[rule.Topic], resourceName(resource), "resource", url.PathEscape(resource.Kind)+"/"+url.PathEscape(clean(resource.ID, textLimit)))
}

func cleanReasons(reasons []findings.Reason) []findings.Reason {
	out := make([]findings.Reason, 0, len(reasons))
	for _, r := range reasons {
		out = append(out, findings.Reason{Reason: cleanName(r.Reason), Kind: cleanName(r.Kind), Message: cleanText(r.Message)})
	}
	return out
}

func cleanObserved(observed []findings.Observation) []findings.Observation {
	out := make([]findings.Observation, 0, len(observed))
	for _, o := range observed {
		out = append(out, findings.Observation{Fact: cleanName(o.Fact), Service: cleanName(o.Service), Value: cleanText(o.Value), Tier: cleanName(o.Tier), Kind: cleanName(o.Kind)})
	}
	return out
}
