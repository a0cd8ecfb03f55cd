package reports

import (
	"fmt"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// room is what a page has room for: at most perRule findings of a rule, and if there are
// more than inAll, fewer of those rules that have the most, but at least leastPerRule.
type room struct {
	perRule, leastPerRule, inAll int
	// scripted says whether the page may have a script.
	scripted bool
}

func onScreen() room { return room{perRule: 200, leastPerRule: 10, inAll: 1000, scripted: true} }

func onPaper() room { return room{perRule: 200, leastPerRule: 3, inAll: 400} }

// limit is how many findings of a rule a page shows.
func (r room) limit(grouped map[string][]findings.Finding) int {
	for limit := r.perRule; limit > r.leastPerRule; limit-- {
		shown := 0
		for _, of := range grouped {
			shown += min(len(of), limit)
		}
		if shown <= r.inAll {
			return limit
		}
	}
	return r.leastPerRule
}

// viewer turns rules and findings into what the template shows.
type viewer struct {
	result     *findings.Result
	grouped    map[string][]findings.Finding
	frameworks []framework
	evidence   map[string]findings.Evidence
	gaps       map[string]findings.Gap
	notes      map[string]string
	limit      int
}

func newViewer(result *findings.Result, room room) *viewer {
	v := &viewer{
		result: result, grouped: byRule(result.Findings), frameworks: frameworksOf(result),
		evidence: map[string]findings.Evidence{}, gaps: map[string]findings.Gap{}, notes: waiverNotes(result),
	}
	v.limit = room.limit(v.grouped)
	for _, evidence := range result.Evidence {
		v.evidence[evidence.Kind] = evidence
	}
	for _, gap := range result.Gaps {
		v.gaps[gap.Kind] = gap
	}
	return v
}

// severityGroup is the failed rules of one severity.
type severityGroup struct {
	Anchor, Severity, Heading string
	Rules                     []ruleView
}

// topicGroup is the rules of one topic.
type topicGroup struct {
	Anchor, Title, Question string
	Rules                   []ruleView
}

// ruleView is a rule as the page shows it.
type ruleView struct {
	ID, Anchor, Title, Description string
	Severity, Frameworks           string
	State, Word                    string
	Scope, Checked                 string
	Reasons                        []reasonView
	Findings                       findingsView
	First                          findingView
	More                           *moreView
	Kinds                          []kindView
	Params                         []pair
	Observed                       []observedView
	Controls                       []controlView
	References                     []referenceView
	Remedy                         Remedy
}

type reasonView struct{ Reason, Kind, Message string }

// findingsView is some of a rule's findings, and how many were left out.
type findingsView struct {
	Rows                 []findingView
	Total, Shown, Hidden int
	// Says is the total in words.
	Says string
}

type findingView struct {
	Name, Kind, ID            string
	Message, Expected, Actual string
	// Said is the message with the name where the message leaves that out.
	Said string
	// Anchor is where it stands: its fingerprint, empty where it has none.
	Anchor string
	// Waiver says what waiver there is for it, WaiverAnchor where that stands.
	Waiver, WaiverAnchor string
	Waived, New          bool
}

// moreView says how many findings a rule has besides its first.
type moreView struct{ Anchor, Says string }

// kindView is a kind of evidence that a rule reads, and whether it was there.
// API and Time say how and when it was read.
type kindView struct{ Kind, Anchor, State, Word, API, Time string }

type observedView struct{ Fact, Service, Value, Tier, Meaning, Kind string }

type controlView struct{ Framework, ID, Coverage string }

// referenceView is a page about the rule; Link is whether it may be followed.
type referenceView struct {
	Address string
	Link    bool
}

func (v *viewer) severities() []severityGroup {
	var groups []severityGroup
	for _, severity := range findings.Severities() {
		group := severityGroup{Anchor: "severity-" + string(severity), Severity: string(severity)}
		for _, rule := range v.result.Rules {
			if rule.Outcome == findings.Fail && rule.Severity == severity {
				group.Rules = append(group.Rules, v.rule(rule))
			}
		}
		if len(group.Rules) > 0 {
			group.Heading = plural(len(group.Rules), "rule") + " violated"
			groups = append(groups, group)
		}
	}
	return groups
}

func (v *viewer) topics() []topicGroup {
	var groups []topicGroup
	for _, topic := range topicsOf(v.result) {
		group := topicGroup{Anchor: "topic-" + anchor(topic.Key), Title: topic.Title, Question: topic.Question}
		for _, rule := range v.result.Rules {
			if rule.Topic == topic.Key {
				group.Rules = append(group.Rules, v.rule(rule))
			}
		}
		if len(group.Rules) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

func (v *viewer) rule(rule findings.Rule) ruleView {
	out := ruleView{
		ID: cleanName(rule.ID), Anchor: anchor(rule.ID), Title: prose(rule.Title), Description: prose(rule.Description),
		Severity: severityWord(rule.Severity), State: stateOf(rule.Outcome), Word: outcomeWord(rule.Outcome),
		Scope: cleanName(rule.Scope), Checked: checked(rule),
		Findings: v.findings(rule, v.limit, true),
		Remedy:   RemedyOf(rule),
	}
	if open := v.findings(rule, 1, false); open.Total > 0 {
		out.First = open.Rows[0]
		if open.Hidden > 0 {
			out.More = &moreView{out.Anchor, fmt.Sprintf("and %d more", open.Hidden)}
		}
	}
	for _, reason := range rule.Reasons {
		out.Reasons = append(out.Reasons, reasonView{reasonWord(reason.Reason), cleanName(reason.Kind), sentence(cleanText(reason.Message) + permissionHint(v.result, reason))})
	}
	if note := v.notes[rule.Waiver]; note != "" {
		out.Reasons = append(out.Reasons, reasonView{"waiver", "", sentence(note)})
	}
	for _, kind := range rule.Kinds {
		out.Kinds = append(out.Kinds, v.kind(kind))
	}
	for _, param := range rule.Params {
		value := "not set"
		if set, ok := v.result.Params[param]; ok {
			value = jsonText(set)
		}
		out.Params = append(out.Params, pair{cleanName(param), value})
	}
	for _, fact := range rule.Observed {
		out.Observed = append(out.Observed, observedView{factWord(fact.Fact), serviceWord(fact.Service), cleanText(fact.Value), cleanName(fact.Tier), tierMeaning(fact.Tier), cleanName(fact.Kind)})
	}
	for _, framework := range v.frameworks {
		if len(rule.Frameworks[framework.Key]) > 0 {
			out.Frameworks = strings.TrimSpace(out.Frameworks + " framework-" + anchor(framework.Key))
		}
		for _, control := range rule.Frameworks[framework.Key] {
			out.Controls = append(out.Controls, controlView{framework.Title, cleanName(control.ID), cleanName(control.Coverage)})
		}
	}
	for _, reference := range rule.References {
		out.References = append(out.References, referenceView{clean(reference, textLimit), isLink(reference)})
	}
	return out
}

// piece is a part of a sentence: words, or code that stood between backquotes.
type piece struct {
	Text string
	Code bool
}

// pieces takes a sentence apart at its backquotes; one without a partner is a character.
func pieces(s string) []piece {
	parts := strings.Split(s, "`")
	if len(parts)%2 == 0 {
		return []piece{{Text: s}}
	}
	var out []piece
	for i, part := range parts {
		if part != "" {
			out = append(out, piece{part, i%2 == 1})
		}
	}
	return out
}

// severityWord is one of the known severities, so that it can name a shape; another one
// is shown as info.
func severityWord(severity findings.Severity) string {
	if severity.Rank() < len(findings.Severities()) {
		return string(severity)
	}
	return string(findings.Info)
}

// checked says how many objects were judged.
func checked(rule findings.Rule) string {
	switch {
	case rule.Checked == 0:
		return "nothing was judged"
	case rule.Scope == "tenant":
		return "the tenant as a whole"
	}
	return fmt.Sprintf("%s of %s judged, %s of them failing", thousands(rule.Checked), reasonWord(rule.Scope), thousands(rule.Failed))
}

// findings shows the first of a rule's findings, the waived ones too if they are asked
// for.
func (v *viewer) findings(rule findings.Rule, limit int, waived bool) findingsView {
	var out findingsView
	for _, finding := range v.grouped[rule.ID] {
		if finding.Outcome == findings.Waived && !waived {
			continue
		}
		out.Total++
		if out.Total > limit {
			continue
		}
		out.Rows = append(out.Rows, findingView{
			Name: resourceName(finding.Resource), Kind: reasonWord(finding.Resource.Kind), ID: cleanName(finding.Resource.ID),
			Message: sentence(cleanText(finding.Message)), Expected: cleanText(finding.Expected), Actual: cleanText(finding.Actual), Said: about(finding),
			Waived: finding.Outcome == findings.Waived, Anchor: anchor(finding.Fingerprint),
			Waiver: v.notes[finding.Waiver], WaiverAnchor: "waiver-" + anchor(finding.Waiver), New: isNew(finding),
		})
	}
	out.Shown = len(out.Rows)
	out.Hidden = out.Total - out.Shown
	out.Says = plural(out.Total, "finding")
	return out
}

// kind says whether a kind of evidence that a rule reads was there.
func (v *viewer) kind(kind string) kindView {
	out := kindView{Kind: cleanName(kind), State: "na", Word: "not collected"}
	if evidence, ok := v.evidence[kind]; ok {
		out.State, out.Word, out.Anchor = "pass", "complete, "+cleanName(evidence.Tier), "evidence-"+anchor(kind)
		out.API, out.Time = cleanText(evidence.API), moment(evidence.Time)
		if !evidence.Complete {
			out.State, out.Word = "unknown", "incomplete, "+cleanName(evidence.Tier)
		}
		return out
	}
	if gap, ok := v.gaps[kind]; ok {
		out.State, out.Word, out.Anchor = "unknown", reasonWord(gap.Reason), "gap-"+anchor(kind)
	}
	return out
}
