package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/policies"
	"github.com/domicile-audit/domicile/reports"
)

func newScan(a *app) *cobra.Command {
	var from targeting
	var judging judging
	var out string
	cmd := &cobra.Command{
		Use:   "scan",
		Short: "Collect a tenant, judge it and write reports",
		Long: `scan reads a tenant into DIR/evidence, judges it, and writes DIR/result.json and one
report per format. Without --tenant it scans every tenant of the configuration, each
into a folder of its own. It only reads. With --resume it goes on with a collection that
was interrupted, and with --since it reads of one tenant only what has changed since an
earlier bundle, as collect does. With --pseudonymise nothing that is written tells who
anybody is, save to who has the key.`,
		Example: `  domicile scan --demo --out out
  domicile scan --tenant contoso --out out --since out/evidence --resume
  domicile scan --tenant contoso --format html,sarif --fail-on critical`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			from.proof = judging.proof
			if !isDir(from.previous) && !evidence.IsPacked(from.previous) {
				judging.Previous = from.previous // a bundle has no verdicts to compare with
			}
			return a.scan(cmd.Context(), from, judging, out)
		},
	}
	from.add(cmd)
	from.addBundle(cmd)
	judging.add(cmd)
	judging.proof.addKey(cmd)
	judging.proof.addTrust(cmd)
	cmd.Flags().StringVar(&out, "out", "out", "folder to write into")
	return cmd
}

func (a *app) scan(ctx context.Context, from targeting, judging judging, out string) (err error) {
	formats, err := judging.check(a.formats(ctx))
	if err != nil {
		return err
	}
	target, err := a.open(ctx, from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.close()) }()
	set, err := judging.rules(ctx, target.config)
	if err != nil {
		return err
	}
	to, err := a.openRecorder(ctx, judging.record)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	if len(target.tenants) == 0 {
		return a.scanTenant(ctx, tenantScan{from, judging, target, nil, set, formats, out, to})
	}
	if from.since != "" && len(target.tenants) > 1 {
		return usage(errors.New("--since names one tenant's evidence; choose the tenant with --tenant"))
	}
	worst := error(nil)
	for _, tenant := range target.tenants {
		dir := out
		if len(target.tenants) > 1 || target.refused != nil {
			dir = filepath.Join(out, tenant.Name)
			a.say("scanning tenant %s", tenant.Name)
		}
		err := a.scanTenant(ctx, tenantScan{from, judging, target, tenant, set, formats, dir, to})
		if ctx.Err() != nil {
			return err
		}
		worst = a.goOn(ctx, worst, err, target, tenant)
	}
	return worse(ctx, worst, target.refused)
}

// goOn adds the error of one of several tenants to the worst so far. It is told at once, so
// that the others go on.
func (a *app) goOn(ctx context.Context, worst, err error, target *target, tenant *config.Tenant) error {
	if err != nil && len(target.tenants) > 1 && !silent(err) {
		fmt.Fprintf(a.Stderr, "domicile: tenant %s: %s\n", tenant.Name, visible(err))
		err = &exitError{code: exitCode(ctx, err)}
	}
	return worse(ctx, worst, err)
}

func silent(err error) bool {
	var known *exitError
	return errors.As(err, &known) && known.err == nil
}

// worse is the error whose exit code has precedence.
func worse(ctx context.Context, a, b error) error {
	for _, code := range []int{exitUsage, exitAuth, exitInternal, exitViolations, exitIncomplete} {
		for _, err := range []error{a, b} {
			if err != nil && exitCode(ctx, err) == code {
				return err
			}
		}
	}
	return nil
}

// tenantScan is the scan of one tenant of a target.
type tenantScan struct {
	from    targeting
	judging judging
	target  *target
	tenant  *config.Tenant
	set     *policies.Set
	formats []reports.Format
	dir     string
	to      *recorder
}

func (a *app) scanTenant(ctx context.Context, s tenantScan) error {
	pseudonyms, err := s.from.pseudonymising.asked(s.target.config, s.tenant, a.Getenv)
	if err != nil {
		return err
	}
	s.judging.Pseudonyms = pseudonyms
	if err := a.takePrevious(ctx, &s); err != nil {
		return err
	}
	judgement, err := a.judgement(&s.judging, s.set, s.target.config, s.tenant)
	if err != nil {
		return err
	}
	run := a.run(judgement, s.dir, s.formats, s.to)
	if run.Collection, err = a.collection(s.from, s.target, s.tenant, s.set.Kinds()); err != nil {
		return err
	}
	result, err := run.Scan(ctx)
	if err != nil {
		return runError(err)
	}
	return ended(result)
}

// takePrevious takes the earlier result from the history, where --previous says so.
func (a *app) takePrevious(ctx context.Context, s *tenantScan) (err error) {
	if s.from.previous != historyPrevious {
		return nil
	}
	if s.tenant == nil {
		return usage(fmt.Errorf("--previous %s needs a tenant of a configuration; name a result.json", historyPrevious))
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return usage(fmt.Errorf("creating folder %s: %w", s.dir, err))
	}
	of := scan.Before{Tenant: s.tenant.ID, Time: s.target.now(), Pseudonyms: fingerprintOf(s.judging.Pseudonyms)}
	err = s.judging.takePrevious(ctx, a, s.to, previousOf{of, s.dir, s.target.config})
	s.from.previous = s.judging.Previous
	return err
}

// collectError sorts the errors of a collection: what isn't a failed sign-in, a failing
// disk or an interruption is a file or setting for the user to mend.
func collectError(err error) error {
	var auth *collectors.AuthError
	var path *os.PathError
	if errors.As(err, &auth) || errors.Is(err, context.Canceled) || errors.As(err, &path) && !os.IsNotExist(path) {
		return err
	}
	return usage(err)
}
