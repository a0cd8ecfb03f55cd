package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// byteOrderMark is what a spreadsheet knows UTF-8 by.
const byteOrderMark = "\ufeff"

// csvColumns are the columns of the CSV report. A line is a rule, which has a verdict, or
// a finding, which has a resource; the other's columns are empty.
func csvColumns() []string {
	return []string{
		"record", "outcome", "severity", "rule", "title", "topic", "resource_kind", "resource_id", "resource_name",
		"message", "expected", "actual", "waiver", "waiver_state", "waiver_reason", "waiver_owner", "waiver_approver", "waiver_ticket", "waiver_expires", "reasons", "observed", "checked", "failed", "controls", "remediation",
		"fingerprint", "tenant_id", "tenant", "profile", "judged", "signature", "pseudonyms",
	}
}

// writeCSV writes one table (RFC 4180) of every rule, each followed by its findings. It
// begins with a byte order mark, and no cell can be taken for a formula.
func writeCSV(w io.Writer, result *findings.Result) error {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return fmt.Errorf("writing the CSV report: %w", err)
	}
	result = result.Normalised()
	out := csv.NewWriter(w)
	out.UseCRLF = true
	put := func(cells []string) {
		for i := range cells {
			cells[i] = csvCell(cells[i])
		}
		// An error stays with the writer, which names it at the end.
		_ = out.Write(cells)
	}
	put(csvColumns())
	grouped, waivers := byRule(result.Findings), waiversByID(result)
	for _, rule := range result.Rules {
		put(csvRule(result, rule, waivers[rule.Waiver]))
		for _, finding := range grouped[rule.ID] {
			put(csvFinding(result, rule, finding, waivers[finding.Waiver]))
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("writing the CSV report: %w", err)
	}
	return nil
}

func csvRule(result *findings.Result, rule findings.Rule, waiver findings.Waiver) []string {
	return slices.Concat([]string{
		"rule", cleanName(string(rule.Outcome)), cleanName(string(rule.Severity)), cleanName(rule.ID), prose(rule.Title), cleanName(rule.Topic),
		"", "", "", "", "", "",
	}, csvWaiver(rule.Waiver, waiver), []string{
		reasonsText(rule), observedText(rule), strconv.Itoa(rule.Checked), strconv.Itoa(rule.Failed),
		controlsText(rule), prose(rule.Remediation.Summary), "",
	}, csvScope(result))
}

func csvFinding(result *findings.Result, rule findings.Rule, finding findings.Finding, waiver findings.Waiver) []string {
	return slices.Concat([]string{
		"finding", cleanName(string(finding.Outcome)), cleanName(string(finding.Severity)), cleanName(rule.ID), prose(rule.Title), cleanName(rule.Topic),
		cleanName(finding.Resource.Kind), clean(finding.Resource.ID, textLimit), cleanName(finding.Resource.Name),
		cleanText(finding.Message), cleanText(finding.Expected), cleanText(finding.Actual),
	}, csvWaiver(finding.Waiver, waiver), []string{
		"", "", "", "",
		controlsText(rule), prose(rule.Remediation.Summary), cleanName(finding.Fingerprint),
	}, csvScope(result))
}

// csvWaiver is the waiver that there is for a line, if there is one.
func csvWaiver(id string, w findings.Waiver) []string {
	return []string{
		cleanName(id), reasonWord(string(w.State)), cleanText(w.Reason), cleanName(w.Owner), cleanName(w.Approver), cleanName(w.Ticket), cleanName(w.Expires),
	}
}

// csvScope says of what a line speaks, so that the tables of several tenants can be
// joined.
func csvScope(result *findings.Result) []string {
	return []string{cleanName(result.Tenant.ID), cleanName(result.Tenant.Name), cleanName(result.Profile), timeText(result.Finished), signatureWord(result.Signature), Pseudonyms(result)}
}

// csvCell keeps a spreadsheet from taking a cell for a formula: what begins like one gets
// an apostrophe, as OWASP's page on CSV injection recommends. The forms of full width
// count as well, as Excel in East Asian languages takes them for their narrow ones.
func csvCell(s string) string {
	if first := strings.TrimLeft(s, " "); first != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(first)[0]) {
		return "'" + s
	}
	return s
}

// reasonsText says why a rule is unknown or not applicable.
func reasonsText(rule findings.Rule) string {
	var parts []string
	for _, reason := range rule.Reasons {
		part := cleanName(reason.Reason)
		if reason.Kind != "" {
			part += " (" + cleanName(reason.Kind) + ")"
		}
		parts = append(parts, part+": "+cleanText(reason.Message))
	}
	return strings.Join(parts, "; ")
}

// observedText lists what a rule rests on.
func observedText(rule findings.Rule) string {
	var parts []string
	for _, seen := range rule.Observed {
		part := fmt.Sprintf("%s %s = %s", factWord(seen.Fact), serviceWord(seen.Service), cleanText(seen.Value))
		if seen.Tier != "" || seen.Kind != "" {
			part += fmt.Sprintf(" (%s)", strings.Trim(cleanName(seen.Tier)+", "+cleanName(seen.Kind), ", "))
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// controlsText lists the controls that a rule supports, and how far.
func controlsText(rule findings.Rule) string {
	var parts []string
	for _, key := range keys(rule.Frameworks) {
		for _, control := range rule.Frameworks[key] {
			parts = append(parts, fmt.Sprintf("%s %s (%s)", cleanName(key), cleanName(control.ID), cleanName(control.Coverage)))
		}
	}
	return strings.Join(parts, "; ")
}

// timeText is a time as tables show it, or nothing for none.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
