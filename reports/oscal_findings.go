package reports

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

type oscalObservation struct {
	UUID        string          `json:"uuid"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Props       []oscalProp     `json:"props,omitempty"`
	Methods     []string        `json:"methods"`
	Types       []string        `json:"types"`
	Origins     []oscalOrigin   `json:"origins"`
	Subjects    []oscalSubject  `json:"subjects"`
	Evidence    []oscalEvidence `json:"relevant-evidence,omitempty"`
	Collected   string          `json:"collected"`
	Remarks     string          `json:"remarks,omitempty"`
}

type oscalOrigin struct {
	Actors []oscalActor `json:"actors"`
}

type oscalActor struct {
	Type string `json:"type"`
	UUID string `json:"actor-uuid"`
}

type oscalSubject struct {
	UUID  string `json:"subject-uuid"`
	Type  string `json:"type"`
	Title string `json:"title"`
}

type oscalEvidence struct {
	Href        string      `json:"href"`
	Description string      `json:"description"`
	Props       []oscalProp `json:"props,omitempty"`
}

type oscalRisk struct {
	UUID             string                  `json:"uuid"`
	Title            string                  `json:"title"`
	Description      string                  `json:"description"`
	Statement        string                  `json:"statement"`
	Props            []oscalProp             `json:"props,omitempty"`
	Status           string                  `json:"status"`
	Characterization []oscalCharacterization `json:"characterizations"`
	Remediations     []oscalResponse         `json:"remediations,omitempty"`
	Observations     []oscalRelated          `json:"related-observations"`
}

type oscalCharacterization struct {
	Origin oscalOrigin  `json:"origin"`
	Facets []oscalFacet `json:"facets"`
}

type oscalFacet struct {
	Name   string `json:"name"`
	System string `json:"system"`
	Value  string `json:"value"`
}

type oscalResponse struct {
	UUID        string `json:"uuid"`
	Lifecycle   string `json:"lifecycle"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

type oscalRelated struct {
	Observation string `json:"observation-uuid"`
}

type oscalRelatedRisk struct {
	Risk string `json:"risk-uuid"`
}

type oscalFinding struct {
	UUID         string             `json:"uuid"`
	Title        string             `json:"title"`
	Description  string             `json:"description"`
	Props        []oscalProp        `json:"props,omitempty"`
	Origins      []oscalOrigin      `json:"origins"`
	Target       oscalTarget        `json:"target"`
	Observations []oscalRelated     `json:"related-observations"`
	Risks        []oscalRelatedRisk `json:"related-risks,omitempty"`
}

type oscalTarget struct {
	Type   string      `json:"type"`
	ID     string      `json:"target-id"`
	Title  string      `json:"title"`
	Status oscalStatus `json:"status"`
}

type oscalStatus struct {
	State   string `json:"state"`
	Reason  string `json:"reason"`
	Remarks string `json:"remarks"`
}

// observations yields what every rule said, followed by its findings.
func (r *oscalReport) observations() iter.Seq[oscalObservation] {
	return func(yield func(oscalObservation) bool) {
		for _, rule := range r.result.Rules {
			common := r.observation(rule)
			if !yield(r.verdict(rule, common)) {
				return
			}
			for _, finding := range r.grouped[rule.ID] {
				if !yield(r.violation(finding, common)) {
					return
				}
			}
		}
	}
}

// observation is what the observations of a rule have in common: what they rest on.
func (r *oscalReport) observation(rule findings.Rule) oscalObservation {
	out := oscalObservation{Origins: r.origins()}
	collected := time.Time{}
	for _, kind := range rule.Kinds {
		evidence, read := r.evidence[kind]
		if !read {
			continue
		}
		if method := oscalMethod(evidence.Tier); !slices.Contains(out.Methods, method) {
			out.Methods = append(out.Methods, method)
		}
		if evidence.Time.After(collected) {
			collected = evidence.Time
		}
		file := evidence.File
		if file == "" {
			file = evidence.Kind
		}
		out.Evidence = append(out.Evidence, oscalEvidence{
			Href:        relativeURI("evidence/" + file),
			Description: oscalText(fmt.Sprintf("%s: %s, %s", cleanName(evidence.Kind), plural(evidence.Objects, "object"), orNone(tierMeaning(evidence.Tier)))),
			Props:       oscalProps("sha256", evidence.SHA256, "tier", evidence.Tier, "complete", fmt.Sprint(evidence.Complete)),
		})
	}
	if len(out.Methods) == 0 {
		out.Methods = []string{"UNKNOWN"}
	}
	if collected.IsZero() {
		collected = r.result.Finished
	}
	out.Collected = oscalTime(collected)
	return out
}

// oscalMethod is how evidence of a tier came about: by asking a service, by reading what
// was exported, or by asking people.
func oscalMethod(tier string) string {
	switch tier {
	case "portal":
		return "EXAMINE"
	case "attested":
		return "INTERVIEW"
	case "signed", "api", "proxy":
		return "TEST"
	}
	return "UNKNOWN"
}

func (r *oscalReport) origins() []oscalOrigin {
	return []oscalOrigin{{Actors: []oscalActor{{Type: "tool", UUID: r.tool()}}}}
}

// verdict is the observation of what a rule said of the tenant.
func (r *oscalReport) verdict(rule findings.Rule, out oscalObservation) oscalObservation {
	out.UUID = r.ruleUUID("observation", rule)
	out.Title = oscalText(ruleTitle(rule))
	out.Description = oscalText(ruleMessage(rule))
	out.Types = []string{"control-objective"}
	out.Props = oscalProps("rule", rule.ID, "outcome", string(rule.Outcome), "severity", string(rule.Severity), "topic", rule.Topic,
		"checked", fmt.Sprint(rule.Checked), "failed", fmt.Sprint(rule.Failed))
	out.Props = append(out.Props, oscalWaiver(r.waivers[rule.Waiver])...)
	out.Subjects = []oscalSubject{r.subject(tenantResource(r.result))}
	if seen := observedText(rule); seen != "" {
		out.Remarks = oscalText("Observed: " + seen)
	}
	return out
}

// violation is the observation of a finding.
func (r *oscalReport) violation(finding findings.Finding, out oscalObservation) oscalObservation {
	out.UUID = nameUUID("observation", finding.Fingerprint)
	out.Title = oscalText(cleanName(finding.Rule) + ": " + resourceName(finding.Resource))
	out.Description = oscalText(fmt.Sprintf("%s Expected '%s', found '%s'.", about(finding), cleanText(finding.Expected), cleanText(finding.Actual)))
	out.Types = []string{"finding"}
	out.Props = oscalProps("rule", finding.Rule, "outcome", string(finding.Outcome), "severity", string(finding.Severity),
		"fingerprint", finding.Fingerprint)
	out.Props = append(out.Props, oscalWaiver(r.waivers[finding.Waiver])...)
	out.Subjects = []oscalSubject{r.subject(finding.Resource)}
	return out
}

// oscalWaiver are the properties of the waiver that there is for an observation.
func oscalWaiver(w findings.Waiver) []oscalProp {
	return oscalProps("waiver", w.ID, "waiver-state", string(w.State), "waiver-reason", w.Reason, "waiver-owner", w.Owner, "waiver-approver", w.Approver,
		"waiver-ticket", w.Ticket, "waiver-approved", w.Approved, "waiver-from", w.From, "waiver-expires", w.Expires)
}

func (r *oscalReport) subject(resource findings.Resource) oscalSubject {
	if resource.Kind == "tenant" {
		return oscalSubject{UUID: r.tenant(), Type: "component", Title: oscalText(tenantName(r.result.Tenant))}
	}
	return oscalSubject{UUID: r.item(resource), Type: "inventory-item", Title: oscalText(resourceName(resource))}
}

// ruleUUID is the identity of something that a report says of a rule.
func (r *oscalReport) ruleUUID(what string, rule findings.Rule) string {
	return nameUUID(what, ruleFingerprint(r.result, rule, true))
}

func ruleTitle(rule findings.Rule) string {
	return strings.TrimSuffix(cleanName(rule.ID)+": "+prose(rule.Title), ": ")
}

// risks yields one risk for every violated rule; a waiver is an approved deviation.
func (r *oscalReport) risks() iter.Seq[oscalRisk] {
	return func(yield func(oscalRisk) bool) {
		for _, rule := range r.result.Rules {
			if isRisk(rule) && !yield(r.risk(rule)) {
				return
			}
		}
	}
}

func isRisk(rule findings.Rule) bool {
	return rule.Outcome == findings.Fail || rule.Outcome == findings.Waived
}

func (r *oscalReport) risk(rule findings.Rule) oscalRisk {
	found := r.grouped[rule.ID]
	out := oscalRisk{
		UUID:        r.ruleUUID("risk", rule),
		Title:       oscalText(ruleTitle(rule)),
		Description: oscalText(orNone(prose(rule.Description))),
		Statement:   oscalText(fmt.Sprintf("%s Violations: %d.", ruleMessage(rule), len(found))),
		Props:       oscalProps("rule", rule.ID, "outcome", string(rule.Outcome)),
		Status:      "open",
		Characterization: []oscalCharacterization{{
			Origin: r.origins()[0],
			Facets: []oscalFacet{{Name: "severity", System: oscalSpace, Value: orNone(oscalString(string(rule.Severity)))}},
		}},
		Observations: []oscalRelated{{r.ruleUUID("observation", rule)}},
	}
	if rule.Outcome == findings.Waived {
		out.Status = "deviation-approved"
	}
	if waived := waivedBy(found, rule); len(waived) > 0 {
		out.Statement += oscalText(" Waived: " + strings.Join(waived, ", ") + ".")
	}
	for _, terms := range waiversFor(r.result, rule, found) {
		out.Statement += oscalText(" " + terms)
	}
	if summary := prose(rule.Remediation.Summary); summary != "" {
		out.Remediations = []oscalResponse{{
			UUID: r.ruleUUID("remediation", rule), Lifecycle: "recommendation", Title: oscalText(summary),
			Description: oscalText(strings.Join(append([]string{sentence(summary)}, proseAll(rule.Remediation.Steps)...), " ")),
		}}
	}
	for _, finding := range found {
		out.Observations = append(out.Observations, oscalRelated{nameUUID("observation", finding.Fingerprint)})
	}
	return out
}

// findings yields what the rules show of each control.
func (r *oscalReport) findings() iter.Seq[oscalFinding] {
	return func(yield func(oscalFinding) bool) {
		for _, control := range r.controls {
			if !yield(r.finding(control)) {
				return
			}
		}
	}
}

func (r *oscalReport) finding(control oscalControl) oscalFinding {
	title := oscalText(fmt.Sprintf("%s, %s", control.framework.Title, cleanName(control.id)))
	status := control.status()
	out := oscalFinding{
		UUID:        nameUUID("finding", r.result.Tenant.ID, control.framework.Key, control.id),
		Title:       title,
		Description: status.Remarks,
		Props:       oscalProps("framework", control.framework.Key, "control", control.id, "control-id", control.token()),
		Origins:     r.origins(),
		// In NIST's catalogue a control's statement is called after the control.
		Target: oscalTarget{Type: "statement-id", ID: control.token() + "_smt", Title: title, Status: status},
	}
	for _, support := range control.rules {
		out.Observations = append(out.Observations, oscalRelated{r.ruleUUID("observation", support.rule)})
		if isRisk(support.rule) {
			out.Risks = append(out.Risks, oscalRelatedRisk{r.ruleUUID("risk", support.rule)})
		}
	}
	return out
}

// oscalText makes text fit for the model's titles and descriptions, which are Markdown.
func oscalText(s string) string { return markdown(s) }

// oscalString makes text fit for the model's strings: one line, with no white space
// around it.
func oscalString(s string) string { return strings.TrimSpace(clean(s, textLimit)) }
