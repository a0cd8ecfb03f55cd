package remediation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// patience are the pauses after which the state is read again, as directories take a moment
// until every reader sees a write.
var (
	patience = []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}
	once     = []time.Duration{0}
)

// verify has the rules judged again on fresh evidence, and says of each change that was made
// whether its violations are gone.
func (e *engine) verify(ctx context.Context, settled []Settled) error {
	var rules []string
	for _, s := range settled {
		if s.Outcome != Applied {
			continue
		}
		if err := e.seen(ctx, s.Change); err != nil {
			return err
		}
		for _, mended := range s.Change.Mends {
			rules = append(rules, mended.Rule)
		}
	}
	if len(rules) == 0 || e.Judge == nil {
		return nil
	}
	slices.Sort(rules)
	result, err := e.Judge(ctx, slices.Compact(rules))
	if err != nil {
		return fmt.Errorf("verifying what was applied: %w", err)
	}
	for i := range settled {
		s := &settled[i]
		if s.Outcome != Applied {
			continue
		}
		var message string
		s.Verdict, message = verdict(result, s.Change)
		if message != "" {
			s.Message = message
		}
		record := e.record(s.Change, Record{Phase: Verification, Verdict: s.Verdict, Evidence: result.Digests.Evidence, Message: message})
		if err := e.journal.note(record); err != nil {
			return err
		}
	}
	return nil
}

// seen waits until the tenant shows a change, for a while. What it shows then is for the rules
// to judge.
func (e *engine) seen(ctx context.Context, change Change) error {
	_, err := e.shows(ctx, patience, change.Read, change.After, change.Before, change.After)
	if err != nil {
		_, err = refusedBy("", err)
	}
	return err
}

// shows says whether the tenant shows a state, which is asked once for each pause until it does.
// An error is that of the last time.
func (e *engine) shows(ctx context.Context, pauses []time.Duration, read Read, want json.RawMessage, likes ...json.RawMessage) (shown bool, err error) {
	for _, pause := range pauses {
		if pause > 0 {
			if err := e.Sleep(ctx, pause); err != nil {
				return false, err
			}
		}
		var now json.RawMessage
		var refusal *RefusalError
		if now, err = present(ctx, e.Target, read, likes...); err == nil {
			shown, err = holds(now, want)
		}
		if shown || err != nil && !errors.As(err, &refusal) {
			return shown, err
		}
	}
	return false, err
}

// verdict is what a result says of the violations that a change is for.
func verdict(result *findings.Result, change Change) (Verdict, string) {
	var unknown, remain []string
	for _, mended := range change.Mends {
		at := slices.IndexFunc(result.Rules, func(r findings.Rule) bool { return r.ID == mended.Rule })
		there := slices.ContainsFunc(result.Findings, func(f findings.Finding) bool { return f.Fingerprint == mended.Fingerprint })
		switch {
		case there:
			remain = append(remain, mended.Rule)
		case at < 0 || result.Rules[at].Outcome == findings.Unknown:
			unknown = append(unknown, mended.Rule)
		}
	}
	switch {
	case len(remain) > 0:
		return Remains, "still violated: " + strings.Join(remain, ", ")
	case len(unknown) > 0:
		return Unknown, "could not be judged: " + strings.Join(unknown, ", ")
	default:
		return Mends, ""
	}
}
