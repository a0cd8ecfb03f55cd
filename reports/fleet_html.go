package reports

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// The most that the page of a fleet shows. The page says what it leaves out, and the JSON has
// everything.
const (
	fleetTenants = 1000
	fleetRows    = 50
	fleetFirst   = 5
)

const fleetStyle, fleetScript = "page/fleet.css", "page/fleet.js"

// fleetPage is everything that the template shows, already made fit to be shown.
type fleetPage struct {
	assets
	Total, Period, Tool string
	Verdict             verdict
	Counts              []count
	Never               int
	Severities          []fleetSeverity
	Facts               []pair
	First               []fleetRule
	Missing             []fleetWhy
	Groups              []string
	Columns             string // the rules of a strip, one word each, - for a gap
	Width               int
	Topics              []string
	Tenants             []fleetTenant
	TenantsLeft         string
	Rules               []fleetRule
	Violated            []string
	Changes             []fleetChange
	ChangesLeft         string
	Changed             string
	Unjudged            []fleetWhy
	UnjudgedLeft        string
	Oldest              []fleetAge
	NeverScanned        []string
	NeverLeft           string
	Versions            []fleetVersion
	Unread              []pair
	UnreadLeft          string
}

type fleetSeverity struct {
	Severity findings.Severity
	Count    int
}

type fleetRule struct {
	Anchor, ID, Title string
	Severity          findings.Severity
	Fails, Tenants    int
	Bar               []count
	Unjudged          []string
}

type fleetWhy struct {
	Why, Meaning string
	Tenants      int
	Count        int
	Rules        string
}

type fleetTenant struct {
	Name, Own, ID, State, Word string
	Groups                     []string
	Severities                 []fleetSeverity
	Strip                      []stripe
	Sum                        string
	Fails, Waived              string
	Unjudged                   []string
	NotJudged                  int
	Why                        string
	Change, ChangeState        string
	Causes                     string
	Turned                     []string
	Day, Time                  string
}

// stripe is one outcome in the strip of a tenant: a path along the rules that have it.
type stripe struct{ State, Path string }

type fleetChange struct {
	Anchor, ID, Title, Before, After, Causes string
	Tenants                                  int
}

type fleetAge struct{ Name, Day, Age string }

type fleetVersion struct {
	Policies, Tool string
	Rules, Tenants int
}

// FleetHTML writes the Fleet as one self-contained page, which loads nothing and sends nothing,
// as the HTML report does. It is whole without its script.
func FleetHTML(w io.Writer, fleet *findings.Fleet) error {
	page, err := newFleetPage(fleet)
	if err != nil {
		return fmt.Errorf("writing the fleet report: %w", err)
	}
	return render(w, "fleet.html.tmpl", page)
}

func newFleetPage(fleet *findings.Fleet) (*fleetPage, error) {
	assets, err := newAssets(fleetScript, fleetStyle)
	if err != nil {
		return nil, err
	}
	rules := fleetRules(fleet)
	columns, titles := stripColumns(rules)
	page := &fleetPage{
		assets: assets, Total: tenantCount(fleet.Summary.Tenants), Period: fleetPeriod(fleet.Summary), Tool: strings.TrimSpace(cleanName(fleet.Tool.Name) + " " + cleanName(fleet.Tool.Version)),
		Verdict: fleetVerdict(fleet), Counts: countsOf(findings.Summary{Rules: fleet.Summary.Tenants, Outcomes: fleet.Summary.Outcomes}), Never: fleet.Summary.NeverScanned,
		Facts: fleetFacts(fleet), Width: len(columns), Topics: titles,
		Oldest: oldestScans(fleet), Versions: rulesVersions(fleet),
	}
	places := make([]string, len(columns))
	for i, rule := range columns {
		places[i] = anchor(rule) // a word without spaces
	}
	page.Columns = strings.Join(places, " ")
	page.Severities = severityCounts(fleet.Summary.Failed)
	page.addRules(rules, fleet.Summary.Tenants)
	page.addUnjudged(fleet.Unjudged)
	page.addChanges(fleet, rules)
	groups := map[string]bool{}
	for _, tenant := range fleet.Tenants {
		if tenant.Latest == nil {
			page.NeverScanned = append(page.NeverScanned, cleanName(tenant.Called()))
		}
		for _, group := range tenant.Groups {
			groups[cleanName(group)] = true
		}
	}
	page.Groups = keys(groups)
	page.NeverScanned, page.NeverLeft = most(page.NeverScanned, "tenant")
	shown := fleet.Tenants[:min(len(fleet.Tenants), fleetTenants)]
	for _, tenant := range shown {
		page.Tenants = append(page.Tenants, tenantOf(tenant, columns))
	}
	if left := len(fleet.Tenants) - len(shown); left > 0 {
		page.TenantsLeft = plural(left, "tenant") + " left out here, who stand better than these; the JSON and the CSV have them all."
	}
	for _, one := range fleet.Unread {
		page.Unread = append(page.Unread, pair{cleanText(one.Source), cleanText(one.Error)})
	}
	page.Unread, page.UnreadLeft = most(page.Unread, "source")
	return page, nil
}

func tenantCount(n int) string {
	if n == 1 {
		return "1 tenant"
	}
	return thousands(n) + " tenants"
}

// most cuts a list to what the page shows, and says how many are left out.
func most[T any](all []T, noun string) (shown []T, left string) {
	if len(all) <= fleetRows {
		return all, ""
	}
	return all[:fleetRows], "And " + plural(len(all)-fleetRows, noun) + " more, which the JSON has."
}

func fleetPeriod(summary findings.FleetSummary) string {
	if summary.Oldest == nil {
		return "No tenant was scanned"
	}
	from, to := summary.Oldest.UTC().Format(time.DateOnly), summary.Newest.UTC().Format(time.DateOnly)
	if from == to {
		return "Scans of " + from
	}
	return "Scans from " + from + " to " + to
}

func fleetVerdict(fleet *findings.Fleet) verdict {
	var out verdict
	summary := fleet.Summary
	fails, unknown := summary.Outcomes[findings.Fail], summary.Outcomes[findings.Unknown]
	switch {
	case fails > 0:
		out.State = stateOf(findings.Fail)
		out.Headline = fmt.Sprintf("%s of %s with violated rules", thousands(fails), tenantCount(summary.Tenants))
		if critical := summary.Failed[findings.Critical]; critical > 0 {
			out.Headline += fmt.Sprintf(", %s with critical ones", thousands(critical))
		}
	case unknown > 0:
		out.State = stateOf(findings.Unknown)
		out.Headline = fmt.Sprintf("No violation found, but %s not judged in full", plural(unknown, "tenant"))
	case summary.NeverScanned > 0:
		out.State = stateOf(findings.Unknown)
		out.Headline = fmt.Sprintf("No violation found, but %s never scanned", plural(summary.NeverScanned, "tenant"))
	case len(fleet.Unread) > 0:
		out.State = stateOf(findings.Unknown)
		out.Headline = fmt.Sprintf("No violation found, but %s could not be read", plural(len(fleet.Unread), "source"))
	case summary.Tenants == 0:
		out.State = stateOf(findings.NotApplicable)
		out.Headline = "There are no tenants"
	case summary.Outcomes[findings.NotApplicable] == summary.Tenants:
		out.State = stateOf(findings.NotApplicable)
		out.Headline = "No rule that was judged applies to any tenant"
	default:
		out.State = stateOf(findings.Pass)
		out.Headline = "No open violation found"
	}
	partly, blinder, chosen := 0, 0, 0
	for _, tenant := range fleet.Tenants {
		latest := tenant.Latest
		if latest == nil {
			continue
		}
		if latest.Summary.Outcomes[findings.Unknown] > 0 {
			partly++
		}
		if unjudgedSince(latest.Change) {
			blinder++
		}
		if latest.ChosenOf > 0 {
			chosen++
		}
	}
	var says []string
	for _, one := range []struct {
		n    int
		says string
	}{
		{summary.Worse, "with new violations"},
		{summary.Better, "better than before"},
		{blinder, "where something is no longer judged"},
		{partly, "not judged in full"},
		{chosen, "judged by chosen rules alone"},
		{summary.NeverScanned, "never scanned"},
	} {
		if one.n > 0 {
			says = append(says, plural(one.n, "tenant")+" "+one.says)
		}
	}
	out.Reason = sentence(strings.Join(says, "; "))
	return out
}

// unjudgedSince says whether something was judged before that isn't any more; change may be nil.
func unjudgedSince(change *findings.TenantChange) bool {
	return change != nil && (change.Counts.Unjudged > 0 || slices.ContainsFunc(change.Rules, func(rule findings.RuleDifference) bool {
		return rule.After == findings.Unknown && slices.Contains([]findings.Outcome{findings.Pass, findings.Fail, findings.Waived}, rule.Before)
	}))
}

func fleetFacts(fleet *findings.Fleet) []pair {
	facts := []pair{{"Tenants", thousands(fleet.Summary.Tenants)}, {"Scans", fleetPeriod(fleet.Summary)}, {"Rules", thousands(len(fleet.Rules))}, {"Violations", thousands(fleet.Summary.Violations)}}
	compared := "with the scan before the latest, tenant by tenant"
	if fleet.Since != nil {
		compared = "with how each tenant stood on " + fleet.Since.UTC().Format("2006-01-02 15:04 UTC")
	}
	facts = append(facts, pair{"Compared", compared}, pair{"Rules differ", versionsSay(fleet.Versions)})
	profiles := map[string]int{}
	for _, tenant := range fleet.Tenants {
		if tenant.Latest != nil {
			profiles[tenant.Latest.Profile]++
		}
	}
	if len(profiles) < 2 {
		return facts
	}
	var says []string
	for _, profile := range keys(profiles) {
		says = append(says, fmt.Sprintf("%s (%s)", cleanName(profile), thousands(profiles[profile])))
	}
	return append(facts, pair{"Profiles differ", strings.Join(says, ", ")})
}

func versionsSay(versions []findings.RulesVersion) string {
	if len(versions) < 2 {
		return "no, every tenant was judged by the same, with parameters of its own"
	}
	others := 0
	for _, version := range versions[1:] {
		others += version.Tenants
	}
	return fmt.Sprintf("%s; %s not judged by the most common one", plural(len(versions), "version"), plural(others, "tenant"))
}

func severityCounts(failed map[findings.Severity]int) []fleetSeverity {
	var out []fleetSeverity
	for _, severity := range findings.Severities() {
		if failed[severity] > 0 {
			out = append(out, fleetSeverity{severity, failed[severity]})
		}
	}
	return out
}

// addRules shows the rules, those that most tenants violate first.
func (p *fleetPage) addRules(rules []findings.FleetRule, tenants int) {
	for _, rule := range rules {
		row := fleetRule{
			Anchor: anchor(rule.ID), ID: cleanName(rule.ID), Title: prose(rule.Title), Severity: findings.Severity(severityWord(rule.Severity)),
			Fails: rule.Outcomes[findings.Fail], Tenants: tenants, Bar: countsOf(findings.Summary{Rules: tenants, Outcomes: rule.Outcomes}),
		}
		reasons := keys(rule.Unjudged)
		slices.SortStableFunc(reasons, func(a, b string) int { return rule.Unjudged[b] - rule.Unjudged[a] })
		for _, reason := range reasons {
			row.Unjudged = append(row.Unjudged, fmt.Sprintf("%s (%d)", reasonWord(reason), rule.Unjudged[reason]))
		}
		p.Rules = append(p.Rules, row)
		if row.Fails > 0 {
			p.Violated = append(p.Violated, row.Anchor)
		}
	}
	slices.SortStableFunc(p.Rules, func(a, b fleetRule) int { return cmp.Or(b.Fails-a.Fails, a.Severity.Rank()-b.Severity.Rank()) })
	worst := slices.Clone(p.Rules)
	slices.SortStableFunc(worst, func(a, b fleetRule) int { return cmp.Or(a.Severity.Rank()-b.Severity.Rank(), b.Fails-a.Fails) })
	for _, rule := range worst {
		if rule.Fails > 0 && len(p.First) < fleetFirst {
			p.First = append(p.First, rule)
		}
	}
}

func (p *fleetPage) addUnjudged(all []findings.FleetUnjudged) {
	for _, one := range all {
		p.Unjudged = append(p.Unjudged, fleetWhy{
			Why: unjudgedWhy(one.UnjudgedRules), Meaning: reasonMeaning(one.Reason), Tenants: one.Tenants, Count: len(one.Rules), Rules: strings.Join(cleanNames(one.Rules), " "),
		})
	}
	p.Missing = p.Unjudged[:min(len(p.Unjudged), fleetFirst)]
	p.Unjudged, p.UnjudgedLeft = most(p.Unjudged, "cause")
}

func (p *fleetPage) addChanges(fleet *findings.Fleet, rules []findings.FleetRule) {
	titles := map[string]string{}
	for _, rule := range rules {
		titles[rule.ID] = prose(rule.Title)
	}
	for _, change := range fleet.Changes {
		row := fleetChange{ID: cleanName(change.Rule), Before: listed(change.Before), After: listed(change.After), Causes: causeCounts(change.Causes), Tenants: change.Tenants}
		if title, known := titles[change.Rule]; known {
			row.Title, row.Anchor = title, anchor(change.Rule)
		}
		p.Changes = append(p.Changes, row)
	}
	p.Changes, p.ChangesLeft = most(p.Changes, "change")
	p.Changed = fmt.Sprintf("%s with new violations, %d better than before.", plural(fleet.Summary.Worse, "tenant"), fleet.Summary.Better)
}

// stripColumns are the places of a strip: the rules by topic, with a gap between topics.
func stripColumns(rules []findings.FleetRule) (columns, titles []string) {
	for i, rule := range rules {
		if i > 0 && rules[i-1].Topic != rule.Topic {
			columns = append(columns, "-")
		}
		if i == 0 || rules[i-1].Topic != rule.Topic {
			title := prose(rule.Topic)
			if at := slices.IndexFunc(topics(), func(t topic) bool { return t.Key == rule.Topic }); at >= 0 {
				title = topics()[at].Title
			}
			titles = append(titles, title)
		}
		columns = append(columns, rule.ID)
	}
	return columns, titles
}

func tenantOf(tenant findings.FleetTenant, columns []string) fleetTenant {
	row := fleetTenant{Name: cleanName(tenant.Called()), ID: cleanName(tenant.Tenant.ID), Groups: cleanNames(tenant.Groups)}
	if own := cleanName(tenant.Tenant.Name); own != row.Name {
		row.Own = own
	}
	latest := tenant.Latest
	if latest == nil {
		row.State, row.Word, row.Sum = "never", "never scanned", "never scanned"
		return row
	}
	summary := latest.Summary
	row.State, row.Word = stateOf(latest.Worst()), outcomeWord(latest.Worst())
	row.Severities, row.Strip = severityCounts(summary.Failed), strip(outcomesOf(latest), columns)
	row.NotJudged = summary.Outcomes[findings.Unknown]
	row.Sum = fmt.Sprintf("%d violated, %d not judged, %d passed of %d", summary.Outcomes[findings.Fail], row.NotJudged, summary.Outcomes[findings.Pass], summary.Rules)
	if latest.ChosenOf > 0 {
		row.Sum += fmt.Sprintf(", chosen of %d", latest.ChosenOf)
	}
	row.Fails = strings.Join(cleanNames(latest.Verdicts[findings.Fail]), " ")
	row.Waived = strings.Join(cleanNames(latest.Verdicts[findings.Waived]), " ")
	row.Unjudged = whyUnjudged(latest.Unjudged)
	if len(latest.Unjudged) > 0 {
		row.Why = unjudgedWhy(latest.Unjudged[0])
	}
	row.Day, row.Time = latest.Started.UTC().Format(time.DateOnly), latest.Started.UTC().Format("15:04 UTC")
	row.addChange(latest)
	return row
}

func (t *fleetTenant) addChange(latest *findings.FleetResult) {
	change := latest.Change
	if change == nil {
		t.Change, t.ChangeState = "nothing to compare with", "first"
		if latest.NotCompared != "" {
			t.Change, t.Turned = "not compared", []string{cleanText(latest.NotCompared)}
		}
		return
	}
	var says []string
	for _, one := range []struct {
		n    int
		word string
	}{{change.Violations(), "new"}, {change.Counts.Fixed, "fixed"}, {change.Counts.Changed, "changed"}, {change.Counts.Unjudged, "no longer judged"}} {
		if one.n > 0 {
			says = append(says, fmt.Sprintf("%d %s", one.n, one.word))
		}
	}
	if turned := len(change.Rules); turned > 0 {
		says = append(says, plural(turned, "rule")+" with another outcome")
	}
	t.Change, t.Causes = cmp.Or(strings.Join(says, ", "), "nothing"), causeCounts(changeCauses(change))
	switch {
	case change.Violations() > 0:
		t.ChangeState = "fail"
	case change.Better():
		t.ChangeState = "pass"
	default:
		t.ChangeState = "na"
	}
	for i, rule := range change.Rules {
		if i == fleetFirst {
			t.Turned = append(t.Turned, plural(len(change.Rules)-i, "rule")+" more")
			break
		}
		t.Turned = append(t.Turned, fmt.Sprintf("%s %s → %s (%s)", cleanName(rule.ID), listed(rule.Before), listed(rule.After), causesOf(rule.Causes)))
	}
}

// strip draws what the rules came to as one line: the worse, the taller.
func strip(outcomes map[string]findings.Outcome, columns []string) []stripe {
	heights := map[findings.Outcome]int{findings.Fail: 5, findings.Unknown: 7, findings.Waived: 8, findings.Pass: 9}
	var out []stripe
	for _, outcome := range findings.Outcomes() {
		middle, drawn := heights[outcome]
		if !drawn {
			continue
		}
		var path strings.Builder
		for from := 0; from < len(columns); from++ {
			to := from
			for to < len(columns) && outcomes[columns[to]] == outcome {
				to++
			}
			if to > from {
				fmt.Fprintf(&path, "M%d %dh%d", from, middle, to-from)
				from = to
			}
		}
		if path.Len() > 0 {
			out = append(out, stripe{stateOf(outcome), path.String()})
		}
	}
	return out
}

// oldestScans are the tenants whose latest scan is the longest ago.
func oldestScans(fleet *findings.Fleet) []fleetAge {
	var scanned []findings.FleetTenant
	for _, tenant := range fleet.Tenants {
		if tenant.Latest != nil {
			scanned = append(scanned, tenant)
		}
	}
	slices.SortStableFunc(scanned, func(a, b findings.FleetTenant) int { return a.Latest.Started.Compare(b.Latest.Started) })
	var out []fleetAge
	for _, tenant := range scanned[:min(len(scanned), 2*fleetFirst)] {
		started := tenant.Latest.Started.UTC()
		out = append(out, fleetAge{cleanName(tenant.Called()), started.Format(time.DateOnly), ageOf(started, *fleet.Summary.Newest)})
	}
	return out
}

func rulesVersions(fleet *findings.Fleet) []fleetVersion {
	var out []fleetVersion
	for _, version := range fleet.Versions {
		out = append(out, fleetVersion{
			cmp.Or(cleanName(version.Policies[:min(12, len(version.Policies))]), "not recorded"), strings.TrimSpace(cleanName(version.Tool.Name) + " " + cleanName(version.Tool.Version)),
			version.Rules, version.Tenants,
		})
	}
	out, _ = most(out, "version")
	return out
}
