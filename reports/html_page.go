package reports

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// page is everything that the template shows, already made fit to be shown.
type page struct {
	assets
	Tenant, TenantID     string
	Cloud, Profile, Tool string
	Chosen, Pseudonyms   string
	Period, Started      string
	Reader               reader
	Signed               string
	Verdict              verdict
	Counts               []count
	Coverage             string
	Chain                Chain
	Geos                 []geoRow
	Severities           []severityGroup
	Violations           int
	FailedRules          int
	LeftOut              string // says how many findings of violated rules are not shown
	Topics               []topicGroup
	Frameworks           []frameworkGroup
	Rules                int
	Evidence             []evidenceRow
	Read, Sent           string
	Tiers                []pair
	Gaps                 []gapRow
	Params               []pair
	Waivers              []waiverRow
	Waived, Change       string
	Remediations         []remediatedView
	Remediated           string
	Digests              []pair
}

// pair is a name and a value.
type pair struct{ Name, Value string }

// reader is who read the tenant, and with what.
type reader struct {
	Says        string
	Permissions []string
}

// verdict is the page's answer: a state, a headline, and why.
type verdict struct {
	State, Headline, Reason string
	Code                    int
}

// count is how many rules have an outcome. From and Width place it in the bar, whose
// width is barWidth.
type count struct {
	State, Word string
	Rules       int
	From, Width int
}

const barWidth = 1000

func newPage(result *findings.Result, room room) (*page, error) {
	script := ""
	if room.scripted {
		script = reportScript
	}
	assets, err := newAssets(script)
	if err != nil {
		return nil, err
	}
	view := newViewer(result, room)
	p := &page{
		assets: assets,
		Tenant: tenantName(result.Tenant), TenantID: cleanName(result.Tenant.ID),
		Cloud: orNone(cleanName(result.Tenant.Cloud)), Profile: orNone(cleanName(result.Profile)),
		Tool:   strings.TrimSpace(cleanName(result.Tool.Name) + " " + cleanName(result.Tool.Version)),
		Chosen: chosen(result), Pseudonyms: Pseudonyms(result),
		Period:   period(result),
		Reader:   reader{Says: sentence(readBy(result.Reader)), Permissions: cleanNames(append(slices.Clone(result.Reader.Roles), result.Reader.Scopes...))},
		Signed:   signedBy(result.Signature),
		Verdict:  verdictOf(result),
		Counts:   countsOf(result.Summary),
		Coverage: coverage(result.Summary),
		Geos:     geoRows(result),
		Topics:   view.topics(), Severities: view.severities(), Frameworks: view.byFramework(),
		Violations: result.Summary.Findings, FailedRules: result.Summary.Outcomes[findings.Fail], Rules: result.Summary.Rules,
		Evidence: evidenceRows(result), Read: readWhat(result.Evidence), Sent: requestsOf(result), Tiers: tierPairs(), Gaps: gapRows(result),
		Params: paramPairs(result.Params), Waivers: waiverRows(result), Waived: waivedSays(result), Change: changeSays(result.Change),
		Digests: digestPairs(result.Digests), Remediations: remediatedViews(result, pageChanges), Remediated: remediationsCount(result),
	}
	p.Chain = ChainOf(result, "")
	hidden := 0
	for _, group := range p.Severities {
		for _, rule := range group.Rules {
			hidden += rule.Findings.Hidden
		}
	}
	if hidden > 0 {
		p.LeftOut = plural(hidden, "finding") + " left out here, of the rules that have the most; result.json has them all."
	}
	return p, nil
}

// readWhat says how much evidence was read.
func readWhat(all []findings.Evidence) string {
	objects := 0
	for _, evidence := range all {
		objects += evidence.Objects
	}
	return fmt.Sprintf("%s of evidence, %s objects", plural(len(all), "kind"), thousands(objects))
}

// verdictOf is the answer in a few words. It follows from the outcomes; the exit code,
// which depends on the threshold too, is shown beside it.
func verdictOf(result *findings.Result) verdict {
	out := verdict{Code: result.Exit.Code, Reason: sentence(cleanText(result.Exit.Reason))}
	outcomes := result.Summary.Outcomes
	switch {
	case outcomes[findings.Fail] > 0:
		out.State = stateOf(findings.Fail)
		out.Headline = fmt.Sprintf("%s violated", plural(outcomes[findings.Fail], "rule"))
		if outcomes[findings.Unknown] > 0 {
			out.Headline += fmt.Sprintf(", %d not judged", outcomes[findings.Unknown])
		}
	case outcomes[findings.Unknown] > 0:
		out.State = stateOf(findings.Unknown)
		out.Headline = fmt.Sprintf("No violation found, but %s not judged", plural(outcomes[findings.Unknown], "rule"))
	case outcomes[findings.Waived] > 0:
		out.State = stateOf(findings.Waived)
		out.Headline = fmt.Sprintf("No open violation, but %s waived", plural(outcomes[findings.Waived], "rule"))
	case result.Summary.Judged > 0:
		out.State = stateOf(findings.Pass)
		out.Headline = "No violation found"
	default:
		out.State = stateOf(findings.NotApplicable)
		out.Headline = "Nothing was judged"
	}
	return out
}

// stateOf is the word by which the style sheet and the icons know an outcome.
func stateOf(outcome findings.Outcome) string {
	switch outcome {
	case findings.Pass, findings.Fail, findings.Unknown, findings.Waived:
		return string(outcome)
	case findings.NotApplicable:
	}
	return "na"
}

func countsOf(summary findings.Summary) []count {
	var out []count
	from, seen := 0, 0
	for _, outcome := range findings.Outcomes() {
		n := summary.Outcomes[outcome]
		seen += n
		end := barWidth * seen / max(summary.Rules, seen, 1)
		out = append(out, count{State: stateOf(outcome), Word: outcomeWord(outcome), Rules: n, From: from, Width: end - from})
		from = end
	}
	return out
}

// worst lists the outcomes as a chain weighs them.
func worst() []findings.Outcome {
	return []findings.Outcome{findings.Fail, findings.Unknown, findings.Waived, findings.Pass, findings.NotApplicable}
}

// chainOf gives every link the worst outcome of its topic's rules, and says in words
// where the chain breaks.
func chainOf(result *findings.Result) (links []Link, says string) {
	named := map[findings.Outcome][]string{}
	for _, topic := range topics() {
		counts, total := map[findings.Outcome]int{}, 0
		for _, rule := range result.Rules {
			if rule.Topic == topic.Key {
				counts[rule.Outcome]++
				total++
			}
		}
		out := Link{Name: topic.Link, State: "na", Word: "not looked at", Says: "no rule chosen"}
		for _, outcome := range worst() {
			if counts[outcome] == 0 {
				continue
			}
			named[outcome] = append(named[outcome], topic.Link)
			out.State, out.Word, out.Anchor = stateOf(outcome), linkWord(outcome), "topic-"+topic.Key
			out.Says = fmt.Sprintf("%d of %s", counts[outcome], plural(total, "rule"))
			break
		}
		links = append(links, out)
	}
	var parts []string
	if broken := named[findings.Fail]; len(broken) > 0 {
		parts = append(parts, "The chain is broken at: "+strings.Join(broken, ", ")+".")
	}
	if open := named[findings.Unknown]; len(open) > 0 {
		parts = append(parts, "Not known in full: "+strings.Join(open, ", ")+".")
	}
	if waived := named[findings.Waived]; len(waived) > 0 {
		parts = append(parts, "Waived at: "+strings.Join(waived, ", ")+".")
	}
	if len(parts) == 0 && len(named[findings.Pass]) > 0 {
		parts = append(parts, "Every link that was looked at holds.")
	}
	return links, strings.Join(parts, " ")
}

func linkWord(outcome findings.Outcome) string {
	switch outcome {
	case findings.Pass:
		return "holds"
	case findings.Fail:
		return "broken"
	case findings.Unknown:
		return "not known"
	case findings.Waived:
		return "waived"
	case findings.NotApplicable:
	}
	return "not applicable"
}

// paramPairs shows the parameters as JSON.
func paramPairs(params map[string]any) []pair {
	out := make([]pair, 0, len(params))
	for _, key := range keys(params) {
		out = append(out, pair{cleanName(key), jsonText(params[key])})
	}
	return out
}

func jsonText(value any) string {
	if s, ok := value.(string); ok {
		return cleanText(s)
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "cannot be shown"
	}
	return cleanText(strings.TrimSpace(b.String()))
}

func digestPairs(digests findings.Digests) []pair {
	var out []pair
	for _, digest := range []pair{
		{"Evidence", digests.Evidence},
		{"Policies", digests.Policies},
		{"Parameters and options", digests.Params},
		{"Waivers", digests.Waivers},
		{"Earlier result", digests.Previous},
	} {
		if digest.Value != "" {
			out = append(out, pair{digest.Name, cleanName(digest.Value)})
		}
	}
	return out
}
