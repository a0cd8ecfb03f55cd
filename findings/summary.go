package findings

import (
	"fmt"
	"slices"
	"strings"
)

// noReason is what an unknown rule that gives no reason is counted under: a rule that
// cannot say why it does not know is at fault itself.
const noReason = "rule_error"

// Summarise counts what rules and findings say. Every outcome and every severity has
// a key, zero or not.
func Summarise(rules []Rule, found []Finding) Summary {
	summary := normalSummary(Summary{Rules: len(rules)})
	for _, rule := range rules {
		summary.Outcomes[rule.Outcome]++
		switch rule.Outcome {
		case Fail:
			summary.Judged++
			summary.Failed[rule.Severity]++
		case Pass, Waived:
			summary.Judged++
		case Unknown:
			summary.Unjudged[firstReason(rule)]++
		case NotApplicable:
		}
	}
	for _, finding := range found {
		if finding.Outcome == Fail {
			summary.Findings++
		}
	}
	return summary
}

func firstReason(rule Rule) string {
	if len(rule.Reasons) == 0 || rule.Reasons[0].Reason == "" {
		return noReason
	}
	return rule.Reasons[0].Reason
}

// Never is the threshold that no violation reaches.
const Never = "never"

// The exit codes that a judgement can lead to.
const (
	ExitClean      = 0
	ExitUsage      = 2
	ExitViolations = 3
	ExitIncomplete = 4
)

// Gate says which exit code a Result deserves, and why in words. failOn is a severity
// or Never. The code is 3 with a violation at or above failOn; 4 with none, but a rule
// of at least that severity that could not be judged, unless allowIncomplete accepts
// that; 0 otherwise; and 2 for a failOn that is neither. Waived findings don't count.
//
// Which violations are new is not known here: to gate on those alone, hand in a copy of
// the Result that holds them alone and whose other rules are not listed as failed.
func Gate(result *Result, failOn string, allowIncomplete bool) Exit {
	if failOn == Never {
		return Exit{Code: ExitClean, Reason: "no violation fails the scan, as --fail-on is never"}
	}
	threshold := Severity(failOn)
	if !slices.Contains(Severities(), threshold) {
		return Exit{Code: ExitUsage, Reason: fmt.Sprintf("--fail-on %q is not known; use critical, high, medium, low, info or never", failOn)}
	}
	violations, violated, unjudged := tally(result, threshold.Rank())
	if violations > 0 {
		return Exit{Code: ExitViolations, Reason: fmt.Sprintf("%s of %s at or above %s",
			count(violations, "violation"), count(violated, "rule"), threshold)}
	}
	if len(unjudged) == 0 {
		return Exit{Code: ExitClean, Reason: fmt.Sprintf("no violation at or above %s, and every rule of that severity was judged", threshold)}
	}
	why := fmt.Sprintf("no violation at or above %s, but %s of at least that severity could not be judged (%s)",
		threshold, count(len(unjudged), "rule"), some(unjudged, 5))
	if allowIncomplete {
		return Exit{Code: ExitClean, Reason: why + ", which --allow-incomplete accepts"}
	}
	return Exit{Code: ExitIncomplete, Reason: why}
}

// tally counts the violations and the violated rules at or above a rank, and lists the
// ids of the rules there that are unknown. A failed rule counts even if its findings
// are not listed.
func tally(result *Result, rank int) (violations, violated int, unjudged []string) {
	seen := map[string]bool{}
	for _, finding := range result.Findings {
		if finding.Outcome == Fail && finding.Severity.Rank() <= rank {
			violations++
			seen[finding.Rule] = true
		}
	}
	for _, rule := range result.Rules {
		switch {
		case rule.Severity.Rank() > rank:
		case rule.Outcome == Fail && !seen[rule.ID]:
			violations++
			seen[rule.ID] = true
		case rule.Outcome == Unknown:
			unjudged = append(unjudged, rule.ID)
		}
	}
	slices.Sort(unjudged)
	return violations, len(seen), unjudged
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// some joins the first of names, and says how many it leaves out.
func some(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// Supporting returns the part of a Result whose rules support a framework, by its key,
// with their findings and a summary of its own. The exit is the whole scan's.
func (r *Result) Supporting(framework string) *Result {
	part := *r
	chosenFrom := Selection{Of: len(r.Rules)}
	if r.Selection != nil {
		chosenFrom = *r.Selection
	}
	if !slices.Contains(chosenFrom.Frameworks, framework) {
		chosenFrom.Frameworks = append(slices.Clone(chosenFrom.Frameworks), framework)
	}
	part.Selection = &chosenFrom
	part.Rules, part.Findings = []Rule{}, []Finding{}
	chosen := map[string]bool{}
	for _, rule := range r.Rules {
		if len(rule.Frameworks[framework]) > 0 {
			chosen[rule.ID] = true
			part.Rules = append(part.Rules, rule)
		}
	}
	for _, finding := range r.Findings {
		if chosen[finding.Rule] {
			part.Findings = append(part.Findings, finding)
		}
	}
	part.Summary = Summarise(part.Rules, part.Findings)
	return &part
}
