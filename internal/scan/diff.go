package scan

import (
	"context"
	"errors"
	"fmt"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/policies"
)

// Compared is a result to compare with another, its digest, and the bundle that it rests on.
type Compared struct {
	Result *findings.Result
	Digest string
	// Bundle verifies the bundle, of which done removes what was unpacked; nil where none is at
	// hand.
	Bundle func() (bundle *evidence.Bundle, done func() error, err error)
}

// Differ says what changed from one result of a tenant to a later one, and why. Where both
// the evidence and the policy differ it judges crosswise, as far as the bundles and the
// rules are at hand, and the Difference says why not. set holds the rules that are.
func Differ(ctx context.Context, set *policies.Set, before, after Compared) (*findings.Difference, error) {
	var crosswise findings.Crosswise
	notes := []string{}
	if inputs := findings.CompareInputs(before.Result, after.Result); inputs.Policy() && (inputs.Evidence || inputs.Time) {
		for _, way := range []struct {
			result             **findings.Result
			what, by           string
			evidence, policies Compared
		}{
			{&crosswise.Forward, "earlier", "later", before, after},
			{&crosswise.Backward, "later", "earlier", after, before},
		} {
			result, err := judgeCrosswise(ctx, set, way.evidence, way.policies.Result)
			var cant *cantJudgeError
			switch {
			case errors.As(err, &cant):
				notes = append(notes, fmt.Sprintf("The %s evidence was not judged by the %s rules: %v.", way.what, way.by, err))
			case err != nil:
				return nil, fmt.Errorf("judging the %s evidence by the %s rules: %w", way.what, way.by, err)
			}
			*way.result = result
		}
	}
	difference, err := findings.Differ(before.Result, after.Result, before.Digest, after.Digest, crosswise)
	if err != nil {
		return nil, err
	}
	difference.Notes = notes
	return difference, nil
}

// cantJudgeError says what is not at hand to judge crosswise.
type cantJudgeError struct{ why string }

func (e *cantJudgeError) Error() string { return e.why }

// judgeCrosswise judges the evidence of one result by the rules, parameters and profile of
// another.
func judgeCrosswise(ctx context.Context, set *policies.Set, of Compared, by *findings.Result) (*findings.Result, error) {
	if of.Bundle == nil {
		return nil, &cantJudgeError{"that evidence is not at hand"}
	}
	if by.Digests.Policies != set.Digest() {
		return nil, &cantJudgeError{"those rules are not at hand; this program has others, or lacks rules of your own"}
	}
	bundle, done, err := of.Bundle()
	if err != nil {
		return nil, &cantJudgeError{err.Error()}
	}
	defer done() //nolint:errcheck // a temporary folder, which the system clears
	if bundle.Manifest.Digest() != of.Result.Digests.Evidence || !bundle.Manifest.Started.Equal(of.Result.Started) {
		return nil, &cantJudgeError{"the evidence at hand is not what the result rests on"}
	}
	var chosen policies.Selection
	for _, rule := range by.Rules {
		chosen.Rules = append(chosen.Rules, rule.ID)
	}
	if set, err = set.Select(chosen); err != nil {
		return nil, err
	}
	if set, err = set.Compile(ctx); err != nil {
		return nil, err
	}
	verdicts, err := set.Evaluate(ctx, bundle, policies.Options{Profile: by.Profile, Params: by.Params})
	if err != nil {
		return nil, err
	}
	return &findings.Result{Tenant: of.Result.Tenant, Rules: verdicts.Rules, Findings: verdicts.Findings}, nil
}
