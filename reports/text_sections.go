package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// scope says what was judged, when, and who read it.
func (p *textPage) scope(result *findings.Result) {
	p.title(result)
	p.wrap(0, "", "", fmt.Sprintf("%s cloud, profile %s, judged by %s %s", orNone(cleanName(result.Tenant.Cloud)),
		orNone(cleanName(result.Profile)), cleanName(result.Tool.Name), cleanName(result.Tool.Version)))
	p.wrap(0, "", "", strings.TrimSpace(fmt.Sprintf("Evidence of %s, %s. %s", period(result), readBy(result.Reader), requestsOf(result))))
	p.wrap(0, "", "", signedBy(result.Signature))
	if by := chosen(result); by != "" {
		p.wrap(0, "", "", "Chosen: "+by+".")
	}
	if says := Pseudonyms(result); says != "" {
		p.wrap(0, "", "", sentence(says))
	}
	p.line("")
}

// title names the tenant.
func (p *textPage) title(result *findings.Result) {
	title := tenantName(result.Tenant)
	if result.Tenant.Name != "" {
		title += " (" + cleanName(result.Tenant.ID) + ")"
	}
	p.wrap(0, "", "", title)
}

// verdict counts the outcomes, and says where the data rests.
func (p *textPage) verdict(result *findings.Result) {
	p.counts(result)
	p.line("")
	p.geos(geoRows(result))
}

// counts counts the outcomes and says how far the judgement goes, and which links of the
// chain hold.
func (p *textPage) counts(result *findings.Result) {
	var parts, plain []string
	for _, outcome := range findings.Outcomes() {
		label := strings.ToUpper(outcomeWord(outcome))
		n := result.Summary.Outcomes[outcome]
		plain = append(plain, fmt.Sprintf("%s %d", label, n))
		color := outcomeColor(outcome)
		if n == 0 {
			color = faint
		}
		parts = append(parts, p.paint(color, plain[len(plain)-1]))
	}
	if row := strings.Join(plain, "   "); len(row) <= p.width {
		p.line(strings.Join(parts, "   "))
	} else {
		for _, part := range parts {
			p.line(part)
		}
	}
	p.wrap(0, "", "", coverage(result.Summary))
	for _, says := range []string{waivedSays(result), changeSays(result.Change)} {
		if says != "" {
			p.wrap(0, "", "", says)
		}
	}
	if _, says := chainOf(result); says != "" {
		p.wrap(0, "", "", says)
	}
}

// geos says where each service keeps its data, a line for each sort of data.
func (p *textPage) geos(rows []geoRow) {
	if len(rows) == 0 {
		return
	}
	p.line(p.paint(bold, "WHERE THE DATA RESTS"))
	for _, row := range rows {
		var places []string
		for _, place := range row.Places {
			var tiers []string
			for _, source := range place.Sources {
				if tier := orNone(source.Tier); !slices.Contains(tiers, tier) {
					tiers = append(tiers, tier)
				}
			}
			places = append(places, fmt.Sprintf("%s (%s)", place.Geo, strings.Join(tiers, ", ")))
		}
		said := strings.Join(places, "; ")
		if row.Allowed != "" {
			said += "; allowed: " + row.Allowed
		}
		p.wrap(2, row.Service+", "+row.Data+": ", "", said)
	}
	p.line("")
}

// failures lists what violates the rules, worst first.
func (p *textPage) failures(result *findings.Result) {
	grouped := byRule(result.Findings)
	heading := fmt.Sprintf("VIOLATIONS: %s of %s", plural(result.Summary.Findings, "finding"), plural(result.Summary.Outcomes[findings.Fail], "rule"))
	if result.Summary.Outcomes[findings.Fail] == 0 {
		p.line(p.paint(bold, "VIOLATIONS: none"))
		p.line("")
		return
	}
	p.line(p.paint(bold, heading))
	notes := waiverNotes(result)
	for _, severity := range findings.Severities() {
		for _, rule := range result.Rules {
			if rule.Outcome == findings.Fail && rule.Severity == severity {
				p.line("")
				p.failure(rule, grouped[rule.ID], notes)
			}
		}
	}
	p.line("")
}

// failure shows one failed rule, its first findings, and how to mend them. notes say what
// waivers that are not in force are for.
func (p *textPage) failure(rule findings.Rule, all []findings.Finding, notes map[string]string) {
	p.wrap(0, fmt.Sprintf("%-8s  %s  ", strings.ToUpper(cleanName(string(rule.Severity))), cleanName(rule.ID)), severityColor(rule.Severity), prose(rule.Title))
	most := textFindings
	if rule.Severity.Rank() > findings.High.Rank() {
		most = 1
	}
	failed := 0
	for _, finding := range all {
		if finding.Outcome != findings.Fail {
			continue
		}
		if failed++; failed <= most {
			label, said := "- ", about(finding)
			if isNew(finding) {
				label = "- new: "
			}
			if note := notes[finding.Waiver]; note != "" {
				said += " " + sentence(note)
			}
			p.wrap(2, label, "", said)
		}
	}
	if failed > most {
		p.wrap(2, "- ", "", fmt.Sprintf("and %d more, all in result.json", failed-most))
	}
	if summary := prose(rule.Remediation.Summary); summary != "" {
		p.wrap(2, "to mend: ", bold, summary)
	}
}

// about says what a finding is about: its message, which has the value that was found,
// after the name of the resource where the message leaves that out.
func about(finding findings.Finding) string {
	message, name := sentence(cleanText(finding.Message)), resourceName(finding.Resource)
	if finding.Resource.Kind == "tenant" || strings.Contains(message, name) {
		return message
	}
	if finding.Resource.Name == "" {
		name = reasonWord(finding.Resource.Kind) + " " + name
	}
	return name + ": " + message
}

// unknown lists the rules that could not be judged, with the reason.
func (p *textPage) unknown(result *findings.Result) {
	total := result.Summary.Outcomes[findings.Unknown]
	if total == 0 {
		return
	}
	p.line(p.paint(bold, "NOT JUDGED: "+plural(total, "rule")))
	shown := 0
	for _, severity := range findings.Severities() {
		for _, rule := range result.Rules {
			if rule.Outcome != findings.Unknown || rule.Severity != severity {
				continue
			}
			if shown++; shown > textUnknown {
				continue
			}
			p.wrap(0, fmt.Sprintf("%-8s  %s  ", strings.ToUpper(cleanName(string(rule.Severity))), cleanName(rule.ID)), yellow, prose(rule.Title))
			for _, reason := range rule.Reasons {
				p.wrap(4, reasonWord(reason.Reason)+": ", faint, cleanText(reason.Message)+permissionHint(result, reason))
			}
			if note := waiverNotes(result)[rule.Waiver]; note != "" {
				p.wrap(4, "", "", sentence(note))
			}
		}
	}
	if shown > textUnknown {
		p.line(fmt.Sprintf("and %d more, all in result.json", shown-textUnknown))
	}
	p.line("")
}

// waivers lists what is accepted for a time, and the waivers that ask for something to be
// done.
func (p *textPage) waivers(result *findings.Result) {
	rows := waiverRows(result)
	if len(rows) == 0 {
		return
	}
	p.line(p.paint(bold, "WAIVERS: "+fmt.Sprint(len(rows))))
	for _, row := range rows[:min(len(rows), textWaivers)] {
		said := []string{row.Word, row.Says, "until " + row.Ends}
		if row.Term != "" {
			said = append(said, row.Term)
		}
		p.wrap(0, row.ID+"  ", blue, fmt.Sprintf("%s, %s: %s. Approved by %s, %s.", row.Rule.ID, row.Resource, strings.Join(said, ", "), row.Approver, row.Ticket))
	}
	if more := len(rows) - textWaivers; more > 0 {
		p.line(fmt.Sprintf("and %d more, all in result.json", more))
	}
	p.line("")
}

// permissionHint names the permission that the gap behind a reason lacks, if it does.
func permissionHint(result *findings.Result, reason findings.Reason) string {
	for _, gap := range result.Gaps {
		if gap.Kind == reason.Kind && gap.Reason == reason.Reason && gap.Permission != "" {
			return " Missing: " + cleanName(gap.Permission) + "."
		}
	}
	return ""
}

func (p *textPage) end(result *findings.Result) {
	color := green
	if result.Exit.Code != 0 {
		color = red
	}
	p.wrap(0, fmt.Sprintf("Exit code %d: ", result.Exit.Code), color, sentence(orNone(cleanText(result.Exit.Reason))))
}

// requestsOf says how many requests the evidence took, and how many would have done, where
// every kind that was asked for says so.
func requestsOf(result *findings.Result) string {
	sent, needed := 0, 0
	for _, evidence := range result.Evidence {
		if evidence.Requests > 0 && evidence.Minimum == 0 {
			return ""
		}
		sent += evidence.Requests
		needed += evidence.Minimum
	}
	if sent == 0 {
		return ""
	}
	return fmt.Sprintf("%s, at least %d needed.", plural(sent, "request"), needed)
}

// period says when the evidence was read, and of when the oldest of it is where somebody
// saved that on an earlier day.
func period(result *findings.Result) string {
	oldest := result.Started
	for _, evidence := range result.Evidence {
		if !evidence.Time.IsZero() && evidence.Time.Before(oldest) {
			oldest = evidence.Time
		}
	}
	said := span(result.Started, result.Finished)
	if oldest.Format(time.DateOnly) != result.Started.Format(time.DateOnly) {
		said += " (the oldest of it is of " + oldest.Format(time.DateOnly) + ")"
	}
	return said
}

func span(started, finished time.Time) string {
	const layout = "2006-01-02 15:04"
	switch {
	case started.IsZero():
		return "an unknown time"
	case finished.IsZero() || finished.Format(layout) == started.Format(layout):
		return started.Format(layout) + " UTC"
	case finished.Format(time.DateOnly) == started.Format(time.DateOnly):
		return started.Format(layout) + " to " + finished.Format("15:04") + " UTC"
	}
	return started.Format(layout) + " to " + finished.Format(layout) + " UTC"
}

// readBy says who read the evidence, and with how many permissions.
func readBy(reader findings.Reader) string {
	if reader.AppID == "" && reader.TenantID == "" {
		return "all of it imported from files"
	}
	if len(reader.Scopes) > 0 {
		return fmt.Sprintf("read on behalf of a person by application %s with %s", cleanName(reader.AppID), plural(len(reader.Scopes), "scope"))
	}
	return fmt.Sprintf("read by application %s with %s", cleanName(reader.AppID), plural(len(reader.Roles), "permission"))
}

// signedBy says who signed the evidence, and what that is worth.
func signedBy(signature *findings.Signature) string {
	if signature == nil {
		return "The evidence is unsigned: nothing tells whether somebody changed it after it was read."
	}
	key := "key " + cleanName(signature.KeyID)
	switch {
	case !signature.Trusted:
		return "The evidence is signed, key not trusted: its signature names the " + key + ", and no trusted key was given to check that with."
	case signature.Name != "":
		return "The evidence is signed by " + cleanName(signature.Name) + " (" + key + "), a trusted key."
	default:
		return "The evidence is signed by the trusted " + key + "."
	}
}

// signatureWord is in a word what signedBy says.
func signatureWord(signature *findings.Signature) string {
	switch {
	case signature == nil:
		return "unsigned"
	case signature.Trusted:
		return "trusted"
	default:
		return "not trusted"
	}
}

// sentence starts s with a capital letter and ends it with a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	if first := s[0]; first >= 'a' && first <= 'z' {
		s = string(first-'a'+'A') + s[1:]
	}
	return stop(s)
}

// stop ends s with a full stop.
func stop(s string) string {
	s = strings.TrimRight(s, " ")
	if strings.HasSuffix(s, ".") {
		return s
	}
	return strings.TrimRight(s, "!?…:;,") + "."
}

func tenantName(tenant findings.Tenant) string {
	if tenant.Name != "" {
		return cleanName(tenant.Name)
	}
	return cleanName(tenant.ID)
}

func orNone(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
