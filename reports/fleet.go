package reports

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// FleetFormat is one way to write a Fleet.
type FleetFormat struct {
	// Name is what --format takes, File the name of the file that it is written into.
	Name, File string
	Write      func(io.Writer, *findings.Fleet) error
}

// FleetFormats lists the formats of a fleet report.
func FleetFormats() []FleetFormat {
	return []FleetFormat{
		{"html", "fleet.html", FleetHTML},
		{"json", "fleet.json", func(w io.Writer, fleet *findings.Fleet) error { return fleet.Write(w) }},
		{"csv", "fleet.csv", FleetCSV},
	}
}

// FleetCSV writes one table (RFC 4180) with a line for each tenant, the worst first, and a
// column for each rule. It begins with a byte order mark, and no cell can be taken for a
// formula.
func FleetCSV(w io.Writer, fleet *findings.Fleet) error {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return fmt.Errorf("writing the fleet report: %w", err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	put := func(cells []string) {
		for i := range cells {
			cells[i] = csvCell(cells[i])
		}
		// An error stays with the writer, which names it at the end.
		_ = out.Write(cells)
	}
	rules := fleetRules(fleet)
	head := []string{"tenant", "tenant_id", "tenant_name", "cloud", "groups", "started", "profile", "tool", "policies", "exit"}
	for _, severity := range findings.Severities() {
		head = append(head, "violated_"+string(severity))
	}
	head = append(head, "violations", "not_judged", "not_judged_why", "compared_with", "new", "fixed", "changed", "no_longer_judged", "rules_changed", "causes")
	for _, rule := range rules {
		head = append(head, cleanName(rule.ID))
	}
	put(head)
	for _, tenant := range fleet.Tenants {
		put(csvTenant(tenant, rules))
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("writing the fleet report: %w", err)
	}
	return nil
}

func csvTenant(tenant findings.FleetTenant, rules []findings.FleetRule) []string {
	cells := []string{cleanName(tenant.Called()), cleanName(tenant.Tenant.ID), cleanName(tenant.Tenant.Name), cleanName(tenant.Tenant.Cloud), strings.Join(cleanNames(tenant.Groups), " ")}
	latest := tenant.Latest
	if latest == nil {
		return append(cells, make([]string, 5+len(findings.Severities())+10+len(rules))...)
	}
	cells = append(cells, timeText(latest.Started), cleanName(latest.Profile), cleanName(latest.Tool.Version), cleanName(latest.Policies), strconv.Itoa(latest.Exit.Code))
	for _, severity := range findings.Severities() {
		cells = append(cells, strconv.Itoa(latest.Summary.Failed[severity]))
	}
	cells = append(cells, strconv.Itoa(latest.Summary.Findings), strconv.Itoa(latest.Summary.Outcomes[findings.Unknown]), strings.Join(whyUnjudged(latest.Unjudged), "; "))
	if change := latest.Change; change != nil {
		cells = append(cells, timeText(change.Started), strconv.Itoa(change.Violations()), strconv.Itoa(change.Counts.Fixed), strconv.Itoa(change.Counts.Changed), strconv.Itoa(change.Counts.Unjudged), strconv.Itoa(len(change.Rules)), causeCounts(changeCauses(change)))
	} else {
		cells = append(cells, make([]string, 7)...)
	}
	outcomes := outcomesOf(latest)
	for _, rule := range rules {
		cells = append(cells, cleanName(string(outcomes[rule.ID])))
	}
	return cells
}

// whyUnjudged says why rules could not be judged, and which.
func whyUnjudged(all []findings.UnjudgedRules) []string {
	out := make([]string, 0, len(all))
	for _, group := range all {
		out = append(out, unjudgedWhy(group)+": "+strings.Join(cleanNames(group.Rules), " "))
	}
	return out
}

// unjudgedWhy says why rules could not be judged.
func unjudgedWhy(group findings.UnjudgedRules) string {
	says := reasonWord(group.Reason)
	switch {
	case group.Permission != "":
		says += " " + cleanName(group.Permission)
	case group.Kind != "":
		says += " (" + cleanName(group.Kind) + ")"
	}
	return says
}

// changeCauses counts what the changed findings of a tenant are put down to, or, where none
// changed, the changed outcomes of rules.
func changeCauses(change *findings.TenantChange) map[findings.Cause]int {
	for _, findings := range change.Causes {
		if findings > 0 {
			return change.Causes
		}
	}
	out := map[findings.Cause]int{}
	for _, rule := range change.Rules {
		for _, cause := range rule.Causes {
			out[cause]++
		}
	}
	return out
}

// causeCounts says what changes are put down to.
func causeCounts(causes map[findings.Cause]int) string {
	var parts []string
	for _, cause := range findings.Causes() {
		if causes[cause] > 0 {
			parts = append(parts, fmt.Sprintf("%s (%d)", cause, causes[cause]))
		}
	}
	return strings.Join(parts, ", ")
}

// outcomesOf are what the rules came to in a result, by their ids.
func outcomesOf(latest *findings.FleetResult) map[string]findings.Outcome {
	out := map[string]findings.Outcome{}
	for outcome, rules := range latest.Verdicts {
		for _, rule := range rules {
			out[rule] = outcome
		}
	}
	return out
}

// fleetRules are the rules in the order of the chain's topics.
func fleetRules(fleet *findings.Fleet) []findings.FleetRule {
	rank := func(rule findings.FleetRule) int {
		at := slices.IndexFunc(topics(), func(t topic) bool { return t.Key == rule.Topic })
		if at < 0 {
			return len(topics())
		}
		return at
	}
	rules := slices.Clone(fleet.Rules)
	slices.SortFunc(rules, func(a, b findings.FleetRule) int {
		return cmp.Or(rank(a)-rank(b), strings.Compare(a.Topic, b.Topic), strings.Compare(a.ID, b.ID))
	})
	return rules
}

// ageOf is how long before the newest of the scans one started.
func ageOf(started, newest time.Time) string {
	switch days := int(newest.Sub(started).Hours() / 24); days {
	case 0:
		return "on the newest scan's day"
	default:
		return plural(days, "day") + " before the newest"
	}
}
