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
		case Pass:
			summary.Judged++
		case Waived:
			if !rule.Accepted() {
				summary.Judged++
			}
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

// Never is the threshold that no violation reaches, NewOnly the word behind a threshold
// that makes new violations alone count.
const (
	Never   = "never"
	NewOnly = "new"
)

// The exit codes that a judgement can lead to.
const (
	ExitClean      = 0
	ExitUsage      = 2
	ExitViolations = 3
	ExitIncomplete = 4
)

// FailOn is which violations a scan ends with ExitViolations for.
type FailOn struct {
	// Severity is the least severity that counts; empty where none does.
	Severity Severity
	// New says that only violations count that an earlier result doesn't have.
	New bool
}

// ParseFailOn reads a severity or Never, alone or followed by a comma and NewOnly; NewOnly
// alone stands for high.
func ParseFailOn(words string) (FailOn, error) {
	threshold, suffix, two := strings.Cut(words, ",")
	if !two && threshold == NewOnly {
		threshold, suffix, two = string(High), NewOnly, true
	}
	known := threshold == Never || slices.Contains(Severities(), Severity(threshold))
	if !known || two && suffix != NewOnly {
		return FailOn{}, fmt.Errorf("--fail-on %q is not one of critical, high, medium, low, info, never; ,new behind it counts new violations alone", words)
	}
	if threshold == Never {
		return FailOn{}, nil
	}
	return FailOn{Severity: Severity(threshold), New: two}, nil
}

// Gate says which exit code a Result deserves, and why in words; failOn is what ParseFailOn
// reads. The code is 3 with a violation at or above the threshold; 4 with none, but a rule
// of at least that severity that could not be judged, unless allowIncomplete accepts that;
// 0 otherwise. Waived findings and rules don't count.
//
// Where new violations alone count, a violation is new if Compare says so, and rules that
// could not be judged count as ever: a violation may hide there. The code is 2 for a Result
// that was compared with none, or with one that could not judge a rule of that severity
// either, unless allowIncomplete accepts that; it is 2 also for a failOn that can't be read.
func Gate(result *Result, failOn string, allowIncomplete bool) Exit {
	threshold, err := ParseFailOn(failOn)
	if err != nil {
		return Exit{Code: ExitUsage, Reason: err.Error()}
	}
	if threshold.Severity == "" {
		return Exit{Code: ExitClean, Reason: "no violation fails the scan, as --fail-on is never"}
	}
	adjective := ""
	if threshold.New {
		adjective = "new "
		if why := noBaseline(result, threshold.Severity.Rank(), allowIncomplete); why != "" {
			return Exit{Code: ExitUsage, Reason: why}
		}
	}
	violations, violated, unjudged := tally(result, threshold)
	if violations > 0 {
		return Exit{Code: ExitViolations, Reason: fmt.Sprintf("%s of %s at or above %s",
			count(violations, adjective+"violation"), count(violated, "rule"), threshold.Severity)}
	}
	if len(unjudged) == 0 {
		return Exit{Code: ExitClean, Reason: fmt.Sprintf("no %sviolation at or above %s, and every rule of that severity was judged%s", adjective, threshold.Severity, accepted(result, threshold.Severity.Rank()))}
	}
	why := fmt.Sprintf("no %sviolation at or above %s, but %s of at least that severity could not be judged (%s)",
		adjective, threshold.Severity, count(len(unjudged), "rule"), some(unjudged, 5))
	if allowIncomplete {
		return Exit{Code: ExitClean, Reason: why + ", which --allow-incomplete accepts"}
	}
	return Exit{Code: ExitIncomplete, Reason: why}
}

// noBaseline says why an earlier result can't tell which violations at or above a rank are
// new; it is empty where one can.
func noBaseline(result *Result, rank int, allowIncomplete bool) string {
	if result.Change == nil {
		return "--fail-on new needs an earlier result to compare with; name one with --previous"
	}
	var open []string
	for _, rule := range result.Rules {
		if rule.Severity.Rank() <= rank && (rule.Was == "" || rule.Was == Unknown) {
			open = append(open, rule.ID)
		}
	}
	if len(open) == 0 || allowIncomplete {
		return ""
	}
	slices.Sort(open)
	return fmt.Sprintf("the earlier result is incomplete: it could not judge %s at or above the threshold (%s), so that nothing of them can be said to be new; compare with a whole one, or let --allow-incomplete count all of them as new",
		count(len(open), "rule"), some(open, 5))
}

// accepted names the rules at or above a rank that could not be judged and are waived; it is
// empty without any.
func accepted(result *Result, rank int) string {
	var ids []string
	for _, rule := range result.Rules {
		if rule.Severity.Rank() <= rank && rule.Accepted() {
			ids = append(ids, rule.ID)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	slices.Sort(ids)
	return fmt.Sprintf(", but for %s that could not be and that waivers accept (%s)", count(len(ids), "rule"), some(ids, 5))
}

// tally counts the violations and the violated rules that a threshold is for, and lists the
// ids of the rules there that are unknown. A failed rule counts even if its findings are
// not listed.
func tally(result *Result, failOn FailOn) (violations, violated int, unjudged []string) {
	rank := failOn.Severity.Rank()
	listed, seen := map[string]bool{}, map[string]bool{}
	for _, finding := range result.Findings {
		listed[finding.Rule] = true
		if finding.Outcome == Fail && finding.Severity.Rank() <= rank && (!failOn.New || finding.Change == New) {
			violations++
			seen[finding.Rule] = true
		}
	}
	for _, rule := range result.Rules {
		switch {
		case rule.Severity.Rank() > rank:
		case rule.Outcome == Fail && !listed[rule.ID] && (!failOn.New || rule.Was != Fail):
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
// with their findings, waivers and a summary of its own. The exit is the whole scan's; what
// changed since an earlier result is left out, as it was counted over all rules.
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
	part.Rules, part.Findings, part.Waivers, part.Change = []Rule{}, []Finding{}, []Waiver{}, nil
	chosen := map[string]bool{}
	for _, rule := range r.Rules {
		if len(rule.Frameworks[framework]) > 0 {
			chosen[rule.ID] = true
			rule.Was = ""
			part.Rules = append(part.Rules, rule)
		}
	}
	for _, finding := range r.Findings {
		if chosen[finding.Rule] {
			finding.Change = ""
			part.Findings = append(part.Findings, finding)
		}
	}
	for _, waiver := range r.Waivers {
		if chosen[waiver.Rule] {
			part.Waivers = append(part.Waivers, waiver)
		}
	}
	part.Summary = Summarise(part.Rules, part.Findings)
	return &part
}
