package remediation

import (
	"context"
	"time"
)

// unmet says what of the conditions of a change isn't met, empty where all are. Where another
// change of the run brings a condition about, the tenant is given time to show it, and a dry
// run takes it for met.
func (e *engine) unmet(ctx context.Context, change Change) (why string, err error) {
	conditions := change.Needs
	if e.undo {
		conditions = change.UndoNeeds
	}
	for _, condition := range conditions {
		made, err := e.made(condition)
		if err != nil {
			return "", err
		}
		if made && e.DryRun {
			continue
		}
		if why, err := e.wait(ctx, condition, made); why != "" || err != nil {
			return why, err
		}
	}
	return "", nil
}

// made says whether a change of the run brings a condition about.
func (e *engine) made(condition Condition) (bool, error) {
	for _, change := range e.done {
		to := change.After
		if e.undo {
			to = change.Before
		}
		made, err := holds(to, condition.State)
		if err != nil || made && change.Read.Path == condition.Read.Path {
			return made, err
		}
	}
	return false, nil
}

// wait reads the state of a condition, for a while where it was made a moment ago.
func (e *engine) wait(ctx context.Context, condition Condition, made bool) (why string, err error) {
	pauses := patience
	if !made {
		pauses = []time.Duration{0}
	}
	for _, pause := range pauses {
		if pause > 0 {
			if err := e.Sleep(ctx, pause); err != nil {
				return "", err
			}
		}
		now, err := present(ctx, e.Target, condition.Read, condition.State)
		if err != nil {
			record, fatal := refusedBy("reading what it needs", err)
			return record.Message, fatal
		}
		if met, err := holds(now, condition.State); met || err != nil {
			return "", err
		}
	}
	return condition.Else, nil
}
