package findings

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
)

// FleetVersion is the format version of a fleet report that this package writes.
const FleetVersion = 1

// Fleet is how many tenants stand together: each by its latest result, and what changed in
// each since an earlier one. Results are added one by one, and of each only the verdicts
// are kept.
type Fleet struct {
	Version int  `json:"version"`
	Tool    Tool `json:"tool"`
	// Since is the time from which on changes count; nil where each tenant is compared with
	// the scan before its latest.
	Since   *time.Time   `json:"since,omitempty"`
	Summary FleetSummary `json:"summary"`
	// Tenants are sorted the worst first, Rules by the chain's topics as their ids say it.
	Tenants []FleetTenant `json:"tenants"`
	Rules   []FleetRule   `json:"rules"`
	// Unjudged says why rules could not be judged, Changes which rules came to another
	// outcome, Versions by which rules was judged: what concerns most tenants first.
	Unjudged []FleetUnjudged `json:"unjudged"`
	Changes  []FleetChange   `json:"changes"`
	Versions []RulesVersion  `json:"versions"`
	// Unread are results that could not be read, and so are in nothing else here.
	Unread []FleetUnread `json:"unread"`

	told map[string]time.Time // of each rule, when the result started that told its title
}

// FleetSummary counts tenants.
type FleetSummary struct {
	Tenants int `json:"tenants"`
	// Outcomes counts the tenants that were scanned by the worst outcome of their rules, as
	// Outcomes orders them; NeverScanned are the others.
	Outcomes     map[Outcome]int `json:"outcomes"`
	NeverScanned int             `json:"neverScanned"`
	// Failed counts the tenants by the worst severity of a rule that they violate.
	Failed map[Severity]int `json:"failed"`
	// Violations is the number of findings with the outcome fail.
	Violations int `json:"violations"`
	// Worse counts tenants with new violations, Better those that are better, as
	// TenantChange says.
	Worse  int `json:"worse"`
	Better int `json:"better"`
	// Oldest and Newest are when the earliest and the latest of the scans started.
	Oldest *time.Time `json:"oldest,omitempty"`
	Newest *time.Time `json:"newest,omitempty"`
}

// FleetTenant is one tenant. Name is what the configuration calls it; empty without one.
type FleetTenant struct {
	Tenant Tenant   `json:"tenant"`
	Name   string   `json:"name"`
	Groups []string `json:"groups"`
	// Latest is nil for a tenant that was never scanned.
	Latest *FleetResult `json:"latest"`
}

// FleetResult is what the latest result of a tenant says.
type FleetResult struct {
	// Digest is the lower-case hex sha256 of result.json.
	Digest   string    `json:"digest"`
	Tool     Tool      `json:"tool"`
	Profile  string    `json:"profile"`
	Policies string    `json:"policies"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	Exit     Exit      `json:"exit"`
	Summary  Summary   `json:"summary"`
	// ChosenOf is how many rules those that were judged were chosen from; 0 where every rule
	// was judged.
	ChosenOf int `json:"chosenOf,omitempty"`
	// Verdicts are the ids of the rules with each outcome; every outcome has a key.
	Verdicts map[Outcome][]string `json:"verdicts"`
	Unjudged []UnjudgedRules      `json:"unjudged"`
	// Change is nil where there is no earlier result, or where NotCompared says why the two
	// can't be compared.
	Change      *TenantChange `json:"change,omitempty"`
	NotCompared string        `json:"notCompared,omitempty"`
}

// UnjudgedRules are rules that could not be judged for one reason, over one kind of evidence.
// Permission is what was missing, where that is known.
type UnjudgedRules struct {
	Reason     string   `json:"reason"`
	Kind       string   `json:"kind,omitempty"`
	Permission string   `json:"permission,omitempty"`
	Rules      []string `json:"rules"`
}

// TenantChange is what changed in a tenant since an earlier result.
type TenantChange struct {
	// Digest and Started are those of the earlier result.
	Digest  string    `json:"digest"`
	Started time.Time `json:"started"`
	// New counts the new violations by severity; every severity has a key.
	New    map[Severity]int `json:"new"`
	Counts DifferenceSum    `json:"counts"`
	// Causes counts the changed findings by what the change is put down to.
	Causes map[Cause]int    `json:"causes"`
	Rules  []RuleDifference `json:"rules"`
}

// Better says whether violations are fixed, none is new, and what was judged before still is: a
// tenant of which less is known is not said to be better.
func (c *TenantChange) Better() bool {
	unjudged := func(rule RuleDifference) bool { return rule.After == Unknown }
	return c.Counts.Fixed > 0 && c.Violations() == 0 && c.Counts.Unjudged == 0 && !slices.ContainsFunc(c.Rules, unjudged)
}

// Violations is the number of new violations.
func (c *TenantChange) Violations() int {
	sum := 0
	for _, n := range c.New {
		sum += n
	}
	return sum
}

// FleetRule is one rule over all tenants.
type FleetRule struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Topic    string   `json:"topic"`
	Severity Severity `json:"severity"`
	// Outcomes counts tenants by what the rule came to; every outcome has a key. Unjudged
	// counts those with the outcome unknown by their first reason.
	Outcomes map[Outcome]int `json:"outcomes"`
	Unjudged map[string]int  `json:"unjudged"`
}

// FleetUnjudged is one reason why rules could not be judged, and in how many tenants.
type FleetUnjudged struct {
	UnjudgedRules
	Tenants int `json:"tenants"`
}

// FleetChange is a change of a rule's outcome, and in how many tenants it came to that. An
// empty outcome means that the result doesn't list the rule.
type FleetChange struct {
	Rule    string        `json:"rule"`
	Before  Outcome       `json:"before"`
	After   Outcome       `json:"after"`
	Tenants int           `json:"tenants"`
	Causes  map[Cause]int `json:"causes"`
}

// RulesVersion are tenants that were judged by the same rules and the same program.
type RulesVersion struct {
	// Policies is the digest of the rules' texts.
	Policies string `json:"policies"`
	Tool     Tool   `json:"tool"`
	Rules    int    `json:"rules"`
	Tenants  int    `json:"tenants"`
}

// FleetUnread is a result that could not be read.
type FleetUnread struct {
	Source string `json:"source"`
	Error  string `json:"error"`
}

// NewFleet is a fleet without tenants.
func NewFleet(tool Tool, since *time.Time) *Fleet {
	return &Fleet{
		Version: FleetVersion, Tool: tool, Since: since,

		Tenants: []FleetTenant{}, Rules: []FleetRule{}, Unjudged: []FleetUnjudged{}, Changes: []FleetChange{}, Versions: []RulesVersion{}, Unread: []FleetUnread{},
		told: map[string]time.Time{},
	}
}

// Recorded is a result and the lower-case hex sha256 of its file.
type Recorded struct {
	Result *Result
	Digest string
}

// Add adds a tenant by its latest result and what changed since an earlier one. Without an
// earlier result nothing is compared, and without a latest one the tenant was never scanned.
func (f *Fleet) Add(tenant FleetTenant, recorded, earlier Recorded) {
	tenant.Groups = list(tenant.Groups)
	if recorded.Result == nil {
		f.Tenants = append(f.Tenants, tenant)
		return
	}
	result := recorded.Result
	tenant.Tenant = result.Tenant
	latest := &FleetResult{
		Digest: recorded.Digest, Tool: result.Tool, Profile: result.Profile, Policies: result.Digests.Policies, Started: result.Started, Finished: result.Finished,
		Exit: result.Exit, Summary: normalSummary(result.Summary), Verdicts: map[Outcome][]string{}, Unjudged: unjudgedRules(result),
	}
	if result.Selection != nil {
		latest.ChosenOf = result.Selection.Of
	}
	for _, outcome := range Outcomes() {
		latest.Verdicts[outcome] = []string{}
	}
	for _, rule := range result.Rules {
		latest.Verdicts[rule.Outcome] = append(latest.Verdicts[rule.Outcome], rule.ID)
		f.addRule(rule, result.Started)
	}
	if earlier.Result != nil {
		change, err := Differ(earlier.Result, result, earlier.Digest, recorded.Digest, Crosswise{})
		if err != nil {
			latest.NotCompared = err.Error()
		} else {
			latest.Change = tenantChange(change)
		}
	}
	tenant.Latest = latest
	f.Tenants = append(f.Tenants, tenant)
}

// addRule counts a rule's verdict. Its title is that of the latest result, as versions of
// rules may differ.
func (f *Fleet) addRule(rule Rule, at time.Time) {
	i, known := slices.BinarySearchFunc(f.Rules, rule.ID, func(r FleetRule, id string) int { return strings.Compare(r.ID, id) })
	if !known {
		f.Rules = slices.Insert(f.Rules, i, FleetRule{Outcomes: map[Outcome]int{}, Unjudged: map[string]int{}})
		for _, outcome := range Outcomes() {
			f.Rules[i].Outcomes[outcome] = 0
		}
	}
	one := &f.Rules[i]
	if !known || at.After(f.told[rule.ID]) {
		f.told[rule.ID] = at
		one.ID, one.Title, one.Topic, one.Severity = rule.ID, rule.Title, rule.Topic, rule.Severity
	}
	one.Outcomes[rule.Outcome]++
	if rule.Outcome == Unknown {
		one.Unjudged[firstReason(rule)]++
	}
}

// unjudgedRules groups the rules that could not be judged by why.
func unjudgedRules(result *Result) []UnjudgedRules {
	permissions := map[[2]string]string{}
	for _, gap := range result.Gaps {
		permissions[[2]string{gap.Kind, gap.Reason}] = gap.Permission
	}
	groups := map[unjudgedKey][]string{}
	for _, rule := range result.Rules {
		if rule.Outcome != Unknown {
			continue
		}
		key := unjudgedKey{Reason: firstReason(rule)}
		if len(rule.Reasons) > 0 {
			key.Kind = rule.Reasons[0].Kind
		}
		key.Permission = permissions[[2]string{key.Kind, key.Reason}]
		groups[key] = append(groups[key], rule.ID)
	}
	out := []UnjudgedRules{}
	for key, rules := range groups {
		out = append(out, UnjudgedRules{key.Reason, key.Kind, key.Permission, sorted(rules)})
	}
	slices.SortFunc(out, func(a, b UnjudgedRules) int { return cmp.Or(len(b.Rules)-len(a.Rules), a.key().compare(b.key())) })
	return out
}

// unjudgedKey is why rules could not be judged.
type unjudgedKey struct{ Reason, Kind, Permission string }

// key is why the rules could not be judged.
func (u UnjudgedRules) key() unjudgedKey { return unjudgedKey{u.Reason, u.Kind, u.Permission} }

func (k unjudgedKey) compare(other unjudgedKey) int {
	return cmp.Or(strings.Compare(k.Reason, other.Reason), strings.Compare(k.Kind, other.Kind), strings.Compare(k.Permission, other.Permission))
}

func tenantChange(d *Difference) *TenantChange {
	out := &TenantChange{Digest: d.Before.Digest, Started: d.Before.Started, New: map[Severity]int{}, Counts: d.Counts, Causes: d.Causes, Rules: d.Rules}
	for _, severity := range Severities() {
		out.New[severity] = 0
	}
	for _, change := range d.Findings {
		if change.Change == New && change.After.Outcome == Fail {
			out.New[change.After.Severity]++
		}
	}
	return out
}

// Finish counts and sorts what was added.
func (f *Fleet) Finish() {
	f.Summary = FleetSummary{Tenants: len(f.Tenants), Outcomes: map[Outcome]int{}, Failed: map[Severity]int{}}
	for _, outcome := range Outcomes() {
		f.Summary.Outcomes[outcome] = 0
	}
	for _, severity := range Severities() {
		f.Summary.Failed[severity] = 0
	}
	unjudged, changes, versions := map[unjudgedKey]*FleetUnjudged{}, map[changeKey]*FleetChange{}, map[RulesVersion]int{}
	for _, tenant := range f.Tenants {
		latest := tenant.Latest
		if latest == nil {
			f.Summary.NeverScanned++
			continue
		}
		f.Summary.add(latest)
		versions[RulesVersion{Policies: latest.Policies, Tool: latest.Tool, Rules: latest.Summary.Rules}]++
		for _, group := range latest.Unjudged {
			all := entry(unjudged, group.key(), FleetUnjudged{UnjudgedRules: UnjudgedRules{Reason: group.Reason, Kind: group.Kind, Permission: group.Permission}})
			all.Tenants++
			all.Rules = append(all.Rules, group.Rules...)
			slices.Sort(all.Rules)
			all.Rules = slices.Compact(all.Rules)
		}
		if latest.Change == nil {
			continue
		}
		for _, rule := range latest.Change.Rules {
			all := entry(changes, changeKey{rule.ID, rule.Before, rule.After}, FleetChange{Rule: rule.ID, Before: rule.Before, After: rule.After, Causes: map[Cause]int{}})
			all.Tenants++
			for _, cause := range rule.Causes {
				all.Causes[cause]++
			}
		}
	}
	f.Unjudged, f.Changes, f.Versions = []FleetUnjudged{}, []FleetChange{}, []RulesVersion{}
	for _, one := range unjudged {
		f.Unjudged = append(f.Unjudged, *one)
	}
	for _, one := range changes {
		f.Changes = append(f.Changes, *one)
	}
	for one, tenants := range versions {
		one.Tenants = tenants
		f.Versions = append(f.Versions, one)
	}
	f.sort()
}

// changeKey is a change of a rule's outcome.
type changeKey struct {
	Rule          string
	Before, After Outcome
}

// entry is what a map has for a key, which it gets where it is not there.
func entry[K comparable, V any](all map[K]*V, key K, fresh V) *V {
	if all[key] == nil {
		all[key] = &fresh
	}
	return all[key]
}

func (s *FleetSummary) add(latest *FleetResult) {
	s.Outcomes[latest.Worst()]++
	if latest.Worst() == Fail {
		s.Failed[latest.WorstSeverity()]++
	}
	s.Violations += latest.Summary.Findings
	if change := latest.Change; change != nil {
		switch {
		case change.Violations() > 0:
			s.Worse++
		case change.Better():
			s.Better++
		}
	}
	started := latest.Started.UTC()
	if s.Oldest == nil || started.Before(*s.Oldest) {
		s.Oldest = &started
	}
	if s.Newest == nil || started.After(*s.Newest) {
		s.Newest = &started
	}
}

// Worst is the worst outcome of the rules; NotApplicable where there are none.
func (r *FleetResult) Worst() Outcome {
	for _, outcome := range Outcomes() {
		if r.Summary.Outcomes[outcome] > 0 {
			return outcome
		}
	}
	return NotApplicable
}

// WorstSeverity is that of the worst rule that is violated; empty where none is.
func (r *FleetResult) WorstSeverity() Severity {
	for _, severity := range Severities() {
		if r.Summary.Failed[severity] > 0 {
			return severity
		}
	}
	return ""
}

// Called is how people call the tenant: as the configuration does, or by its own name, or by
// its id.
func (t FleetTenant) Called() string { return cmp.Or(t.Name, t.Tenant.Name, t.Tenant.ID) }

func (f *Fleet) sort() {
	slices.SortFunc(f.Tenants, compareTenants)
	slices.SortFunc(f.Unjudged, func(a, b FleetUnjudged) int {
		return cmp.Or(b.Tenants-a.Tenants, len(b.Rules)-len(a.Rules), a.key().compare(b.key()))
	})
	slices.SortFunc(f.Changes, func(a, b FleetChange) int {
		return cmp.Or(b.Tenants-a.Tenants, strings.Compare(a.Rule, b.Rule), cmp.Compare(a.Before, b.Before), cmp.Compare(a.After, b.After))
	})
	slices.SortFunc(f.Versions, func(a, b RulesVersion) int {
		return cmp.Or(b.Tenants-a.Tenants, strings.Compare(a.Policies, b.Policies), strings.Compare(a.Tool.Name, b.Tool.Name), strings.Compare(a.Tool.Version, b.Tool.Version), a.Rules-b.Rules)
	})
	slices.SortFunc(f.Unread, func(a, b FleetUnread) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Error, b.Error))
	})
}

// compareTenants puts the worst first: by the rules that are violated, severity by severity,
// then those of which nothing is known, then by the rules that could not be judged.
func compareTenants(a, b FleetTenant) int {
	bad := func(t FleetTenant) []int {
		if t.Latest == nil {
			return []int{0, 0, 0, 0, 0, 1, 0}
		}
		var out []int
		for _, severity := range Severities() {
			out = append(out, t.Latest.Summary.Failed[severity])
		}
		return append(out, 0, t.Latest.Summary.Outcomes[Unknown])
	}
	return cmp.Or(slices.Compare(bad(b), bad(a)), strings.Compare(strings.ToLower(a.Called()), strings.ToLower(b.Called())), strings.Compare(a.Tenant.ID, b.Tenant.ID))
}

// Write writes the Fleet as JSON, indented, so that equal fleets give equal bytes.
func (f *Fleet) Write(w io.Writer) error {
	data, err := indented(f, "")
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil {
		return errors.Join(errors.New("writing the fleet report"), err)
	}
	return nil
}
