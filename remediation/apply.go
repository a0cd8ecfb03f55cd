package remediation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// Run says how a plan is applied or taken back.
type Run struct {
	// File is plan.json as it was read, and Sources what it rests on. Rollback needs no Sources,
	// and File only with Approved.
	File    []byte
	Sources Sources
	Target  Target
	// Journal is the path of the file that remembers what was done.
	Journal string
	// MaxChanges is the greatest number of changes that the organisation allows in a plan.
	MaxChanges int
	// Approved, if set, returns who approved the bytes of a plan's file, or why nobody did. It
	// must be somebody other than the plan's author. Rollback takes back no other plan, whatever
	// its journal says.
	Approved func(file []byte) (*findings.Approval, error)
	// Confirm is shown each change before it is made, and says whether it may be.
	Confirm func(Change) (bool, error)
	// Judge judges rules on fresh evidence; Apply verifies with it what it did.
	Judge func(ctx context.Context, rules []string) (*findings.Result, error)
	// Account is the account of the machine that runs the program, for the journal.
	Account string
	// DryRun makes every check that needs no confirmation, and no write.
	DryRun bool
	Now    func() time.Time
	// Sleep waits, or returns the context's error.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Settled is how a change of a run ended.
type Settled struct {
	Change  Change
	Outcome Outcome
	Message string
	// Verdict is empty where nothing was verified.
	Verdict Verdict
}

// Done says whether the change is as it was meant to be: made, found in place, or for a dry
// run, ready.
func (s Settled) Done() bool {
	return s.Outcome == Applied || s.Outcome == InPlace || s.Outcome == Ready
}

// PlanError is a plan that must be neither approved nor applied: of another tenant, expired, not approved, or
// not what the evidence gives.
type PlanError struct{ Why string }

// Error says why.
func (e *PlanError) Error() string { return "the plan is refused: " + e.Why }

// Apply carries a plan out, or goes on with it where a run was interrupted. It returns how
// each change ended, in the plan's order. An error ends the run; what was done until then is
// in the journal.
func Apply(ctx context.Context, run Run) (settled []Settled, err error) {
	plan, err := Decode(run.File)
	if err != nil {
		return nil, err
	}
	approval, err := run.check(plan)
	if err != nil {
		return nil, err
	}
	begin := head{
		Version: Version, Time: run.Now().UTC(), Digest: digest(run.File), Plan: plan, Approval: approval,
		Protected: protectedBy(run.Sources.Result, plan.Remediator, run.Target.App()),
	}
	e := &engine{Run: run, protected: begin.Protected}
	if run.DryRun {
		e.journal = &journal{head: begin}
		return e.each(ctx, plan.Changes)
	}
	if e.journal, err = openJournal(run.Journal, begin); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.journal.close()) }()
	if slices.ContainsFunc(e.journal.records, func(r Record) bool { return r.Undo }) {
		return nil, &PlanError{"it was applied and taken back, as the journal " + run.Journal + " tells; make a new one from fresh evidence"}
	}
	if settled, err = e.each(ctx, plan.Changes); err != nil {
		return settled, err
	}
	return settled, e.verify(ctx, settled)
}

// Rollback takes back what a journal says was applied, in reverse order, with the same checks
// of the tenant, the state and the guards. Changes that were not applied are left out.
func Rollback(ctx context.Context, run Run) (settled []Settled, err error) {
	journal, err := reopenJournal(run.Journal)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, journal.close()) }()
	plan := journal.head.Plan
	if err := run.checkTarget(plan); err != nil {
		return nil, err
	}
	if run.Approved != nil {
		if err := run.checkJournal(journal.head); err != nil {
			return nil, err
		}
	}
	e := &engine{Run: run, protected: journal.head.Protected, journal: journal, undo: true}
	var changes []Change
	records := journal.byChange()
	for _, change := range slices.Backward(plan.Changes) {
		if applied(records[change.ID]) {
			changes = append(changes, change)
		}
	}
	return e.each(ctx, changes)
}

// Check refuses a plan that has expired, has more changes than the organisation allows, or is
// not what Build makes of the sources.
func (p *Plan) Check(sources Sources, most int, now time.Time) error {
	if err := p.checkTime(now); err != nil {
		return err
	}
	if len(p.Changes) > most {
		return &PlanError{fmt.Sprintf("it has %d changes and at most %d are allowed", len(p.Changes), most)}
	}
	return rebuilt(p, sources)
}

// check refuses a plan that is not of this tenant, this time and this evidence, or that
// nobody but its author has approved. It returns who approved it; nil where nobody has to.
func (r Run) check(plan *Plan) (*findings.Approval, error) {
	if err := r.checkTarget(plan); err != nil {
		return nil, err
	}
	if r.Target.App() == r.Sources.Result.Reader.AppID {
		return nil, &PlanError{fmt.Sprintf("the application %s read the evidence; changes are made by an application of their own", r.Target.App())}
	}
	if err := plan.Check(r.Sources, r.MaxChanges, r.Now()); err != nil || r.Approved == nil {
		return nil, err
	}
	return r.approval(plan)
}

// approval returns who approved the plan that the run's file holds.
func (r Run) approval(plan *Plan) (*findings.Approval, error) {
	approval, err := r.Approved(r.File)
	switch {
	case err != nil:
		return nil, &PlanError{"its approval: " + err.Error()}
	case approval.By == "" || plan.Author == "" || strings.EqualFold(approval.By, plan.Author):
		return nil, &PlanError{"somebody other than its author has to approve it"}
	case approval.Time.After(r.Now()):
		return nil, &PlanError{fmt.Sprintf("its approval is of %s, which is yet to come; look at the clocks", approval.Time.Format(time.RFC3339))}
	}
	return approval, nil
}

// checkJournal refuses a journal whose plan is not the approved one: what undoes a change is a
// change, and anybody who can write a journal could make one.
func (r Run) checkJournal(head head) error {
	plan, err := Decode(r.File)
	if err != nil {
		return err
	}
	if !head.of(digest(r.File), plan) {
		return &PlanError{fmt.Sprintf("the journal %s is not of the plan at hand", r.Journal)}
	}
	_, err = r.approval(plan)
	return err
}

// digest is the lower-case hex sha256 of a file's text.
func digest(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// checkTime refuses a plan that has expired.
func (p *Plan) checkTime(now time.Time) error {
	if now.Before(p.Expires) {
		return nil
	}
	return &PlanError{fmt.Sprintf("it expired on %s; make a new one from fresh evidence", p.Expires.Format(time.RFC3339))}
}

// checkTarget refuses a target that isn't the plan's.
func (r Run) checkTarget(plan *Plan) error {
	switch {
	case !strings.EqualFold(plan.Tenant.ID, r.Target.Tenant()):
		return &PlanError{fmt.Sprintf("it is of tenant %s, and %s is signed in to", plan.Tenant.ID, r.Target.Tenant())}
	case plan.Remediator != "" && !strings.EqualFold(plan.Remediator, r.Target.App()):
		return &PlanError{fmt.Sprintf("the application %s is to apply it, and %s is signed in", plan.Remediator, r.Target.App())}
	}
	return nil
}

// rebuilt builds the plan again from what it rests on. A change or a step that doesn't come out
// is not the program's but somebody else's. A plan may hold fewer: whoever takes one out, may.
func rebuilt(plan *Plan, sources Sources) error {
	switch {
	case plan.Digests.Result != sources.Digest:
		return &PlanError{fmt.Sprintf("it rests on the result %.12s, and the one at hand is %.12s", plan.Digests.Result, sources.Digest)}
	case plan.Digests.Evidence != sources.Bundle.Manifest.Digest():
		return &PlanError{fmt.Sprintf("it rests on the evidence %.12s, and the bundle at hand is %.12s", plan.Digests.Evidence, sources.Bundle.Manifest.Digest())}
	}
	again, err := Build(sources, Heading{Created: plan.Created, Expires: plan.Expires, Remediator: plan.Remediator, MaxChanges: plan.MaxChanges})
	if err != nil {
		return err
	}
	if plan.Tenant != again.Tenant {
		return &PlanError{fmt.Sprintf("it is of tenant %s (%s), and its result of %s (%s)", plan.Tenant.ID, plan.Tenant.Name, again.Tenant.ID, again.Tenant.Name)}
	}
	changes, steps := map[string]Change{}, map[string]Step{}
	for _, change := range again.Changes {
		changes[change.ID] = change
	}
	for _, step := range again.Steps {
		steps[step.Fingerprint] = step
	}
	for _, change := range plan.Changes {
		if !reflect.DeepEqual(change, changes[change.ID]) {
			return &PlanError{fmt.Sprintf("its change %s is not what the evidence and this program's actions give", change.ID)}
		}
	}
	for _, step := range plan.Steps {
		if !reflect.DeepEqual(step, steps[step.Fingerprint]) {
			return &PlanError{fmt.Sprintf("its step for %s is not what the evidence and the rules give", step.Rule)}
		}
	}
	return nil
}

// engine carries changes out one after the other.
type engine struct {
	Run
	protected protected
	journal   *journal
	undo      bool
	// done are the changes that are as they were meant to be.
	done []Change
}

// each settles the changes in their order.
func (e *engine) each(ctx context.Context, changes []Change) ([]Settled, error) {
	var settled []Settled
	for _, change := range changes {
		record, err := e.settle(ctx, change)
		if err != nil {
			return settled, fmt.Errorf("change %s (%s): %w", change.ID, change.Title, err)
		}
		ended := Settled{Change: change, Outcome: record.Outcome, Message: record.Message}
		if settled = append(settled, ended); ended.Done() {
			e.done = append(e.done, change)
		}
	}
	return settled, nil
}

// settle brings one change to its end, and notes it.
func (e *engine) settle(ctx context.Context, change Change) (Record, error) {
	last, noted := e.journal.last(change.ID)
	if noted && last.Undo == e.undo && last.Phase == Ended && (last.Outcome == Applied || last.Outcome == InPlace) {
		return last, nil
	}
	request, from, to := &change.Request, change.Before, change.After
	if e.undo {
		request, from, to = change.Undo, change.After, change.Before
	}
	if request == nil {
		return Record{Outcome: Irreversible, Message: "it can't be undone"}, nil
	}
	pending := noted && last.Phase == Intent && last.Undo == e.undo
	record, err := e.examine(ctx, change, pending, from, to)
	if err != nil {
		return record, err
	}
	if record.Outcome != Ready || e.DryRun {
		return e.end(change, record)
	}
	if !e.undo { // an answer may have been waited for
		if err := e.journal.head.Plan.checkTime(e.Now()); err != nil {
			return Record{}, err
		}
	}
	if err := e.journal.note(e.record(change, Record{Phase: Intent})); err != nil {
		return Record{}, err
	}
	if record, err = e.write(ctx, change, *request, to); err != nil {
		return record, err
	}
	return e.end(change, record)
}

// end notes how a change ended; a dry run notes nothing.
func (e *engine) end(change Change, record Record) (Record, error) {
	record.Phase = Ended
	record = e.record(change, record)
	if e.DryRun {
		return record, nil
	}
	return record, e.journal.note(record)
}

// record completes a record of a change.
func (e *engine) record(change Change, record Record) Record {
	record.Time, record.Change, record.Undo = e.Now().UTC(), change.ID, e.undo
	record.App, record.Account = e.Target.App(), e.Account
	return record
}

// examine makes every check before a change, and says that it is Ready or how it ends. A
// change that is pending was begun by a run that was interrupted: it was confirmed then, and
// the state tells whether the request was carried out.
func (e *engine) examine(ctx context.Context, change Change, pending bool, from, to json.RawMessage) (Record, error) {
	if !pending && !e.DryRun {
		agreed, err := e.Confirm(change)
		if err != nil {
			return Record{}, err
		}
		if !agreed {
			return Record{Outcome: Declined, Message: "it was not confirmed"}, nil
		}
	}
	if why, err := e.guard(ctx, change); why != "" || err != nil {
		return Record{Outcome: Guarded, Message: why}, err
	}
	now, err := state(ctx, e.Target, change)
	if err != nil {
		return refusedBy("reading the present state", err)
	}
	after, err := holds(now, to)
	if err != nil {
		return Record{}, err
	}
	before, err := holds(now, from)
	switch {
	case err != nil:
		return Record{}, err
	case after && pending:
		return Record{Outcome: Applied, Message: "the interrupted run had done it, as the present state shows"}, nil
	case after:
		return Record{Outcome: InPlace, Message: "it was so already"}, nil
	case !before:
		return Record{Outcome: Drifted, Message: "the present state is not the one that the plan was made for"}, nil
	}
	why, err := e.unmet(ctx, change)
	if why != "" || err != nil {
		return Record{Outcome: Guarded, Message: why}, err
	}
	return Record{Outcome: Ready}, nil
}

// guard asks the tenant about whom a change concerns and holds that against the guards. It
// returns why the change must not be made, empty where it may.
func (e *engine) guard(ctx context.Context, change Change) (why string, err error) {
	if change.Subject.Kind == "tenant" {
		return "", nil
	}
	if change.Subject.Kind == "service_principal" {
		data, err := e.Target.Get(ctx, principalPath(change.Subject.ID))
		if err == nil {
			_, err = e.protected.application(data)
		}
		if err != nil {
			return guarded(err)
		}
	}
	err = e.protected.account(change.Subject)
	if err == nil && !e.undo {
		err = lastAdministrator(change, e.Target.List(ctx, administrators(change)))
	}
	return guarded(err)
}

// guarded is why a guard forbids a change, be it that the tenant doesn't tell what the guard
// must know; any other error ends the run.
func guarded(err error) (why string, fatal error) {
	var forbids *guardError
	var refusal *RefusalError
	switch {
	case errors.As(err, &forbids):
		return forbids.why, nil
	case errors.As(err, &refusal):
		return "it can't be told whom this concerns: " + refusal.Error(), nil
	default:
		return "", err
	}
}

// refusedBy is the record of a refusal; any other error ends the run.
func refusedBy(what string, err error) (Record, error) {
	var refusal *RefusalError
	if !errors.As(err, &refusal) {
		return Record{}, err
	}
	return Record{Outcome: Refused, Status: refusal.Status, RequestID: refusal.RequestID, Message: what + ": " + refusal.Error()}, nil
}

// write sends the request of a change. Where the service refuses because the object isn't as
// it was, or nobody can tell whether the request was carried out, the state decides.
func (e *engine) write(ctx context.Context, change Change, request Request, to json.RawMessage) (Record, error) {
	response, err := e.Target.Write(ctx, request)
	if err == nil {
		return Record{Outcome: Applied, Status: response.Status, RequestID: response.RequestID}, nil
	}
	record, fatal := refusedBy("the request", err)
	var refusal *RefusalError
	if fatal != nil || !errors.As(err, &refusal) || (!refusal.Unclear && !refusal.overtaken()) {
		return record, fatal
	}
	pauses := once
	if refusal.Unclear {
		pauses = patience
	}
	after, err := e.shows(ctx, pauses, change.Read, to, change.Before, change.After)
	switch _, fatal := refusedBy("", err); {
	case err != nil && fatal != nil:
		return Record{}, err
	case err != nil && refusal.Unclear: // the intent stays open, and the next run looks again
		return Record{}, fmt.Errorf("it isn't known whether the request was carried out (%w), and the state can't be read: %w", refusal, err)
	case after && refusal.Unclear:
		record.Outcome = Applied
	case after:
		record.Outcome = InPlace
	}
	return record, nil
}
