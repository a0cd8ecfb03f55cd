package fleet

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/pseudonym"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/policies"
)

// judged is evidence of a tenant that is to be judged.
type judged struct {
	tenant *config.Tenant
	// began is when it was begun to be read, and dir the folder that it is in.
	began time.Time
	dir   string
	// fingerprint is that of the key whose pseudonyms it has; empty for none. pseudonyms is that
	// key, nil where it isn't at hand.
	fingerprint string
	pseudonyms  *pseudonym.Key
}

// judging says how evidence is judged. previous is the path of the earlier result that it is
// compared with; empty for none.
type judging struct {
	scan.Judgement
	previous string
}

// judging compares evidence with the newest result in the history that it can be compared with: of
// the same profile and pseudonyms and, where the configuration requires signatures, signed. The
// remediations since are noted. What is left out is logged.
func (f *Fleet) judging(ctx context.Context, setup *setup, of judged, log *slog.Logger) (judging, error) {
	profile, _ := setup.config.Settings(of.tenant)
	before := scan.Before{
		Tenant: of.tenant.ID, Time: of.began, Pseudonyms: of.fingerprint, Profile: cmp.Or(profile, policies.CurrentProfile),
		Trust: setup.trust, Signed: setup.proof.Required,
		Unfit: func(err error) error {
			log.Warn("left out", "error", err)
			return nil
		},
	}
	path, earlier, err := scan.Earlier(ctx, f.history, before, of.dir)
	if err != nil {
		return judging{}, err
	}
	judgement, err := setup.judgement(of.tenant, of.pseudonyms, path)
	if err != nil {
		return judging{}, &finalError{err}
	}
	if failOn, err := findings.ParseFailOn(judgement.FailOn); err == nil && failOn.New && judgement.Previous == nil {
		judgement.FailOn = string(failOn.Severity) // all that a first scan finds is new
	}
	judgement.Remediations, err = before.Runs(ctx, f.history, earlier.Started)
	return judging{judgement, path}, err
}
