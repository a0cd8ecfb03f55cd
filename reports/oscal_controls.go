package reports

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/domicile-audit/domicile/findings"
)

// oscalControl is a control and the rules that support it.
type oscalControl struct {
	framework framework
	id        string
	rules     []oscalSupport
}

// oscalSupport is a rule that supports a control, and how far.
type oscalSupport struct {
	rule     findings.Rule
	coverage string
}

// oscalControls lists the controls that rules support which apply: of the others nothing
// was assessed.
func oscalControls(result *findings.Result) []oscalControl {
	var controls []oscalControl
	for _, catalogue := range frameworksOf(result) {
		supports := map[string][]oscalSupport{}
		for _, rule := range result.Rules {
			for _, control := range rule.Frameworks[catalogue.Key] {
				if rule.Outcome != findings.NotApplicable {
					supports[control.ID] = append(supports[control.ID], oscalSupport{rule, control.Coverage})
				}
			}
		}
		for _, id := range keys(supports) {
			controls = append(controls, oscalControl{framework: catalogue, id: id, rules: supports[id]})
		}
	}
	return controls
}

// selections lists the controls by framework.
func (r *oscalReport) selections() []oscalSelection {
	var selections []oscalSelection
	for _, control := range r.controls {
		if last := len(selections) - 1; last < 0 || selections[last].Description != oscalText(control.framework.Title) {
			selections = append(selections, oscalSelection{Description: oscalText(control.framework.Title)})
		}
		last := &selections[len(selections)-1]
		last.Include = append(last.Include, oscalControlID{ID: control.token()})
	}
	if len(selections) == 0 {
		return []oscalSelection{{Description: "No rule that applies supports a control."}}
	}
	return selections
}

var oscalEnhancement = regexp.MustCompile(`\((\d+)\)`)

// token is the control's id as OSCAL writes it. NIST's own catalogue writes SA-9(5) as
// sa-9.5; of the other frameworks there is none, so theirs begin with the framework's key.
func (c oscalControl) token() string {
	if c.framework.Key == "nist_800_53" {
		return oscalToken(strings.ToLower(oscalEnhancement.ReplaceAllString(c.id, ".$1")))
	}
	return oscalToken(c.framework.Key + "_" + c.id)
}

// oscalToken makes a token of a text: letters, digits, dots, hyphens and underscores,
// with a letter or an underscore first.
func oscalToken(s string) string {
	token := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune(".-_", r) {
			return r
		}
		return '.'
	}, cleanName(s))
	for strings.Contains(token, "..") {
		token = strings.ReplaceAll(token, "..", ".")
	}
	token = strings.Trim(token, ".")
	if first := []rune(token + "0")[0]; first != '_' && !unicode.IsLetter(first) {
		token = "_" + token
	}
	return token
}

// status says what the rules show of the control. The model knows two states, so what
// the rules leave open is not satisfied, for another reason than a failure, and the
// remarks say so: only a pass of a rule that covers the whole control, with nothing
// against it, satisfies it.
func (c oscalControl) status() oscalStatus {
	said := map[findings.Outcome][]string{}
	whole := false
	for _, support := range c.rules {
		outcome := support.rule.Outcome
		said[outcome] = append(said[outcome], fmt.Sprintf("%s (%s)", cleanName(support.rule.ID), orNone(cleanName(support.coverage))))
		whole = whole || (outcome == findings.Pass && support.coverage == "full")
	}
	list := func(outcome findings.Outcome) string { return strings.Join(said[outcome], ", ") }
	status := oscalStatus{State: "not-satisfied", Reason: "other"}
	var why string
	switch {
	case len(said[findings.Fail]) > 0:
		status.Reason, why = "fail", "Violated by what "+list(findings.Fail)+" found."
	case len(said[findings.Waived]) > 0:
		why = "Not shown to be met, and accepted by waivers: " + list(findings.Waived) + "."
	case len(said[findings.Unknown]) > 0:
		why = "Not determined: " + list(findings.Unknown) + " could not be judged."
	case whole:
		status.State, status.Reason = "satisfied", "pass"
		why = coverageMeaning("full")
	default:
		why = "Not determined: what was judged covers a part of the control, or is evidence for it, and does not meet it alone."
	}
	if passed := list(findings.Pass); passed != "" {
		why += " Passed: " + passed + "."
	}
	status.Remarks = oscalText(why)
	return status
}
