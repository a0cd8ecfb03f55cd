package remediation

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
)

// Sources are what a plan rests on: a result, the digest of its file, and the evidence that
// it judged, whose files were verified.
type Sources struct {
	Result *findings.Result
	Digest string
	Bundle *evidence.Bundle
}

// Heading is what a plan says of itself.
type Heading struct {
	Tool       findings.Tool
	Author     string
	Created    time.Time
	Expires    time.Time
	Remediator string
	MaxChanges int
}

// Build makes the plan for the violations of a result: a change where an action can mend one
// and no guard forbids it, and a step for a person for every other. Equal input gives an
// equal plan. Waived violations are left alone.
func Build(sources Sources, heading Heading) (*Plan, error) {
	if sources.Result.Pseudonyms != "" || sources.Bundle.Manifest.Pseudonyms != "" {
		return nil, errors.New("planning: pseudonyms stand in the result for what is to be changed, and no service knows them; plan from a scan without --pseudonymise")
	}
	if sources.Result.Digests.Evidence != sources.Bundle.Manifest.Digest() {
		return nil, fmt.Errorf("planning: the result rests on the evidence %.12s and the bundle %s is %.12s; name the bundle that was judged",
			sources.Result.Digests.Evidence, sources.Bundle.Dir, sources.Bundle.Manifest.Digest())
	}
	plan := &Plan{
		Version: Version, Tool: heading.Tool, Tenant: sources.Result.Tenant,
		Digests: Digests{Result: sources.Digest, Evidence: sources.Bundle.Manifest.Digest()},
		Author:  heading.Author, Created: heading.Created.UTC(), Expires: heading.Expires.UTC(),
		Remediator: heading.Remediator, MaxChanges: heading.MaxChanges,
		Changes: []Change{}, Steps: []Step{},
	}
	planner := &planner{
		Sources: sources, protected: protectedBy(sources.Result, heading.Remediator), plan: plan,
		failed: map[string]bool{}, objects: map[string]map[string]json.RawMessage{},
	}
	rules := map[string]findings.Rule{}
	for _, rule := range sources.Result.Rules {
		rules[rule.ID] = rule
	}
	failed := slices.DeleteFunc(slices.Clone(sources.Result.Findings), func(f findings.Finding) bool { return f.Outcome != findings.Fail })
	// The worst come first, so that a plan that is cut short holds them.
	slices.SortStableFunc(failed, func(a, b findings.Finding) int { return cmp.Compare(a.Severity.Rank(), b.Severity.Rank()) })
	for _, finding := range failed {
		planner.failed[finding.Resource.ID] = true
	}
	for _, finding := range failed {
		if err := planner.add(rules[finding.Rule], finding); err != nil {
			return nil, fmt.Errorf("planning for %s of %s: %w", finding.Rule, finding.Resource.ID, err)
		}
	}
	// What helps people comes before what takes something away.
	slices.SortStableFunc(plan.Changes, func(a, b Change) int {
		return cmp.Compare(slices.Index(risks(), a.Risk), slices.Index(risks(), b.Risk))
	})
	slices.SortStableFunc(plan.Steps, func(a, b Step) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Resource.Kind, b.Resource.Kind), cmp.Compare(a.Resource.ID, b.Resource.ID))
	})
	if err := plan.check(); err != nil {
		return nil, fmt.Errorf("planning: %w", err)
	}
	return plan, nil
}

// planner is a plan in the making.
type planner struct {
	Sources
	protected protected
	plan      *Plan
	// failed are the ids of what violates a rule, objects those that were read, by kind and id.
	failed  map[string]bool
	objects map[string]map[string]json.RawMessage
}

// unplannedError is why an action can't mend a violation.
type unplannedError struct{ why string }

func (e *unplannedError) Error() string { return e.why }

// add plans for one violation.
func (p *planner) add(rule findings.Rule, finding findings.Finding) error {
	if rule.Remediation.Action == "" {
		p.plan.Steps = append(p.plan.Steps, p.step(rule, finding, ""))
		return nil
	}
	err := p.change(rule, finding)
	var guarded *guardError
	var unplanned *unplannedError
	var odd *json.UnmarshalTypeError
	if errors.As(err, &odd) {
		err = &unplannedError{"the evidence can't be read: " + odd.Error()}
	}
	if errors.As(err, &guarded) || errors.As(err, &unplanned) {
		p.plan.Steps = append(p.plan.Steps, p.step(rule, finding, err.Error()))
		return nil
	}
	return err
}

// change adds the changes that mend a violation, or the violation to those that already do.
// Where one of several can't be planned, none is: the violation would remain.
func (p *planner) change(rule findings.Rule, finding findings.Finding) error {
	action, known := action(rule.Remediation.Action)
	if !known {
		return &unplannedError{fmt.Sprintf("this program knows no action %q", rule.Remediation.Action)}
	}
	changes, err := action.changes(p, finding)
	if err != nil {
		return err
	}
	mended := Mended{Rule: finding.Rule, Fingerprint: finding.Fingerprint, Message: finding.Message}
	var more []Change
	var also []*Change
	for _, change := range changes {
		change.Action, change.Title, change.Risk, change.Permission = action.ID, cmp.Or(change.Title, action.Title), action.Risk, action.Permission
		change.Resource, change.Reversible, change.ID = finding.Resource, change.Undo != nil, change.id()
		change.Blast.Names = append([]string{}, change.Blast.Names...)
		change.Mends = []Mended{mended}
		if err := action.fits(change); err != nil {
			return err
		}
		if other := p.planned(change.ID); other != nil {
			also = append(also, other)
		} else {
			more = append(more, change)
		}
	}
	if len(p.plan.Changes)+len(more) > p.plan.MaxChanges {
		return &unplannedError{fmt.Sprintf("no more than %d changes are allowed in one plan; make another when this one is applied", p.plan.MaxChanges)}
	}
	for _, other := range also {
		other.Mends = append(other.Mends, mended)
	}
	p.plan.Changes = append(p.plan.Changes, more...)
	return nil
}

// planned is the change of an id in the plan so far, nil where there is none.
func (p *planner) planned(id string) *Change {
	at := slices.IndexFunc(p.plan.Changes, func(c Change) bool { return c.ID == id })
	if at < 0 {
		return nil
	}
	return &p.plan.Changes[at]
}

// fits says why a change of the action can't be planned.
func (a Action) fits(change Change) error {
	named := change.Subject.Kind == "tenant" || id.MatchString(change.Subject.ID)
	if !named || !a.permits(change.Request) {
		return &unplannedError{"its id can't be part of a request"}
	}
	met, err := holds(change.Before, change.After)
	if err == nil && met {
		err = &unplannedError{"what the action sets is set already, so that the rest is for a person"}
	}
	return err
}

// find reads the object of a kind that has an id into value, and returns it as it stands in
// the evidence too.
func (p *planner) find(kind, id string, value any) (json.RawMessage, error) {
	if p.objects[kind] == nil {
		objects, err := p.read(kind)
		if err != nil {
			return nil, err
		}
		p.objects[kind] = objects
	}
	found, read := p.objects[kind][id]
	if !read {
		return nil, &unplannedError{fmt.Sprintf("%q is not in the evidence %s", id, kind)}
	}
	return found, json.Unmarshal(found, value)
}

// read reads the objects of a kind once, by their ids: those that are violations, of which
// there are fewer than objects, and of service principals all, as others name them.
func (p *planner) read(kind string) (map[string]json.RawMessage, error) {
	objects := map[string]json.RawMessage{}
	for line, err := range p.Bundle.Objects(kind) {
		if err != nil {
			return nil, err
		}
		var object struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(line, &object) == nil && (p.failed[object.ID] || kind == "service_principals") {
			objects[object.ID] = bytes.Clone(line)
		}
	}
	return objects, nil
}

// only reads the one object of a kind into value.
func (p *planner) only(kind string, value any) error {
	for line, err := range p.Bundle.Objects(kind) {
		if err != nil {
			return err
		}
		return json.Unmarshal(line, value)
	}
	return &unplannedError{fmt.Sprintf("the evidence holds no %s", kind)}
}

// users is the number of accounts that were read, and how to say it.
func (p *planner) users() (int, string) {
	entry, read := p.Bundle.Manifest.Entry("users")
	switch {
	case !read:
		return 0, "all users, whose number isn't known"
	case !entry.Complete:
		return entry.Objects, fmt.Sprintf("all users, at least %d", entry.Objects)
	default:
		return entry.Objects, fmt.Sprintf("all %d users", entry.Objects)
	}
}

// application is the service principal that loses by a change, which no guard protects.
func (p *planner) application(id string) (principal, findings.Resource, error) {
	data, err := p.find("service_principals", id, &struct{}{})
	if err != nil {
		return principal{}, findings.Resource{}, err
	}
	found, err := p.protected.application(data)
	return found, findings.Resource{Kind: "service_principal", ID: id, Name: found.DisplayName}, err
}
