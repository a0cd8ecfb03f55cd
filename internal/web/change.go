package web

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
)

// changeSays is what changed from the scan before a tenant's latest to that.
type changeSays struct {
	// Compared says that there was a scan before.
	Compared, Worse, Better bool
	Says                    string
	// New says that the page of the tenant can list what is new.
	New bool

	worst    int // the rank of the worst new violation
	fresh    int
	unjudged int // the violations or the rules that can't be judged any more, whichever are more
}

// changeOf compares a tenant's latest scan with the one before it: by what the result itself
// says of that one, and where it was compared with another or with none, by the numbers of
// both.
func changeOf(of history.Standing) changeSays {
	if of.Before == nil {
		return changeSays{Says: "first scan"}
	}
	out := changeSays{Compared: true, worst: len(findings.Severities())}
	now, before := of.Numbers.Summary, of.Before.Summary
	var parts []string
	say := func(n int, form string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf(form, n))
		}
	}
	if change := of.Numbers.Change; change != nil && change.Previous == of.Before.Digest {
		out.fresh, out.New = change.Violations(), change.Violations() > 0
		if out.fresh > 0 {
			parts = append(parts, fmt.Sprintf("%d new (%s)", out.fresh, bySeverity(change.New)))
		}
		for severity := range change.New {
			out.worst = min(out.worst, severity.Rank())
		}
		say(change.Fixed, "%d fixed")
		say(change.Unjudged, "%d violations no longer judged")
		out.Better, out.unjudged = change.Fixed > 0, change.Unjudged
	} else if more := now.Findings - before.Findings; more != 0 {
		out.fresh = max(more, 0)
		say(more, "%d violations more")
		say(-more, "%d violations fewer")
		out.Better = more < 0
	}
	rules := now.Outcomes[findings.Unknown] - before.Outcomes[findings.Unknown]
	say(rules, "%d rules more not judged")
	say(-rules, "%d rules fewer not judged")
	out.unjudged = max(out.unjudged, rules)
	out.Worse = out.fresh > 0 || out.unjudged > 0
	out.Better = !out.Worse && (out.Better || rules < 0)
	if out.Says = strings.Join(parts, ", "); out.Says == "" {
		out.Says = "no change"
	}
	out.Says = strings.ReplaceAll(strings.ReplaceAll(" "+out.Says, " 1 violations", " 1 violation"), " 1 rules", " 1 rule")[1:]
	return out
}

// compare puts the worst change first.
func (c changeSays) compare(d changeSays) int {
	return cmp.Or(c.worst-d.worst, d.fresh-c.fresh, d.unjudged-c.unjudged)
}

// Icon is how the change is shown.
func (c changeSays) Icon() string {
	switch {
	case c.Worse:
		return "fail"
	case c.Better:
		return "pass"
	}
	return "na"
}

// bySeverity counts in words, the worst first.
func bySeverity(counts map[findings.Severity]int) string {
	var parts []string
	for _, severity := range findings.Severities() {
		if n := counts[severity]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, severity))
		}
	}
	return strings.Join(parts, ", ")
}
