package findings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Cause is what a change between two results is put down to.
type Cause string

// The causes. A change may have several: without any of them it would not be there.
const (
	// ByTenant is that the evidence differs.
	ByTenant Cause = "tenant"
	// ByTime is that the evidence is the same, and something in it ended between the scans.
	ByTime Cause = "time"
	// ByPolicy is that the rules, the parameters or the profile differ, or, where these are
	// the same, the program.
	ByPolicy Cause = "policy"
	// ByWaivers is that a waiver was given, taken back, or ended.
	ByWaivers Cause = "waivers"
	// Unclear is that it may be the tenant, the policy or both, as both differ and the results
	// were not judged crosswise.
	Unclear Cause = "unclear"
)

// Causes lists the causes in the order in which reports show them.
func Causes() []Cause { return []Cause{ByTenant, ByTime, ByPolicy, ByWaivers, Unclear} }

// Side is one of the two results of a Difference.
type Side struct {
	// Digest is the lower-case hex sha256 of result.json.
	Digest  string    `json:"digest"`
	Tool    Tool      `json:"tool"`
	Profile string    `json:"profile"`
	Started time.Time `json:"started"`
	Exit    Exit      `json:"exit"`
	Digests Digests   `json:"digests"`
}

// Crosswise are the results of judging one side's evidence by the other side's rules,
// parameters and profile; nil where that was not done.
type Crosswise struct {
	// Forward is the earlier evidence judged by the later policy, Backward the later evidence
	// judged by the earlier policy.
	Forward, Backward *Result
}

// Difference is what changed from one result of a tenant to another, and why.
type Difference struct {
	Version int    `json:"version"`
	Tenant  Tenant `json:"tenant"`
	Before  Side   `json:"before"`
	After   Side   `json:"after"`
	// Differs says which of what the results rest on differs.
	Differs Inputs `json:"differs"`
	// Crosswise says in which ways the results were judged crosswise: forward, backward.
	Crosswise []string `json:"crosswise"`
	// Notes say what limits what can be said of causes.
	Notes  []string      `json:"notes"`
	Counts DifferenceSum `json:"counts"`
	// Causes counts the changes of findings by what they are put down to; a change with two
	// causes counts for each. Every cause has a key.
	Causes map[Cause]int `json:"causes"`
	// Rules are those whose outcome changed, sorted by id, and Findings those that changed,
	// sorted as in a Result.
	Rules    []RuleDifference    `json:"rules"`
	Findings []FindingDifference `json:"findings"`
}

// Inputs says of each thing that a result rests on whether two results differ in it.
type Inputs struct {
	Evidence bool `json:"evidence"`
	Time     bool `json:"time"`
	// Rules are the rules' texts and which of them were judged, Params the parameters' values.
	Rules   bool `json:"rules"`
	Params  bool `json:"params"`
	Profile bool `json:"profile"`
	Waivers bool `json:"waivers"`
	Tool    bool `json:"tool"`
}

// Policy says whether verdicts may differ over the same evidence.
func (i Inputs) Policy() bool { return i.Rules || i.Params || i.Profile }

// DifferenceSum counts findings by how they stand in the two results.
type DifferenceSum struct {
	New       int `json:"new"`
	Fixed     int `json:"fixed"`
	Changed   int `json:"changed"`
	Unjudged  int `json:"unjudged"`
	Unchanged int `json:"unchanged"`
}

// RuleDifference is a rule whose outcome changed. An empty outcome means that the result
// doesn't list the rule.
type RuleDifference struct {
	ID     string  `json:"id"`
	Title  string  `json:"title"`
	Before Outcome `json:"before"`
	After  Outcome `json:"after"`
	Causes []Cause `json:"causes"`
}

// FindingDifference is a finding that is not the same in both results.
type FindingDifference struct {
	// Change is New, Updated, Fixed or Unjudged, as Compare says.
	Change FindingChange `json:"change"`
	Causes []Cause       `json:"causes"`
	// Fields are what differs of a finding that both results have.
	Fields []string `json:"fields"`
	// Before and After are the finding in the two results; nil where it isn't there.
	Before *Finding `json:"before,omitempty"`
	After  *Finding `json:"after,omitempty"`
}

// Finding is the finding as it is now, or was last.
func (f FindingDifference) Finding() Finding {
	if f.After != nil {
		return *f.After
	}
	return *f.Before
}

// Same says whether nothing changed.
func (d *Difference) Same() bool { return len(d.Findings) == 0 && len(d.Rules) == 0 }

// CompareInputs says in what two results differ that they rest on.
func CompareInputs(before, after *Result) Inputs {
	return Inputs{
		Evidence: before.Digests.Evidence != after.Digests.Evidence,
		Time:     !before.Started.Equal(after.Started),
		Rules:    before.Digests.Policies != after.Digests.Policies || !slices.Equal(ruleIDs(before), ruleIDs(after)),
		Params:   !sameParams(before.Params, after.Params),
		Profile:  before.Profile != after.Profile,
		Waivers:  before.Digests.Waivers != after.Digests.Waivers,
		Tool:     before.Tool != after.Tool,
	}
}

func ruleIDs(r *Result) []string {
	ids := make([]string, 0, len(r.Rules))
	for _, rule := range r.Rules {
		ids = append(ids, rule.ID)
	}
	slices.Sort(ids)
	return ids
}

// sameParams compares parameters as result.json writes them, whatever they were read from.
func sameParams(a, b map[string]any) bool {
	left, errLeft := json.Marshal(filled(a))
	right, errRight := json.Marshal(filled(b))
	return errLeft == nil && errRight == nil && string(left) == string(right) || reflect.DeepEqual(a, b)
}

// Differ says what changed from one result of a tenant to a later one, by the comparison
// that Compare makes, and puts each change down to its causes. The digests are those of the
// two files. What was judged crosswise tells causes apart where evidence and policy both
// differ; elsewhere what differs tells.
func Differ(before, after *Result, beforeDigest, afterDigest string, crosswise Crosswise) (*Difference, error) {
	if !strings.EqualFold(before.Tenant.ID, after.Tenant.ID) {
		return nil, fmt.Errorf("the one result is of tenant %s and the other of %s; compare results of one tenant", before.Tenant.ID, after.Tenant.ID)
	}
	if err := samePseudonyms(before, after); err != nil {
		return nil, err
	}
	earlier, gone := pair(before, after)
	d := &Difference{
		Version: Version, Tenant: after.Tenant, Before: sideOf(before, beforeDigest), After: sideOf(after, afterDigest),
		Differs: CompareInputs(before, after), Crosswise: []string{}, Notes: []string{}, Causes: map[Cause]int{}, Rules: []RuleDifference{}, Findings: []FindingDifference{},
	}
	for _, cause := range Causes() {
		d.Causes[cause] = 0
	}
	court := newCourt(d.Differs, before, after, crosswise)
	if crosswise.Forward != nil {
		d.Crosswise = append(d.Crosswise, "forward")
	}
	if crosswise.Backward != nil {
		d.Crosswise = append(d.Crosswise, "backward")
	}
	for i, was := range earlier {
		is := &after.Findings[i]
		change := changeOf(was, is)
		switch change {
		case Unchanged:
			d.Counts.Unchanged++
			continue
		case New:
			d.Counts.New++
		default:
			d.Counts.Changed++
		}
		d.add(court, FindingDifference{Change: change, Before: was, After: is})
	}
	for _, was := range gone {
		change := changeOfGone(was, court.after.judged)
		if change == Fixed {
			d.Counts.Fixed++
		} else {
			d.Counts.Unjudged++
		}
		d.add(court, FindingDifference{Change: change, Before: was})
	}
	d.addRules(court, before, after)
	slices.SortStableFunc(d.Findings, func(a, b FindingDifference) int { return compareFindings(a.Finding(), b.Finding()) })
	return d, nil
}

func sideOf(r *Result, digest string) Side {
	return Side{Digest: digest, Tool: r.Tool, Profile: r.Profile, Started: r.Started.UTC(), Exit: r.Exit, Digests: r.Digests}
}

// add puts a changed finding down to its causes and copies it, without how it stood to the
// results that its own was compared with.
func (d *Difference) add(court *court, change FindingDifference) {
	change.Fields = []string{}
	for _, side := range []**Finding{&change.Before, &change.After} {
		if *side != nil {
			bare := **side
			bare.Change = ""
			*side = &bare
		}
	}
	if change.Before != nil && change.After != nil {
		change.Fields = differing(change.Before, change.After)
	}
	change.Causes = court.finding(change.Before, change.After)
	for _, cause := range change.Causes {
		d.Causes[cause]++
	}
	d.Findings = append(d.Findings, change)
}

// addRules lists the rules whose outcome changed.
func (d *Difference) addRules(court *court, before, after *Result) {
	changed := map[string]RuleDifference{}
	for _, rule := range before.Rules {
		changed[rule.ID] = RuleDifference{ID: rule.ID, Title: rule.Title, Before: rule.Outcome}
	}
	for _, rule := range after.Rules {
		one := changed[rule.ID]
		one.ID, one.Title, one.After = rule.ID, rule.Title, rule.Outcome
		changed[rule.ID] = one
	}
	for id, rule := range changed {
		if rule.Before != rule.After {
			rule.Causes = court.rule(id)
			d.Rules = append(d.Rules, rule)
		}
	}
	slices.SortFunc(d.Rules, func(a, b RuleDifference) int { return strings.Compare(a.ID, b.ID) })
}

// Write writes the Difference as JSON, indented, so that equal differences give equal bytes.
func (d *Difference) Write(w io.Writer) error {
	data, err := indented(d, "")
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil {
		return errors.Join(errors.New("writing the difference"), err)
	}
	return nil
}
