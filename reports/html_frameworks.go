package reports

import (
	"cmp"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// frameworkGroup is a framework and those of its controls that rules support.
type frameworkGroup struct {
	Anchor, Title, Says string
	Controls            []controlGroup
}

// controlGroup is a control, and the rules that support it by what they came to.
type controlGroup struct {
	ID       string
	Outcomes []outcomeGroup
}

// outcomeGroup is the rules that came to an outcome.
type outcomeGroup struct {
	State, Word string
	Rules       []supportView
}

// supportView is a rule and how much of a control it covers; Coverage is empty where that is
// of no interest.
type supportView struct {
	ruleLink
	Coverage string
}

func (v *viewer) byFramework() []frameworkGroup {
	groups := make([]frameworkGroup, 0, len(v.frameworks))
	for _, framework := range v.frameworks {
		group := frameworkGroup{Anchor: "framework-" + anchor(framework.Key), Title: framework.Title}
		supports := map[string]map[findings.Outcome][]supportView{}
		rules := 0
		for _, rule := range v.result.Rules {
			controls := rule.Frameworks[framework.Key]
			if len(controls) > 0 {
				rules++
			}
			for _, control := range controls {
				if supports[control.ID] == nil {
					supports[control.ID] = map[findings.Outcome][]supportView{}
				}
				supports[control.ID][rule.Outcome] = append(supports[control.ID][rule.Outcome], supportView{linkTo(rule.ID), cleanName(control.Coverage)})
			}
		}
		for _, id := range slices.SortedFunc(slices.Values(keys(supports)), natural) {
			group.Controls = append(group.Controls, controlGroup{ID: cleanName(id), Outcomes: outcomeGroups(supports[id])})
		}
		group.Says = plural(len(group.Controls), "control") + ", supported by " + plural(rules, "rule")
		groups = append(groups, group)
	}
	return groups
}

// outcomeGroups lists the outcomes that there are, the worst first.
func outcomeGroups(by map[findings.Outcome][]supportView) []outcomeGroup {
	var groups []outcomeGroup
	for _, outcome := range worst() {
		if rules := by[outcome]; len(rules) > 0 {
			groups = append(groups, outcomeGroup{stateOf(outcome), outcomeWord(outcome), rules})
		}
	}
	return groups
}

// natural compares ids as people count: what is a number in both by its value, so that 5.2
// stands before 5.10.
func natural(a, b string) int {
	restA, restB := a, b
	for restA != "" && restB != "" {
		partA, partB := leading(restA), leading(restB)
		restA, restB = restA[len(partA):], restB[len(partB):]
		d := strings.Compare(partA, partB)
		if isDigit(partA[0]) && isDigit(partB[0]) {
			valueA, valueB := strings.TrimLeft(partA, "0"), strings.TrimLeft(partB, "0")
			d = cmp.Or(len(valueA)-len(valueB), strings.Compare(valueA, valueB))
		}
		if d != 0 {
			return d
		}
	}
	return cmp.Or(len(restA)-len(restB), strings.Compare(a, b))
}

// leading is what s begins with: digits alone, or none.
func leading(s string) string {
	for i := range len(s) {
		if isDigit(s[i]) != isDigit(s[0]) {
			return s[:i]
		}
	}
	return s
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
