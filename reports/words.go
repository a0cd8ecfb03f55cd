package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// topic is a part of the chain from the licence to a service that sees the tenant.
type topic struct {
	// Key is the rules' topic, Title its heading, Link its name in the chain.
	Key, Title, Link string
	// Question is what the topic's rules answer.
	Question string
}

// topics lists the topics in the order of the chain.
func topics() []topic {
	return []topic{
		{"licences", "Licences", "Licence", "Is the tenant entitled to the service?"},
		{"roles", "Roles", "Role", "May the right people, and only they, turn it on?"},
		{"consent", "Consent", "Consent", "Was it agreed to, and who else may read its data?"},
		{"geo", "Geo", "Geo", "Does the data rest where it may?"},
		{"xdr", "Enablement", "On", "Is the service on and does it answer?"},
		{"integration", "Integration", "Feeding", "Do the other services feed it?"},
	}
}

// topicsOf lists the known topics, and after them those that only the Result knows.
func topicsOf(result *findings.Result) []topic {
	all := topics()
	for _, rule := range result.Rules {
		if !slices.ContainsFunc(all, func(t topic) bool { return t.Key == rule.Topic }) {
			all = append(all, topic{Key: rule.Topic, Title: prose(rule.Topic), Link: prose(rule.Topic)})
		}
	}
	return all
}

// outcomeWord is an outcome as people read it.
func outcomeWord(o findings.Outcome) string {
	if o == findings.NotApplicable {
		return "not applicable"
	}
	return cleanText(string(o))
}

// reasonWord is a reason of the closed list as people read it.
func reasonWord(reason string) string { return cleanText(strings.ReplaceAll(reason, "_", " ")) }

// reasonMeaning says what a reason means, in a sentence, or nothing for an unknown one.
func reasonMeaning(reason string) string {
	return map[string]string{
		"no_permission":       "The account that read the tenant lacks the permission.",
		"not_licensed":        "The tenant has no licence for what was asked.",
		"not_provisioned":     "The service has not been set up in this tenant.",
		"not_in_this_cloud":   "The service does not exist in this cloud.",
		"throttled":           "The service asked for patience for longer than the scan may wait.",
		"service_error":       "The service answered with an error of its own.",
		"unreachable":         "The service could not be reached.",
		"timeout":             "The answer did not come in time.",
		"partial":             "Only a part could be read.",
		"invalid":             "What was read is not what it claims to be.",
		"stale":               "The evidence is older than allowed.",
		"expired":             "The statement has run out.",
		"conflict":            "Two sources contradict each other.",
		"needs_attestation":   "No interface states this; a dated statement of two people is needed.",
		"needs_configuration": "A parameter that says what is allowed has not been set.",
		"not_collected":       "It was not asked for.",
		"rule_error":          "The rule itself failed.",
		"not_offered":         "It is not offered in this cloud or under this profile.",
		"no_earlier_result":   "There is no earlier result to compare with.",
		"switched_off":        "It has been switched off on purpose.",
		"nothing_to_judge":    "The tenant has nothing of this kind.",
	}[reason]
}

// tierMeaning says what a tier of evidence means.
func tierMeaning(tier string) string {
	return map[string]string{
		"signed":   "signed by Microsoft, checked offline",
		"api":      "stated by a supported API",
		"proxy":    "implied by a supported API",
		"portal":   "exported by a person from a portal or a tool",
		"attested": "stated by two named people",
	}[tier]
}

// factWord is the name of an observed fact for people.
func factWord(fact string) string {
	switch fact {
	case "geo":
		return "data at rest"
	case "telemetry_geo":
		return "telemetry"
	}
	return reasonWord(fact)
}

// serviceWord is the name of a service for people.
func serviceWord(service string) string {
	known := map[string]string{
		"xdr":                   "Defender XDR",
		"endpoint":              "Defender for Endpoint",
		"defender_for_endpoint": "Defender for Endpoint",
		"office":                "Defender for Office 365",
		"cloud_apps":            "Defender for Cloud Apps",
		"app_governance":        "App Governance",
		"identity":              "Defender for Identity",
		"defender_for_identity": "Defender for Identity",
		"exchange":              "Exchange Online",
		"microsoft_365":         "Microsoft 365",
		"azure":                 "Azure",
		"security_copilot":      "Security Copilot",
	}
	if word, ok := known[service]; ok {
		return word
	}
	return cleanName(service)
}

// framework is a catalogue of controls that rules name.
type framework struct {
	Key, Title, Organisation, URI string
}

// frameworks lists the frameworks that rules may name.
func frameworks() []framework {
	return []framework{
		{"cis_m365", "CIS Microsoft 365 Foundations Benchmark", "Center for Internet Security", "https://www.cisecurity.org/benchmark/microsoft_365"},
		{"scuba", "CISA SCuBA baselines for Microsoft 365", "Cybersecurity and Infrastructure Security Agency", "https://www.cisa.gov/resources-tools/services/secure-cloud-business-applications-scuba-project"},
		{"nist_800_53", "NIST SP 800-53 Rev. 5", "National Institute of Standards and Technology", "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"},
		{"iso_27001", "ISO/IEC 27001:2022 Annex A", "International Organization for Standardization", "https://www.iso.org/standard/27001"},
		{"gdpr", "GDPR, Regulation (EU) 2016/679", "European Union", "https://eur-lex.europa.eu/eli/reg/2016/679/oj"},
		{"nis2", "NIS 2, Directive (EU) 2022/2555", "European Union", "https://eur-lex.europa.eu/eli/dir/2022/2555/oj"},
		{"dora", "DORA, Regulation (EU) 2022/2554", "European Union", "https://eur-lex.europa.eu/eli/reg/2022/2554/oj"},
	}
}

// frameworksOf lists the frameworks that the Result's rules name: the known ones first,
// in their order, then others by key.
func frameworksOf(result *findings.Result) []framework {
	named := map[string]bool{}
	for _, rule := range result.Rules {
		for key := range rule.Frameworks {
			named[key] = true
		}
	}
	var out []framework
	for _, known := range frameworks() {
		if named[known.Key] {
			out = append(out, known)
			delete(named, known.Key)
		}
	}
	for _, key := range keys(named) {
		out = append(out, framework{Key: key, Title: cleanName(key)})
	}
	return out
}

// keys returns the keys of a map, sorted.
func keys[K ~string, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for key := range m {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

// plural is a number and a noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Pseudonyms says that names are pseudonyms; empty where they aren't.
func Pseudonyms(result *findings.Result) string {
	if result.Pseudonyms == "" {
		return ""
	}
	return "pseudonyms stand for people, groups, devices and applications (key " + cleanName(result.Pseudonyms) + ")"
}

// chosen says by what which part of the rules was chosen; empty where all were.
func chosen(result *findings.Result) string {
	by := result.Selection
	if by == nil {
		return ""
	}
	parts := []string{fmt.Sprintf("%d of %s", len(result.Rules), plural(by.Of, "rule"))}
	for _, key := range by.Frameworks {
		parts = append(parts, "framework "+frameworkTitle(key))
	}
	if len(by.Rules) > 0 {
		parts = append(parts, "rules "+strings.Join(cleanNames(by.Rules), ", "))
	}
	if len(by.Exclude) > 0 {
		parts = append(parts, "without "+strings.Join(cleanNames(by.Exclude), ", "))
	}
	return strings.Join(parts, "; ")
}

func frameworkTitle(key string) string {
	for _, known := range frameworks() {
		if known.Key == key {
			return known.Title
		}
	}
	return cleanName(key)
}

// coverage says in sentences how many rules were judged, and why the others were not.
func coverage(summary findings.Summary) string {
	unknown, notApplicable := summary.Outcomes[findings.Unknown], summary.Outcomes[findings.NotApplicable]
	said := fmt.Sprintf("Judged %d of %s", summary.Judged, plural(summary.Rules, "rule"))
	if unknown > 0 {
		reasons := keys(summary.Unjudged)
		slices.SortStableFunc(reasons, func(a, b string) int { return summary.Unjudged[b] - summary.Unjudged[a] })
		parts := make([]string, 0, len(reasons))
		for _, reason := range reasons {
			parts = append(parts, fmt.Sprintf("%s (%d)", reasonWord(reason), summary.Unjudged[reason]))
		}
		said += fmt.Sprintf("; %d could not be judged: %s", unknown, strings.Join(parts, ", "))
	}
	if accepted := summary.Rules - summary.Judged - unknown - notApplicable; accepted > 0 {
		said += fmt.Sprintf("; that %s could not be judged is accepted", plural(accepted, "rule"))
	}
	said += "."
	switch notApplicable {
	case 0:
	case 1:
		said += " 1 does not apply to this tenant."
	default:
		said += fmt.Sprintf(" %d do not apply to this tenant.", notApplicable)
	}
	return said
}

// resourceName is how reports call a resource: its name, or its id where it has none.
func resourceName(resource findings.Resource) string {
	if resource.Name != "" {
		return cleanName(resource.Name)
	}
	return cleanName(resource.ID)
}

// byRule groups findings that are sorted by rule, as those of a normalised result are; the
// groups are parts of the list.
func byRule(all []findings.Finding) map[string][]findings.Finding {
	grouped := map[string][]findings.Finding{}
	for from := 0; from < len(all); {
		rule, to := all[from].Rule, from
		for to < len(all) && all[to].Rule == rule {
			to++
		}
		grouped[rule] = all[from:to:to]
		from = to
	}
	return grouped
}

// openFindings lists the violations, worst first.
func openFindings(result *findings.Result) []findings.Finding {
	return worstFirst(result.Findings, func(f findings.Finding) bool { return f.Outcome == findings.Fail })
}

// newFindings lists the violations that the earlier result doesn't have, worst first.
func newFindings(result *findings.Result) []findings.Finding {
	return worstFirst(result.Findings, isNew)
}

// goneFindings lists the earlier violations that are gone in one of the two ways, worst
// first.
func goneFindings(result *findings.Result, how findings.FindingChange) []findings.Finding {
	if result.Change == nil {
		return nil
	}
	return worstFirst(result.Change.Gone, func(f findings.Finding) bool { return f.Change == how })
}

func worstFirst(all []findings.Finding, chosen func(findings.Finding) bool) []findings.Finding {
	var out []findings.Finding
	for _, finding := range all {
		if chosen(finding) {
			out = append(out, finding)
		}
	}
	slices.SortStableFunc(out, func(a, b findings.Finding) int { return a.Severity.Rank() - b.Severity.Rank() })
	return out
}

// coverageMeaning says what a rule's pass is worth for a control.
func coverageMeaning(coverage string) string {
	switch coverage {
	case "full":
		return "A pass is what the control's audit asks for, as far as Microsoft 365 goes."
	case "part":
		return "A pass is one of several conditions of the control; it does not meet the control alone."
	case "evidence":
		return "A pass supports a demonstration of the control; it proves nothing alone."
	}
	return "How much of the control a pass covers is not said."
}
