package reports

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// The most that Summary shows of the violated rules, of the causes for which rules could
// not be judged, and of the names of what is missing.
const (
	summaryRules  = 5
	summaryCauses = 3
	summaryNames  = 4
)

// Summary writes what a person has to know and to do next, on one screen: the verdicts, the
// worst violations and how to mend them, and what would let most of the rest be judged.
func Summary(w io.Writer, result *findings.Result, options TextOptions) error {
	page := newTextPage(options)
	result = result.Normalised()
	page.subject(result)
	page.counts(result)
	page.rests(result)
	if says := waiverCounts(result); says != "" {
		page.wrap(0, "", "", says)
	}
	if len(result.Remediations) > 0 {
		page.wrap(0, "", "", "Remediations: "+remediationsCount(result)+"; the report says who approved them and how they were verified.")
	}
	page.line("")
	page.worst(result)
	page.causes(result)
	page.end(result)
	if _, err := w.Write(page.Bytes()); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	return nil
}

// subject says in a few words what was judged, and when it was read.
func (p *textPage) subject(result *findings.Result) {
	p.title(result)
	p.wrap(0, "", "", fmt.Sprintf("%s cloud, profile %s. Evidence of %s.", orNone(cleanName(result.Tenant.Cloud)), orNone(cleanName(result.Profile)), period(result)))
	if by := chosen(result); by != "" {
		p.wrap(0, "", "", "Chosen: "+by+".")
	}
	if says := Pseudonyms(result); says != "" {
		p.wrap(0, "", "", sentence(says))
	}
	p.line("")
}

// rests says where the service keeps its data, by the best proof of it, and where it may.
func (p *textPage) rests(result *findings.Result) {
	rows := geoRows(result)
	at := slices.IndexFunc(rows, func(row geoRow) bool { return row.key == geoData{"xdr", "geo"} })
	if at < 0 {
		return
	}
	tiers := tierPairs()
	rank := func(place geoPlace) int {
		best := len(tiers)
		for _, source := range place.Sources {
			if i := slices.IndexFunc(tiers, func(tier pair) bool { return tier.Name == source.Tier }); i >= 0 {
				best = min(best, i)
			}
		}
		return best
	}
	best := len(tiers)
	for _, place := range rows[at].Places {
		best = min(best, rank(place))
	}
	var places []string
	for _, place := range rows[at].Places {
		if rank(place) == best {
			places = append(places, place.Geo)
		}
	}
	how := ""
	if best < len(tiers) {
		how = " (" + tiers[best].Name + ")"
	}
	allowed := cmp.Or(rows[at].Allowed, "not set")
	p.wrap(0, "", "", fmt.Sprintf("%s's data rests at %s%s; allowed: %s.", rows[at].Service, strings.Join(places, ", "), how, allowed))
}

// worst shows the worst of the violated rules, new ones before others of the same severity,
// with a finding of each and how to mend it.
func (p *textPage) worst(result *findings.Result) {
	open := map[string][]findings.Finding{}
	for _, finding := range openFindings(result) {
		open[finding.Rule] = append(open[finding.Rule], finding)
	}
	var failed []findings.Rule
	for _, rule := range result.Rules {
		if rule.Outcome == findings.Fail {
			failed = append(failed, rule)
			slices.SortStableFunc(open[rule.ID], newFirst)
		}
	}
	if len(failed) == 0 {
		return
	}
	slices.SortStableFunc(failed, func(a, b findings.Rule) int {
		if d := a.Severity.Rank() - b.Severity.Rank(); d != 0 || len(open[a.ID]) == 0 || len(open[b.ID]) == 0 {
			return d
		}
		return newFirst(open[a.ID][0], open[b.ID][0])
	})
	shown := failed[:min(len(failed), summaryRules)]
	p.heading("VIOLATED", failed, len(shown))
	for _, rule := range shown {
		label := fmt.Sprintf("%-8s  %s  ", strings.ToUpper(cleanName(string(rule.Severity))), cleanName(rule.ID))
		p.line(p.paint(severityColor(rule.Severity), label) + shorten(prose(rule.Title), p.width-width(label)))
		if here := open[rule.ID]; len(here) > 0 {
			p.found(here[0], len(here)-1, summaryRules/len(shown))
		}
		if summary := prose(rule.Remediation.Summary); summary != "" {
			p.wrap(2, "to mend: ", bold, summary)
		}
	}
	p.line("")
}

// newFirst sorts findings that the earlier result doesn't have before others.
func newFirst(a, b findings.Finding) int {
	switch {
	case isNew(a) == isNew(b):
		return 0
	case isNew(a):
		return -1
	}
	return 1
}

// found says what was found, in so many lines; the resource's name is left out where they are
// too short for it.
func (p *textPage) found(finding findings.Finding, others, lines int) {
	label, more := "", ""
	if isNew(finding) {
		label = "new: "
	}
	if others > 0 {
		more = fmt.Sprintf(" (and %d more)", others)
	}
	room := p.width - 2
	said := breakLines(label+about(finding)+more, room)
	if len(said) > lines {
		said = breakLines(label+sentence(cleanText(finding.Message))+more, room)
	}
	if len(said) > lines {
		rest := strings.Join(said[lines-1:], " ")
		said = append(said[:lines-1], shorten(strings.TrimSuffix(rest, more), room-len(more))+more)
	}
	for _, row := range said {
		p.line("  " + row)
	}
}

// heading says how many rules there are of each severity, and how many of them are shown.
func (p *textPage) heading(what string, rules []findings.Rule, shown int) {
	var parts []string
	for _, severity := range findings.Severities() {
		n := 0
		for _, rule := range rules {
			if rule.Severity == severity {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, severity))
		}
	}
	said := strings.Join(parts, ", ")
	if shown > 0 && shown < len(rules) {
		said += fmt.Sprintf("; the worst %d:", shown)
	}
	p.wrap(0, what+": ", bold, said)
}

// cause is why rules could not be judged, and what lets them be.
type cause struct {
	reason, message string
	rules           []findings.Rule
}

// causes shows why rules could not be judged, by the first reason of each as the coverage
// counts them, and what to do about it; what concerns most rules first.
func (p *textPage) causes(result *findings.Result) {
	var causes []cause
	var open []findings.Rule
	for _, rule := range result.Rules {
		if rule.Outcome != findings.Unknown {
			continue
		}
		first := findings.Reason{}
		if len(rule.Reasons) > 0 {
			first = rule.Reasons[0]
		}
		at := slices.IndexFunc(causes, func(c cause) bool { return c.reason == first.Reason })
		if at < 0 {
			at = len(causes)
			causes = append(causes, cause{reason: first.Reason, message: sentence(cleanText(first.Message))})
		}
		causes[at].rules = append(causes[at].rules, rule)
		open = append(open, rule)
	}
	if len(causes) == 0 {
		return
	}
	p.heading("NOT JUDGED", open, 0)
	slices.SortFunc(causes, func(a, b cause) int {
		return cmp.Or(len(b.rules)-len(a.rules), strings.Compare(a.reason, b.reason))
	})
	for _, c := range causes[:min(len(causes), summaryCauses)] {
		p.wrap(2, fmt.Sprintf("%d %s: ", len(c.rules), orNone(reasonWord(c.reason))), yellow, cmp.Or(advice(result, c), c.message))
	}
	if more := len(causes) - summaryCauses; more > 0 {
		p.line(fmt.Sprintf("  and for %s more", plural(more, "reason")))
	}
	p.line("")
}

// advice says what lets rules be judged; empty where only their own messages know.
func advice(result *findings.Result, c cause) string {
	named := func(what []string) string {
		said := strings.Join(what[:min(len(what), summaryNames)], ", ")
		if more := len(what) - summaryNames; more > 0 {
			said += fmt.Sprintf(" and %d more", more)
		}
		return said
	}
	switch c.reason {
	case "no_permission":
		if missing := permissionsMissing(result); len(missing) > 0 {
			return "grant " + named(missing) + ", and scan again. domicile permissions says how."
		}
	case "not_collected":
		if kinds := c.kinds(); len(kinds) > 0 {
			return "collect or import " + named(kinds) + "."
		}
	case "throttled", "timeout", "unreachable", "service_error":
		return reasonMeaning(c.reason) + " Scan again later."
	case "needs_attestation", "expired":
		return reasonMeaning(c.reason) + " Write it with domicile attest new."
	case "needs_configuration":
		return reasonMeaning(c.reason) + " Set it in the configuration."
	case "no_earlier_result":
		return reasonMeaning(c.reason) + " Name one with --previous."
	}
	return ""
}

// kinds lists the kinds of evidence that the first reasons name.
func (c cause) kinds() []string {
	named := map[string]bool{}
	for _, rule := range c.rules {
		if len(rule.Reasons) > 0 && rule.Reasons[0].Kind != "" {
			named[cleanName(rule.Reasons[0].Kind)] = true
		}
	}
	return keys(named)
}

// permissionsMissing lists the permissions that are missing, first those that keep most
// rules from being judged.
func permissionsMissing(result *findings.Result) []string {
	rules := map[string]int{}
	for _, gap := range result.Gaps {
		if gap.Permission == "" || gap.Reason != "no_permission" {
			continue
		}
		name := cleanName(gap.Permission)
		rules[name] += 0
		for _, rule := range result.Rules {
			if rule.Outcome == findings.Unknown && slices.Contains(rule.Kinds, gap.Kind) {
				rules[name]++
			}
		}
	}
	names := keys(rules)
	slices.SortStableFunc(names, func(a, b string) int { return rules[b] - rules[a] })
	return names
}
