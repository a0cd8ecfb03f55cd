package findings

import (
	"errors"
	"fmt"
	"time"
)

// Run is a run of the program that made changes in the tenant, or took them back, as its
// journal tells.
type Run struct {
	// Kind is apply or rollback.
	Kind string `json:"kind"`
	// Plan is the lower-case hex sha256 of the plan's file, Author who made the plan.
	Plan   string `json:"plan"`
	Author string `json:"author"`
	// Approval is nil where nobody had to approve.
	Approval *Approval `json:"approval,omitempty"`
	// App is the application that was signed in, Account the account of the machine that ran
	// the program.
	App     string    `json:"app"`
	Account string    `json:"account"`
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended"`
	// Evidence is the digest of the fresh evidence by which the run was verified; empty where
	// it was not.
	Evidence string `json:"evidence,omitempty"`
	// Changes stand in the order in which the run took them.
	Changes []RunChange `json:"changes"`
}

// Approval is who approved a plan, by which key, when and why.
type Approval struct {
	By     string    `json:"by"`
	KeyID  string    `json:"keyid"`
	Time   time.Time `json:"time"`
	Reason string    `json:"reason"`
}

// RunChange is how one change of a plan ended.
type RunChange struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Resource Resource `json:"resource"`
	// Rules are those whose violations the change is for.
	Rules []string `json:"rules"`
	// Outcome is one of RunOutcomes, Verdict what the rules said afterwards, empty where they
	// were not asked.
	Outcome string `json:"outcome"`
	Verdict string `json:"verdict,omitempty"`
	Message string `json:"message,omitempty"`
}

// Done says whether the change is as it was meant to be: made, or found in place.
func (c RunChange) Done() bool { return c.Outcome == "applied" || c.Outcome == "in_place" }

// RunKinds lists what a run can be.
func RunKinds() []string { return []string{"apply", "rollback"} }

// RunOutcomes lists how a change can end.
func RunOutcomes() []string {
	return []string{"applied", "in_place", "drifted", "guarded", "refused", "declined", "irreversible", "pending", "not_reached"}
}

// RunVerdicts lists what the rules can say of a change that was made.
func RunVerdicts() []string { return []string{"mended", "remains", "unknown"} }

// Check holds a run to its closed lists.
func (r Run) Check() error {
	if err := known("kind", r.Kind, RunKinds()); err != nil {
		return err
	}
	if !isSHA256(r.Plan) || r.Evidence != "" && !isSHA256(r.Evidence) {
		return fmt.Errorf("the digest %q of its plan or %q of its evidence is not a lower-case hex sha256", r.Plan, r.Evidence)
	}
	if r.Ended.Before(r.Began) {
		return errors.New("it ended before it began")
	}
	for _, change := range r.Changes {
		if err := known("outcome", change.Outcome, RunOutcomes()); err != nil {
			return fmt.Errorf("change %s: %w", change.ID, err)
		}
		if err := known("verdict", change.Verdict, append(RunVerdicts(), "")); err != nil {
			return fmt.Errorf("change %s: %w", change.ID, err)
		}
	}
	return nil
}

// Remediated is a run that stands between this result and the one before it, or at any time
// before where there is none.
type Remediated struct {
	// Record is the lower-case hex sha256 of the run's record, Signature who signed that; nil
	// for nobody.
	Record    string     `json:"record"`
	Signature *Signature `json:"signature,omitempty"`
	Run
}

// maxRuns bounds the runs of a result that is read.
const maxRuns = 10_000

// checkRemediations holds the runs of a decoded result to what evaluating writes.
func checkRemediations(result *Result) error {
	if len(result.Remediations) > maxRuns {
		return fmt.Errorf("it lists %d remediations, more than %d", len(result.Remediations), maxRuns)
	}
	for i, run := range result.Remediations {
		if !isSHA256(run.Record) {
			return fmt.Errorf("remediation %d: the digest %q of its record is not a lower-case hex sha256", i, run.Record)
		}
		if err := run.Check(); err != nil {
			return fmt.Errorf("remediation %d: %w", i, err)
		}
	}
	return nil
}

func compareRuns(a, b Remediated) int { return a.Began.Compare(b.Began) }

func normalRun(run Remediated) Remediated {
	run.Began, run.Ended = run.Began.UTC(), run.Ended.UTC()
	run.Changes = list(run.Changes)
	for i := range run.Changes {
		run.Changes[i].Rules = list(run.Changes[i].Rules)
	}
	return run
}
