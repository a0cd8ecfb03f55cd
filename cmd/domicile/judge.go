package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/policies"
	"github.com/domicile-audit/domicile/reports"
)

// judging are the flags of the commands that judge evidence.
type judging struct {
	scan.Settings
	formats []string
	proof   signatures
	record  string
	// remediations are records of runs; recorded are those that the history has of them.
	remediations []string
	recorded     []*scan.Recorded
}

func (j *judging) add(cmd *cobra.Command) {
	j.addSelection(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&j.formats, "format", []string{"text", "html", "sarif"}, "reports to write: "+strings.Join(formatNames(), ", "))
	flags.StringVar(&j.FailOn, "fail-on", "high", "end with 3 for failures of this severity or worse: critical, high, medium, low, info or never; with ,new behind it only for those that --previous doesn't have")
	flags.BoolVar(&j.AllowIncomplete, "allow-incomplete", false, "end with 0 instead of 4 where something could not be judged")
	flags.StringVar(&j.Waivers, "waivers", "", "file of waivers, instead of the configuration's")
	flags.StringArrayVar(&j.remediations, "remediation", nil, "record of a remediation since the earlier result (plan.record.json, plan.rollback.json), repeatable; the reports show what it changed")
	addHistory(cmd, &j.record, "record", "record the result in the history")
	flags.StringVar(&j.Profile, "profile", "", "judge by this profile instead of the configuration's: "+strings.Join(policies.Profiles(), ", "))
	offer(cmd, "format", formatNames()...)
	offer(cmd, "fail-on", severityNames()...)
	offer(cmd, "profile", policies.Profiles()...)
}

// severityNames are the words that --fail-on takes.
func severityNames() []string {
	var names []string
	for _, severity := range findings.Severities() {
		names = append(names, string(severity), string(severity)+","+findings.NewOnly)
	}
	return append(names, findings.Never)
}

func (j *judging) addSelection(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&j.Selection.Rules, "rule", nil, "only these rules, by id; GEO* stands for all of GEO")
	flags.StringSliceVar(&j.Selection.Exclude, "exclude", nil, "all but these rules")
	flags.StringVar(&j.Selection.Framework, "framework", "", "only rules that support this framework: cis, scuba, nist, iso27001, gdpr, nis2, dora")
	j.addTrees(cmd)
}

func (j *judging) addTrees(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&j.Policies, "policy", nil, "folder or OPA bundle (.tar.gz) with further rules")
	cmd.Flags().StringVar(&j.PolicyKey, "policy-key", "", "public key in PEM that must have signed the bundles of rules")
}

// rules reads, chooses and compiles the rules. cfg may be nil.
func (j *judging) rules(ctx context.Context, cfg *config.Config) (*policies.Set, error) {
	set, err := j.Rules(ctx, cfg)
	return set, usage(err)
}

// check holds the flags against what there is, before anything is read.
func (j *judging) check(known []reports.Format) ([]reports.Format, error) {
	if _, err := findings.ParseFailOn(j.FailOn); err != nil {
		return nil, usage(err)
	}
	var formats []reports.Format
	for _, name := range j.formats {
		format, err := reports.FormatByName(known, name)
		if err != nil {
			return nil, usage(err)
		}
		formats = append(formats, format)
	}
	return formats, nil
}

// judgement joins the flags, the configuration and a tenant's settings. cfg and tenant
// may be nil.
func (a *app) judgement(j *judging, set *policies.Set, cfg *config.Config, tenant *config.Tenant) (scan.Judgement, error) {
	trust, err := j.proof.trust(cfg)
	if err != nil {
		return scan.Judgement{}, err
	}
	key, err := j.proof.SigningKey(cfg, trust, a.Getenv)
	if err != nil {
		return scan.Judgement{}, usage(err)
	}
	j.Tool, j.Signed = a.tool(), j.proof.Required
	judgement, err := j.Judgement(set, cfg, tenant, trust)
	if err != nil {
		return judgement, bundleError(err)
	}
	judgement.Key, judgement.Remediations = key, slices.Clone(j.recorded)
	for _, path := range j.remediations {
		run, err := a.readRun(path, cfg, trust)
		if err == nil {
			err = j.proof.demand(path, run.Signers)
		}
		if err != nil {
			return judgement, bundleError(fmt.Errorf("--remediation: %w", err))
		}
		judgement.Remediations = append(judgement.Remediations, run)
	}
	return judgement, nil
}

// run is a scan into a folder, or the judging of a bundle there, that shows the summary.
func (a *app) run(judgement scan.Judgement, dir string, formats []reports.Format, to *recorder) scan.Run {
	run := scan.Run{
		Dir: dir, Judgement: judgement, Formats: formats,
		Judging: func() func() { return pace(judgeHeap) },
		Written: func(result *findings.Result, paths []string) error {
			if !a.quiet {
				if err := reports.Summary(a.Stdout, result, a.textOptions()); err != nil {
					return err
				}
			}
			var names []string
			for _, path := range paths {
				names = append(names, filepath.Base(path))
			}
			a.say("Reports in %s: %s", dir, strings.Join(names, ", "))
			a.say("All of it here: domicile report %s", paths[0])
			return nil
		},
	}
	if to != nil {
		run.Record = func(ctx context.Context, path string) error { return a.record(ctx, to, path, "") }
	}
	return run
}

// runError sorts the errors of a run.
func runError(err error) error {
	var collect *scan.CollectError
	if errors.As(err, &collect) {
		return collectError(err)
	}
	if errors.Is(err, scan.ErrIsBundle) {
		return usage(err)
	}
	return err
}

// ended turns a result's exit code into the command's end. What the user has to mend is
// said as an error too.
func ended(result *findings.Result) error {
	switch result.Exit.Code {
	case findings.ExitClean:
		return nil
	case findings.ExitUsage:
		return usage(errors.New(result.Exit.Reason))
	default:
		return &exitError{code: result.Exit.Code}
	}
}
