package reports

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// ocsfVersion is the version of the schema that the events keep to
// (https://schema.ocsf.io/1.5.0/classes/compliance_finding).
const ocsfVersion = "1.5.0"

// ocsfEvent is an event of the class Compliance Finding. What the class has no attribute
// for is unmapped.
type ocsfEvent struct {
	ActivityID   int              `json:"activity_id"`
	ActivityName string           `json:"activity_name"`
	CategoryUID  int              `json:"category_uid"`
	CategoryName string           `json:"category_name"`
	ClassUID     int              `json:"class_uid"`
	ClassName    string           `json:"class_name"`
	TypeUID      int              `json:"type_uid"`
	TypeName     string           `json:"type_name"`
	Time         int64            `json:"time"`
	SeverityID   int              `json:"severity_id"`
	Severity     string           `json:"severity"`
	StatusID     int              `json:"status_id"`
	Status       string           `json:"status"`
	Message      string           `json:"message"`
	Metadata     ocsfMetadata     `json:"metadata"`
	Cloud        ocsfCloud        `json:"cloud"`
	FindingInfo  ocsfFindingInfo  `json:"finding_info"`
	Compliance   ocsfCompliance   `json:"compliance"`
	Resources    []ocsfResource   `json:"resources"`
	Remediation  *ocsfRemediation `json:"remediation,omitempty"`
	Unmapped     map[string]any   `json:"unmapped"`
}

type ocsfMetadata struct {
	Version  string      `json:"version"`
	Profiles []string    `json:"profiles"`
	Product  ocsfProduct `json:"product"`
}

type ocsfProduct struct {
	Name       string `json:"name"`
	VendorName string `json:"vendor_name"`
	Version    string `json:"version,omitempty"`
	URL        string `json:"url_string"`
}

type ocsfCloud struct {
	Provider string      `json:"provider"`
	Account  ocsfAccount `json:"account"`
}

type ocsfAccount struct {
	UID  string `json:"uid"`
	Name string `json:"name,omitempty"`
}

type ocsfFindingInfo struct {
	UID         string       `json:"uid"`
	Title       string       `json:"title"`
	Desc        string       `json:"desc,omitempty"`
	DataSources []string     `json:"data_sources,omitempty"`
	SrcURL      string       `json:"src_url"`
	Analytic    ocsfAnalytic `json:"analytic"`
}

type ocsfAnalytic struct {
	UID    string `json:"uid"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	TypeID int    `json:"type_id"`
}

type ocsfCompliance struct {
	Control       string   `json:"control"`
	Standards     []string `json:"standards"`
	Requirements  []string `json:"requirements,omitempty"`
	StatusID      int      `json:"status_id"`
	Status        string   `json:"status"`
	StatusCode    string   `json:"status_code"`
	StatusDetails []string `json:"status_details,omitempty"`
}

type ocsfResource struct {
	UID  string `json:"uid"`
	Name string `json:"name,omitempty"`
	Type string `json:"type"`
}

type ocsfRemediation struct {
	Desc       string   `json:"desc"`
	References []string `json:"references,omitempty"`
}

// writeOCSF writes the Result as events of the Open Cybersecurity Schema Framework, one a
// line: every finding, and every rule that says something else than its findings do.
func writeOCSF(w io.Writer, result *findings.Result) error {
	result = result.Normalised()
	grouped, catalogues, waivers := byRule(result.Findings), frameworksOf(result), waiversByID(result)
	out := newJSONStream(w)
	put := func(event ocsfEvent) {
		out.value(event)
		out.raw("\n")
	}
	for _, rule := range result.Rules {
		events := newOCSFRule(result, rule, catalogues, waivers)
		for _, finding := range grouped[rule.ID] {
			put(events.finding(finding))
		}
		if says(rule, grouped[rule.ID]) {
			put(events.verdict(len(grouped[rule.ID]) > 0))
		}
	}
	if err := out.end(); err != nil {
		return fmt.Errorf("writing the OCSF report: %w", err)
	}
	return nil
}

// ocsfRule makes the events of one rule.
type ocsfRule struct {
	result  *findings.Result
	rule    findings.Rule
	waivers map[string]findings.Waiver
	common  ocsfEvent
}

func newOCSFRule(result *findings.Result, rule findings.Rule, catalogues []framework, waivers map[string]findings.Waiver) ocsfRule {
	common := ocsfEvent{
		ActivityID: 1, ActivityName: "Create",
		CategoryUID: 2, CategoryName: "Findings",
		ClassUID: 2003, ClassName: "Compliance Finding",
		TypeUID: 200301, TypeName: "Compliance Finding: Create",
		StatusID: 1, Status: "New",
		Time: milliseconds(result.Finished),
		Metadata: ocsfMetadata{
			Version:  ocsfVersion,
			Profiles: []string{"cloud"},
			Product:  ocsfProduct{Name: "domicile", VendorName: "domicile-audit", Version: cleanName(result.Tool.Version), URL: homepage},
		},
		Cloud: ocsfCloud{Provider: "Microsoft", Account: ocsfAccount{UID: cleanName(result.Tenant.ID), Name: cleanName(result.Tenant.Name)}},
		FindingInfo: ocsfFindingInfo{
			Title:       prose(rule.Title),
			Desc:        prose(rule.Description),
			DataSources: cleanNames(rule.Kinds),
			SrcURL:      helpURI(rule),
			Analytic:    ocsfAnalytic{UID: cleanName(rule.ID), Name: prose(rule.Title), Type: "Rule", TypeID: 1},
		},
		Compliance: ocsfCompliance{Control: cleanName(rule.ID), Standards: []string{}},
	}
	for _, framework := range catalogues {
		for _, control := range rule.Frameworks[framework.Key] {
			common.Compliance.Requirements = append(common.Compliance.Requirements, fmt.Sprintf("%s %s (%s)", framework.Title, cleanName(control.ID), cleanName(control.Coverage)))
		}
		if len(rule.Frameworks[framework.Key]) > 0 {
			common.Compliance.Standards = append(common.Compliance.Standards, framework.Title)
		}
	}
	if summary := prose(rule.Remediation.Summary); summary != "" {
		common.Remediation = &ocsfRemediation{Desc: strings.Join(append([]string{sentence(summary)}, proseAll(rule.Remediation.Steps)...), " ")}
		for _, reference := range rule.References {
			if isLink(reference) {
				common.Remediation.References = append(common.Remediation.References, reference)
			}
		}
	}
	return ocsfRule{result: result, rule: rule, waivers: waivers, common: common}
}

// finding is the event of a violation, suppressed if it is waived.
func (r ocsfRule) finding(finding findings.Finding) ocsfEvent {
	event := r.common
	event.SeverityID, event.Severity = ocsfSeverity(finding.Severity)
	event.Message = about(finding)
	event.FindingInfo.UID = cleanName(finding.Fingerprint)
	event.Compliance.StatusID, event.Compliance.Status = ocsfStatus(finding.Outcome)
	event.Compliance.StatusCode = cleanName(string(finding.Outcome))
	event.Compliance.StatusDetails = []string{fmt.Sprintf("Expected '%s', found '%s'.", cleanText(finding.Expected), cleanText(finding.Actual))}
	event.Resources = []ocsfResource{ocsfResourceOf(finding.Resource)}
	event.Unmapped = r.unmapped(map[string]any{"expected": cleanText(finding.Expected), "actual": cleanText(finding.Actual)})
	if finding.Outcome == findings.Waived {
		event.StatusID, event.Status = 3, "Suppressed"
	}
	r.waive(event, finding.Waiver)
	return event
}

// verdict is the event of a rule, which is about the tenant. Nothing is wrong unless it is
// violated, so every other verdict is informational.
func (r ocsfRule) verdict(besideFindings bool) ocsfEvent {
	event := r.common
	event.SeverityID, event.Severity = ocsfSeverity(findings.Info)
	if r.rule.Outcome == findings.Fail {
		event.SeverityID, event.Severity = ocsfSeverity(r.rule.Severity)
	}
	event.Message = ruleMessage(r.rule)
	event.FindingInfo.UID = ruleFingerprint(r.result, r.rule, besideFindings)
	event.Compliance.StatusID, event.Compliance.Status = ocsfStatus(r.rule.Outcome)
	if r.rule.Accepted() {
		event.Compliance.StatusID, event.Compliance.Status = ocsfStatus(findings.Unknown)
	}
	event.Compliance.StatusCode = cleanName(string(r.rule.Outcome))
	for _, reason := range r.rule.Reasons {
		event.Compliance.StatusDetails = append(event.Compliance.StatusDetails, reasonWord(reason.Reason)+": "+sentence(cleanText(reason.Message)))
	}
	if r.rule.Outcome == findings.Waived {
		event.StatusID, event.Status = 3, "Suppressed"
	}
	event.Resources = []ocsfResource{ocsfResourceOf(tenantResource(r.result))}
	event.Unmapped = r.unmapped(map[string]any{"reasons": cleanReasons(r.rule.Reasons), "observed": cleanObserved(r.rule.Observed), "checked": r.rule.Checked})
	r.waive(event, r.rule.Waiver)
	return event
}

// waive adds the waiver that there is for an event, in force or not.
func (r ocsfRule) waive(event ocsfEvent, id string) {
	if w, ok := r.waivers[id]; ok {
		event.Unmapped["waiver"] = map[string]string{
			"id": cleanName(id), "state": cleanName(string(w.State)), "reason": cleanText(w.Reason), "owner": cleanName(w.Owner),
			"approver": cleanName(w.Approver), "ticket": cleanName(w.Ticket), "approved": cleanName(w.Approved), "from": cleanName(w.From), "expires": cleanName(w.Expires),
		}
	}
}

// unmapped adds to what an event has no attribute for what no event has one for.
func (r ocsfRule) unmapped(own map[string]any) map[string]any {
	own["topic"] = cleanName(r.rule.Topic)
	own["rule_severity"] = cleanName(string(r.rule.Severity))
	own["profile"] = cleanName(r.result.Profile)
	own["microsoft_cloud"] = cleanName(r.result.Tenant.Cloud)
	own["digests"] = cleanDigests(r.result.Digests)
	own["frameworks"] = ruleFrameworks(r.rule)
	if says := Pseudonyms(r.result); says != "" {
		own["pseudonyms"] = says
	}
	return own
}

func ocsfResourceOf(resource findings.Resource) ocsfResource {
	return ocsfResource{UID: clean(resource.ID, textLimit), Name: cleanName(resource.Name), Type: cleanName(resource.Kind)}
}

func ocsfSeverity(severity findings.Severity) (id int, name string) {
	switch severity {
	case findings.Critical:
		return 5, "Critical"
	case findings.High:
		return 4, "High"
	case findings.Medium:
		return 3, "Medium"
	case findings.Low:
		return 2, "Low"
	case findings.Info:
	}
	return 1, "Informational"
}

// ocsfStatus is an outcome in OCSF's words: Warning is a check that came to no result for
// lack of information, and for one that does not apply there is no word.
func ocsfStatus(outcome findings.Outcome) (id int, name string) {
	switch outcome {
	case findings.Pass:
		return 1, "Pass"
	case findings.Unknown:
		return 2, "Warning"
	case findings.Fail, findings.Waived:
		return 3, "Fail"
	case findings.NotApplicable:
	}
	return 99, "Other"
}

func proseAll(in []string) []string {
	out := make([]string, 0, len(in))
	for _, s := range in {
		out = append(out, sentence(prose(s)))
	}
	return out
}

// milliseconds is a time as OCSF writes it; of none it is 0.
func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
