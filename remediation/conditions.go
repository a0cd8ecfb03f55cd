package remediation

import "context"

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
		pauses := once
		if made {
			pauses = patience
		}
		met, err := e.shows(ctx, pauses, condition.Read, condition.State, condition.State)
		if err != nil {
			record, fatal := refusedBy("reading what it needs", err)
			return record.Message, fatal
		}
		if !met {
			return condition.Else, nil
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
