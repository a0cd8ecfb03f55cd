package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/policies"
	"github.com/domicile-audit/domicile/reports"
)

// judging are the flags of the commands that judge evidence.
type judging struct {
	selection policies.Selection
	trees     []string
	key       string
	formats   []string
	failOn    string
	allow     bool
	profile   string
	waivers   string
	previous  string
	proof     signatures
	record    string
}

func (j *judging) add(cmd *cobra.Command) {
	j.addSelection(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&j.formats, "format", []string{"text", "html", "sarif"}, "reports to write: "+strings.Join(formatNames(), ", "))
	flags.StringVar(&j.failOn, "fail-on", "high", "end with 3 for failures of this severity or worse: critical, high, medium, low, info or never; with ,new behind it only for those that --previous doesn't have")
	flags.BoolVar(&j.allow, "allow-incomplete", false, "end with 0 instead of 4 where something could not be judged")
	flags.StringVar(&j.waivers, "waivers", "", "file of waivers, instead of the configuration's")
	addHistory(cmd, &j.record, "record", "record the result in the history")
	flags.StringVar(&j.profile, "profile", "", "judge by this profile instead of the configuration's: "+strings.Join(policies.Profiles(), ", "))
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
	flags.StringSliceVar(&j.selection.Rules, "rule", nil, "only these rules, by id; GEO* stands for all of GEO")
	flags.StringSliceVar(&j.selection.Exclude, "exclude", nil, "all but these rules")
	flags.StringVar(&j.selection.Framework, "framework", "", "only rules that support this framework: cis, scuba, nist, iso27001, gdpr, nis2, dora")
	j.addTrees(cmd)
}

func (j *judging) addTrees(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&j.trees, "policy", nil, "folder or OPA bundle (.tar.gz) with further rules")
	cmd.Flags().StringVar(&j.key, "policy-key", "", "public key in PEM that must have signed the bundles of rules")
}

// rules reads the shipped rules with those that the flags and the configuration name, chooses
// from them as the flags say and compiles these. cfg may be nil.
func (j *judging) rules(ctx context.Context, cfg *config.Config) (*policies.Set, error) {
	trees, err := j.sources(cfg)
	if err != nil {
		return nil, usage(err)
	}
	set, err := policies.Read(trees...)
	if err != nil {
		return nil, usage(err)
	}
	j.selection.Framework = frameworkKey(j.selection.Framework)
	if known := frameworksOf(set); j.selection.Framework != "" && !slices.Contains(known, j.selection.Framework) {
		return nil, usage(fmt.Errorf("--framework %q is named by no rule; known are %s", j.selection.Framework, strings.Join(known, ", ")))
	}
	if set, err = set.Select(j.selection); err != nil {
		return nil, usage(err)
	}
	set, err = set.Compile(ctx)
	return set, usage(err)
}

// frameworkKey is the key of a framework by its name or its short one, in any letter case.
func frameworkKey(name string) string {
	short := map[string]string{"cis": "cis_m365", "nist": "nist_800_53", "iso27001": "iso_27001", "iso": "iso_27001"}
	name = strings.ToLower(name)
	return cmp.Or(short[name], name)
}

// frameworksOf lists the frameworks that rules name.
func frameworksOf(set *policies.Set) []string {
	named := map[string]bool{}
	for _, rule := range set.Rules() {
		for name := range rule.Frameworks {
			named[name] = true
		}
	}
	return sortedKeys(named)
}

// sources are the shipped rules, then the folders and bundles of further ones.
func (j *judging) sources(cfg *config.Config) ([]policies.Tree, error) {
	paths, key := j.trees, j.key
	if cfg != nil {
		paths = slices.Concat(paths, cfg.PolicyPaths())
		if key == "" {
			key = cfg.PolicyKeyPath()
		}
	}
	trees := []policies.Tree{policies.Builtin()}
	for _, path := range paths {
		tree, err := readTree(path, key)
		if err != nil {
			return nil, fmt.Errorf("rules of %s: %w", path, err)
		}
		trees = append(trees, tree)
	}
	return trees, nil
}

// readTree reads the rules of a folder, or of an OPA bundle (.tar.gz), which the key, if
// there is one, must have signed.
func readTree(path, key string) (policies.Tree, error) {
	if strings.HasSuffix(path, ".tar.gz") {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		var public []byte
		if key != "" {
			if public, err = os.ReadFile(key); err != nil {
				return nil, err
			}
		}
		return policies.ReadBundle(file, public)
	}
	if _, err := os.ReadDir(path); err != nil {
		return nil, fmt.Errorf("it is neither a folder that can be read nor a bundle (.tar.gz): %w", err)
	}
	return policies.ReadTree(os.DirFS(path))
}

// check holds the flags against what there is, before anything is read.
func (j *judging) check(known []reports.Format) ([]reports.Format, error) {
	if _, err := findings.ParseFailOn(j.failOn); err != nil {
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
	judgement := scan.Judgement{Set: set, Tool: a.tool(), FailOn: j.failOn, AllowIncomplete: j.allow, Config: findings.Config{Lines: map[string]int{}}}
	if cfg != nil {
		judgement.Profile, judgement.Params = cfg.Settings(tenant)
		judgement.Config = findings.Config{URI: relative(cfg.File), Lines: cfg.Lines}
		if err := checkParams(set, cfg, judgement.Params); err != nil {
			return judgement, err
		}
	}
	if j.profile != "" {
		judgement.Profile = j.profile
	}
	if judgement.Profile != "" && !slices.Contains(policies.Profiles(), judgement.Profile) {
		return judgement, usage(fmt.Errorf("profile %q is unknown; known are %s", judgement.Profile, strings.Join(policies.Profiles(), ", ")))
	}
	trust, err := j.proof.trust(cfg)
	if err != nil {
		return judgement, err
	}
	if judgement.Key, err = a.signingKey(&j.proof, cfg, trust); err != nil {
		return judgement, err
	}
	if judgement.Waivers, err = j.readWaivers(set, cfg, tenant); err != nil {
		return judgement, usage(err)
	}
	if path := j.earlier(tenant); path != "" {
		if judgement.Previous, judgement.PreviousDigest, err = scan.ReadResult(path, trust); err != nil {
			return judgement, bundleError(fmt.Errorf("--previous: %w", err))
		}
	}
	return judgement, nil
}

// readWaivers reads the file that the flag names, or else the tenant's, or else the general
// one; nil without any. cfg and tenant may be nil.
func (j *judging) readWaivers(set *policies.Set, cfg *config.Config, tenant *config.Tenant) ([]findings.Waiver, error) {
	path, params := j.waivers, map[string]any(nil)
	if cfg != nil {
		path = cmp.Or(path, cfg.WaiversPath(tenant))
		_, params = cfg.Settings(tenant)
	}
	days, err := set.WaiverDays(params)
	if err != nil || path == "" {
		return nil, err
	}
	return config.ReadWaivers(path, days)
}

// earlier is the path of the result to compare with: the flag's, or, where new violations
// alone count, the tenant's. tenant may be nil.
func (j *judging) earlier(tenant *config.Tenant) string {
	failOn, err := findings.ParseFailOn(j.failOn)
	if j.previous == "" && err == nil && failOn.New && tenant != nil {
		return tenant.Path(tenant.Previous)
	}
	return j.previous
}

// checkParams holds parameters against the rules and names the line of a mistake.
func checkParams(set *policies.Set, cfg *config.Config, params map[string]any) error {
	err := set.CheckParams(params)
	if err == nil {
		return nil
	}
	var unknown *policies.UnknownParamError
	if errors.As(err, &unknown) && cfg.Lines[unknown.Name] > 0 {
		err = fmt.Errorf("line %d: %w", cfg.Lines[unknown.Name], err)
	}
	return usage(fmt.Errorf("reading configuration %s: %w", cfg.File, err))
}

// relative is a path as reports name it: relative to the working folder, or its last
// part where it lies outside.
func relative(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return filepath.Base(path)
	}
	working, err := filepath.Abs(".")
	if err != nil {
		return filepath.Base(path)
	}
	inside, err := filepath.Rel(working, absolute)
	if err != nil || strings.HasPrefix(inside, "..") {
		return filepath.Base(path)
	}
	return filepath.ToSlash(inside)
}

// judge evaluates a bundle, writes result and reports, shows the summary, and returns
// the result. A report that can't be written costs none of the others.
func (a *app) judge(ctx context.Context, judgement scan.Judgement, bundle *evidence.Bundle, dir string, formats []reports.Format) (*findings.Result, error) {
	defer pace(judgeHeap)()
	result, err := verdict(ctx, judgement, bundle)
	if err != nil {
		return nil, err
	}
	paths, err := scan.WriteReports(dir, result, formats, judgement.Key)
	if errors.Is(err, scan.ErrIsBundle) {
		return nil, usage(err)
	}
	if len(paths) == 0 {
		return nil, err
	}
	if !a.quiet {
		if err := reports.Summary(a.Stdout, result, a.textOptions()); err != nil {
			return nil, err
		}
	}
	var names []string
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	a.say("Reports in %s: %s", dir, strings.Join(names, ", "))
	a.say("All of it here: domicile report %s", filepath.Join(dir, scan.ResultFile))
	return result, err
}

// verdict evaluates a bundle.
func verdict(ctx context.Context, judgement scan.Judgement, bundle *evidence.Bundle) (*findings.Result, error) {
	verdicts, err := judgement.Set.Evaluate(ctx, bundle, policies.Options{Profile: judgement.Profile, Params: judgement.Params})
	if err != nil {
		return nil, err
	}
	return judgement.Result(verdicts, bundle), nil
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
