package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/reports"
)

// approving are the flags of remediate approve.
type approving struct {
	planning
	reason string
	yes    bool
}

func newRemediateApprove(a *app) *cobra.Command {
	var how approving
	cmd := &cobra.Command{
		Use:   "approve PLAN",
		Short: "Approve a plan that somebody else made",
		Long: `approve shows a plan.json, asks whether it is to be carried out, and signs the answer with the
key of whoever approves: plan.approval.dsse.json beside it. The public half of the key must
stand under remediation.approvers of the configuration with the name of its owner, who must
not be the plan's author. Who that is tells the author's signature, so that an unsigned plan
can't be approved.

The approval is of these bytes and this tenant, and ends with the plan. A plan that has
expired, or isn't what its result and evidence give, is refused. Approving connects to
nothing and changes nothing.`,
		Example: `  domicile remediate approve out/plan.json --key keys/bob.pem --reason "Agreed"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) (err error) {
			if how.result, err = resultOf(args[0], how.result); err != nil {
				return err
			}
			return a.approve(how, args[0])
		},
	}
	how.add(cmd)
	how.addEvidence(cmd)
	cmd.Flags().StringVar(&how.proof.Key, "key", "", "private key of whoever approves, a PEM file or env:NAME for a variable of the environment")
	cmd.Flags().StringVar(&how.reason, "reason", "", "why the plan may be carried out")
	cmd.Flags().StringVar(&how.result, "result", "", "result that the plan is for (default "+scan.ResultFile+" beside the plan)")
	cmd.Flags().BoolVar(&how.yes, "yes", false, "approve without asking")
	return cmd
}

func (a *app) approve(how approving, path string) (err error) {
	switch {
	case how.proof.Key == "":
		return usage(errors.New("nobody approves without a key; name yours with --key"))
	case strings.TrimSpace(how.reason) == "":
		return usage(errors.New("say with --reason why the plan may be carried out"))
	}
	text, plan, err := readPlan(path)
	if err != nil {
		return usage(err)
	}
	cfg, tenant, err := how.tenant(plan.Tenant.ID)
	if err != nil {
		return err
	}
	key, err := config.ReadKey(how.proof.Key, a.Getenv)
	if err != nil {
		return usage(err)
	}
	approvals, err := approvals(cfg, tenant)
	if err != nil {
		return err
	}
	sources, done, err := how.sources(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if err := plan.Check(sources, cfg.MaxChanges(tenant), a.Now()); err != nil {
		return err
	}
	if !a.quiet || !how.yes {
		writePlan(a.Stdout, plan)
		fmt.Fprintf(a.Stdout, "\n%s has the sha256 %x\n", path, sha256.Sum256(text))
	}
	if !how.yes {
		agreed, err := a.ask(a.answers(), fmt.Sprintf("Approve %s?", count(len(plan.Changes), "change")))
		if err != nil {
			return err
		}
		if !agreed {
			return &exitError{exitViolations, errors.New("the plan is not approved: the answer was no")}
		}
	}
	approval, err := approvals.Approve(path, text, scan.Approving{Tool: a.tool(), Reason: how.reason, Time: a.Now().UTC().Truncate(time.Second)}, key)
	if err != nil {
		return &exitError{exitViolations, fmt.Errorf("the plan is not approved: %w", err)}
	}
	a.say("wrote %s: %s approves %s until %s", scan.ApprovalOf(path), reports.Visible(approval.By), count(len(plan.Changes), "change"), plan.Expires.Format(time.RFC3339))
	return nil
}
