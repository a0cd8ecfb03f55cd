package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/owenrumney/go-sarif/v2/sarif"

	"github.com/domicile-audit/domicile/findings"
)

// homepage is where the project is found.
const homepage = "https://github.com/domicile-audit/domicile"

// writeSARIF writes the Result as SARIF 2.1.0 (OASIS, errata 01): every rule with its
// outcome, every finding with the place in the customer's configuration that it violates
// and the resource in the tenant that violates it, the evidence with its digests, and
// what is missing as notifications.
func writeSARIF(w io.Writer, result *findings.Result) error {
	log := newSARIFLog(result.Normalised(), sarifProfile{})
	if err := log.write(w); err != nil {
		return fmt.Errorf("writing the SARIF report: %w", err)
	}
	return nil
}

// sarifLog is one SARIF run while it is built. Its parts refer to each other by index,
// which the maps hold: the library's own helpers search linearly and emit an index of
// 2^64-1 for what they don't find.
type sarifLog struct {
	result     *findings.Result
	profile    sarifProfile
	run        *sarif.Run
	grouped    map[string][]findings.Finding // by rule
	frameworks []framework
	// rules and taxa are the indexes of what the run lists, by id, and by framework and
	// control; topics are the listed logical locations of the topics.
	rules   map[string]uint
	waivers map[string]findings.Waiver // by id
	taxa    map[string]map[string]uint
	topics  map[string]*sarif.LogicalLocation
}

// automationID is the category of a run (SARIF 2.1.0, 3.17.3), by which code scanning knows
// the runs that replace each other: the tenant, and which part of the rules was chosen.
func automationID(result *findings.Result) string {
	parts := []string{"domicile", orNone(cleanName(result.Tenant.ID))}
	if by := result.Selection; by != nil {
		parts = append(parts, by.Frameworks...)
		if len(by.Rules)+len(by.Exclude) > 0 {
			chosen := sha256.Sum256(fmt.Appendf(nil, "%q without %q", by.Rules, by.Exclude))
			parts = append(parts, "rules-"+hex.EncodeToString(chosen[:6]))
		}
	}
	for i := range parts {
		parts[i] = url.PathEscape(cleanName(parts[i]))
	}
	return strings.Join(parts, "/") + "/"
}

// sarifProfile says what a SARIF log leaves out for its reader. The zero value is
// everything.
type sarifProfile struct {
	// findingsOnly leaves out the rules that are not violated, and what repeats a rule in
	// each of its results.
	findingsOnly bool
	// notes tell, as notifications, what else is left out.
	notes []string
}

// newSARIFLog builds the run of a normalised result.
func newSARIFLog(result *findings.Result, profile sarifProfile) *sarifLog {
	log := &sarifLog{
		result:     result,
		profile:    profile,
		grouped:    byRule(result.Findings),
		frameworks: frameworksOf(result),
		rules:      map[string]uint{},
		waivers:    waiversByID(result),
		taxa:       map[string]map[string]uint{},
		topics:     map[string]*sarif.LogicalLocation{},
	}
	log.run = &sarif.Run{
		Results:         []*sarif.Result{},
		ColumnKind:      "utf16CodeUnits",
		DefaultEncoding: ptr("utf-8"),
		Language:        ptr("en"),
		Taxonomies:      log.taxonomies(),
		Artifacts:       log.artifacts(),
		Invocations:     []*sarif.Invocation{log.invocation()},
		AutomationDetails: &sarif.RunAutomationDetails{
			ID:          ptr(automationID(result)),
			Description: message(fmt.Sprintf("An evaluation of the Microsoft 365 tenant '%s' under the profile '%s'.", tenantName(result.Tenant), cleanName(result.Profile))),
		},
	}
	log.run.Properties = sarif.Properties{
		"tenant":    tenantProperties(result.Tenant),
		"signature": signatureProperties(result.Signature),
		"profile":   cleanName(result.Profile),
		"digests":   cleanDigests(result.Digests),
		"summary":   cleanSummary(result.Summary),
		"coverage":  coverage(result.Summary),
	}
	if runs := sarifRemediations(result); runs != nil {
		log.run.Properties["remediations"] = runs
	}
	if by := result.Selection; by != nil {
		log.run.Properties["selection"] = findings.Selection{
			Frameworks: cleanNames(by.Frameworks), Rules: cleanNames(by.Rules), Exclude: cleanNames(by.Exclude), Of: by.Of,
		}
	}
	if says := Pseudonyms(result); says != "" {
		log.run.Properties["pseudonyms"] = says
	}
	if result.Change != nil {
		counts := *result.Change
		counts.Gone = nil
		log.run.Properties["change"] = counts
	}
	log.run.Tool = sarif.Tool{Driver: log.driver()}
	log.addLocations()
	return log
}

// driver describes the program and its rules.
func (l *sarifLog) driver() *sarif.ToolComponent {
	driver := &sarif.ToolComponent{
		Name:             "domicile",
		FullName:         ptr("domicile " + sarifVersion(l.result.Tool.Version)),
		Version:          ptr(sarifVersion(l.result.Tool.Version)),
		InformationURI:   ptr(homepage),
		Organization:     ptr("domicile-audit"),
		ShortDescription: multi("Audits whether Microsoft Defender XDR is rightfully on in a Microsoft 365 tenant and whether its data rests where it may.", ""),
		Rules:            []*sarif.ReportingDescriptor{},
		Notifications:    l.notificationKinds(),
	}
	for i := range l.frameworks {
		driver.SupportedTaxonomies = append(driver.SupportedTaxonomies, l.taxonomyReference(i))
	}
	for i, rule := range l.result.Rules {
		l.rules[rule.ID] = uint(i)
		driver.Rules = append(driver.Rules, l.rule(rule))
	}
	return driver
}

// sarifVersion is a version that starts with a digit, as viewers expect (SARIF2005).
func sarifVersion(version string) string {
	version = strings.TrimPrefix(cleanName(version), "v")
	if version == "" || version[0] < '0' || version[0] > '9' {
		return strings.TrimSuffix("0.0.0-"+version, "-")
	}
	return version
}

// signatureProperties say who signed the evidence.
func signatureProperties(signature *findings.Signature) map[string]string {
	properties := map[string]string{"state": signatureWord(signature)}
	if signature != nil {
		properties["key"] = cleanName(signature.KeyID)
		if signature.Name != "" {
			properties["name"] = cleanName(signature.Name)
		}
	}
	return properties
}

func tenantProperties(tenant findings.Tenant) map[string]string {
	return map[string]string{"id": cleanName(tenant.ID), "name": cleanName(tenant.Name), "cloud": cleanName(tenant.Cloud)}
}

// cleanSummary makes the reasons that are counted fit to be shown.
func cleanSummary(s findings.Summary) findings.Summary {
	unjudged := make(map[string]int, len(s.Unjudged))
	for reason, n := range s.Unjudged {
		unjudged[cleanName(reason)] += n
	}
	s.Unjudged = unjudged
	return s
}

func cleanDigests(d findings.Digests) findings.Digests {
	return findings.Digests{
		Evidence: cleanName(d.Evidence), Policies: cleanName(d.Policies), Params: cleanName(d.Params),
		Waivers: cleanName(d.Waivers), Previous: cleanName(d.Previous),
	}
}

func ptr[T any](value T) *T { return &value }

// message is a plain SARIF message: a sentence with a full stop.
func message(s string) *sarif.Message { return &sarif.Message{Text: ptr(stop(inert(s)))} }

// multi is a description, with Markdown where that says more.
func multi(plain, markdown string) *sarif.MultiformatMessageString {
	out := &sarif.MultiformatMessageString{Text: ptr(stop(inert(orNone(plain))))}
	if markdown != "" {
		out.Markdown = &markdown
	}
	return out
}
