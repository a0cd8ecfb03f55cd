package main

import (
	"errors"
	"os"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/signing"
	"github.com/domicile-audit/domicile/internal/web"
	"github.com/domicile-audit/domicile/remediation"
)

// planApprover approves plans for the people who sign in to the dashboard. It signs with the
// configuration's signing key, whose public half stands under remediation.approvers without a
// name: the server says who it was.
type planApprover struct {
	app *app
	cfg *config.Config
	key *signing.Key // nil where nothing is signed
}

func (a *app) planApprover(cfg *config.Config) (planApprover, error) {
	var proof signatures
	trust, err := proof.trust(cfg)
	if err != nil {
		return planApprover{}, err
	}
	key, err := proof.SigningKey(cfg, trust, a.Getenv)
	return planApprover{a, cfg, key}, usage(err)
}

// Refuses says why no plan can be approved.
func (p planApprover) Refuses() error {
	switch {
	case p.cfg.Serve.SignIn == nil:
		return errors.New("nobody signs in, so that it isn't known who approves; set serve.sign_in")
	case p.key == nil:
		return errors.New("there is no key to sign an approval with; set signing_key")
	}
	return nil
}

// Approve signs the approval of a plan.
func (p planApprover) Approve(path string, text []byte, approval web.Approval) error {
	if err := p.Refuses(); err != nil {
		return err
	}
	approvals, err := p.approvals(text)
	if err != nil {
		return err
	}
	_, err = approvals.Approve(path, text, scan.Approving{Tool: p.app.tool(), By: approval.By, Reason: approval.Reason, Time: approval.At}, p.key)
	return err
}

// Approval reads the approval that lies beside a plan.
func (p planApprover) Approval(path string, text []byte) (*web.Approval, error) {
	if _, err := os.Lstat(scan.ApprovalOf(path)); errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none
	}
	approvals, err := p.approvals(text)
	if err != nil {
		return nil, err
	}
	approved, err := approvals.Approved(path, text)
	if err != nil {
		return nil, err
	}
	return &web.Approval{By: approved.By, At: approved.Time, Reason: approved.Reason}, nil
}

// approvals says whose approvals of a plan count.
func (p planApprover) approvals(text []byte) (scan.Approvals, error) {
	plan, err := remediation.Decode(text)
	if err != nil {
		return scan.Approvals{}, err
	}
	tenant, err := p.cfg.Tenant(plan.Tenant.ID)
	if err != nil {
		return scan.Approvals{}, err
	}
	return approvals(p.cfg, tenant)
}
