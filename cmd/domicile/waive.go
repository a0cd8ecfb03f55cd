package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/policies"
	"github.com/domicile-audit/domicile/reports"
)

// endingSoon is how many days before its end waive check names a waiver.
const endingSoon = 30

// waiving are the flags of waive.
type waiving struct {
	file, config          string
	resource, fingerprint string
	accept                string
	waiver                findings.Waiver
	proof                 signatures
}

func newWaive(a *app) *cobra.Command {
	var w waiving
	cmd := &cobra.Command{
		Use:   "waive RESULT",
		Short: "Accept a violation for a time, with a reason and an approver",
		Long: `waive adds a waiver for a finding of a result to a file of waivers, whose comments and
order stay; without the file it begins one. Scan and evaluate lay it over the next verdicts:
name the file in the configuration (waivers: waivers.yaml) or with --waivers. An expired
waiver covers nothing, and a waiver changes nothing but the outcome.

The finding is named by --fingerprint, or by --rule and --resource; a rule with one finding
needs no resource. With --accept unknown it is accepted that a rule could not be judged.`,
		Example: `  domicile waive out/result.json --rule GEO1009 \
    --resource user/8f2a0c11-0000-4000-8000-000000000007 --ticket RISK-42 \
    --reason "She moves in March." --owner ada@contoso.com \
    --approver bob@contoso.com --expires 2027-03-31
  domicile waive check waivers.yaml out/result.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return bundleError(a.waive(cmd, args[0], w))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&w.file, "file", config.WaiversName, "file of waivers to add to")
	flags.StringVar(&w.config, "config", "", "configuration whose waiver_max_days, trusted_keys and require_signature hold")
	flags.StringVar(&w.waiver.Rule, "rule", "", "the rule's id")
	flags.StringVar(&w.resource, "resource", "", "the finding's resource as KIND/ID; KIND/* for all of the kind, which is said to be over-broad")
	flags.StringVar(&w.fingerprint, "fingerprint", "", "the finding's fingerprint, instead of rule and resource")
	flags.StringVar(&w.accept, "accept", string(findings.Fail), "the outcome that is accepted: fail or unknown")
	flags.StringVar(&w.waiver.Reason, "reason", "", "why it is accepted")
	flags.StringVar(&w.waiver.Owner, "owner", "", "who answers for it")
	flags.StringVar(&w.waiver.Approver, "approver", "", "who approved it; not the owner")
	flags.StringVar(&w.waiver.Ticket, "ticket", "", "where the decision is kept")
	flags.StringVar(&w.waiver.Approved, "approved", "", "the day of the approval (default today)")
	flags.StringVar(&w.waiver.From, "from", "", "the first day on which it holds (default the day of the approval)")
	flags.StringVar(&w.waiver.Expires, "expires", "", "the last day on which it holds, such as 2027-03-31")
	offer(cmd, "accept", string(findings.Fail), string(findings.Unknown))
	w.proof.addTrust(cmd)
	cmd.AddCommand(newWaiveCheck(a), newSchema(a, "a file of waivers", config.WaiversSchema))
	return cmd
}

func (a *app) waive(cmd *cobra.Command, path string, w waiving) error {
	trust, err := w.proof.read(w.config)
	if err != nil {
		return err
	}
	result, _, err := w.proof.result(path, trust)
	if err != nil {
		return err
	}
	if err := w.choose(result); err != nil {
		return err
	}
	w.waiver.Approved = cmp.Or(w.waiver.Approved, a.Now().UTC().Format(time.DateOnly))
	cfg, err := waiverConfig(w.config)
	if err != nil {
		return err
	}
	_, days, err := waiverRules(cmd, cfg, result.Tenant.ID)
	if err != nil {
		return err
	}
	file, mode := w.file, fs.FileMode(0o600)
	if real, err := filepath.EvalSymlinks(file); err == nil {
		file = real
	}
	earlier, err := os.ReadFile(file)
	switch info, statErr := os.Stat(file); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil || statErr != nil:
		return errors.Join(err, statErr)
	default:
		mode = info.Mode().Perm()
	}
	text, err := config.AppendWaiver(earlier, w.file, w.waiver, days)
	if err != nil {
		return fmt.Errorf("writing waiver: %w", err)
	}
	if err := scan.WriteFile(file, func(out io.Writer) error { _, err := out.Write(text); return err }); err != nil {
		return err
	}
	if err := os.Chmod(file, mode); err != nil {
		return err
	}
	a.say("wrote waiver %s to %s; name the file in the configuration (waivers:) or with --waivers", w.waiver.Identify().ID, w.file)
	return nil
}

// choose completes the waiver with the rule and the resource of what it is for, which must
// be in the result.
func (w *waiving) choose(result *findings.Result) error {
	if w.fingerprint != "" {
		for _, finding := range result.Findings {
			if finding.Fingerprint == w.fingerprint {
				w.waiver.Rule, w.waiver.Resource = finding.Rule, findings.Selector{Kind: finding.Resource.Kind, ID: finding.Resource.ID}
				return nil
			}
		}
		return fmt.Errorf("no finding has the fingerprint %q", w.fingerprint)
	}
	at := slices.IndexFunc(result.Rules, func(r findings.Rule) bool { return r.ID == w.waiver.Rule })
	if at < 0 {
		return fmt.Errorf("the result has no rule %q; name one with --rule, or a finding with --fingerprint", w.waiver.Rule)
	}
	if w.accept == string(findings.Unknown) {
		if outcome := result.Rules[at].Outcome; outcome != findings.Unknown {
			return fmt.Errorf("%s is not unknown but %s", w.waiver.Rule, outcome)
		}
		w.waiver.Accept = findings.Unknown
		w.waiver.Resource = findings.Selector{Kind: "tenant", ID: result.Tenant.ID}
		if w.resource == "tenant/*" {
			w.waiver.Resource.ID = findings.AnyID
		} else if w.resource != "" && w.resource != "tenant/"+result.Tenant.ID {
			return errors.New("--accept unknown is about the rule as a whole; leave --resource out")
		}
		return nil
	}
	if w.accept != string(findings.Fail) {
		return fmt.Errorf("--accept %q is neither fail nor unknown", w.accept)
	}
	return w.chooseFinding(result)
}

// chooseFinding finds what a waiver for a failing rule is for.
func (w *waiving) chooseFinding(result *findings.Result) error {
	kind, id, named := strings.Cut(w.resource, "/")
	if w.resource != "" && !named {
		return fmt.Errorf("--resource %q is not KIND/ID", w.resource)
	}
	var found []findings.Selector
	for _, finding := range result.Findings {
		fits := finding.Resource.Kind == kind && (id == findings.AnyID || finding.Resource.ID == id)
		if finding.Rule == w.waiver.Rule && finding.Outcome == findings.Fail && (!named || fits) {
			found = append(found, findings.Selector{Kind: finding.Resource.Kind, ID: finding.Resource.ID})
		}
	}
	switch {
	case len(found) == 0 && named:
		return fmt.Errorf("%s does not fail for %s", w.waiver.Rule, w.resource)
	case len(found) == 0:
		return fmt.Errorf("%s has no finding that fails", w.waiver.Rule)
	case named:
		w.waiver.Resource = findings.Selector{Kind: kind, ID: id}
		return nil
	case len(found) == 1:
		w.waiver.Resource = found[0]
		return nil
	default:
		return fmt.Errorf("%s fails for %d resources; choose one with --resource KIND/ID, such as %s/%s", w.waiver.Rule, len(found), found[0].Kind, found[0].ID)
	}
}

// waiverConfig reads a configuration, which may be left out.
func waiverConfig(file string) (*config.Config, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // it is left out
	}
	return config.Read(file)
}

// waiverRules are the rules that waivers may be for, and the longest term of one for a tenant
// of a configuration, which may be nil.
func waiverRules(cmd *cobra.Command, cfg *config.Config, tenantID string) (*policies.Set, int, error) {
	var judging judging
	var params map[string]any
	if cfg != nil {
		tenant, _ := cfg.Tenant(tenantID) // one that isn't there has the general parameters
		_, params = cfg.Settings(tenant)
	}
	set, err := judging.rules(cmd.Context(), cfg)
	if err != nil {
		return nil, 0, err
	}
	days, err := set.WaiverDays(params)
	return set, days, err
}

func newWaiveCheck(a *app) *cobra.Command {
	var file string
	var proof signatures
	var pseudonyms pseudonymising
	cmd := &cobra.Command{
		Use:   "check FILE [RESULT]",
		Short: "Check a file of waivers, and what they are still good for",
		Long: `check reads a file of waivers as scan and evaluate do, and ends with 2 where they would. It
says which waivers have expired or end within 30 days, and ends with 3 where one has
expired. With a result it says what each covers, as of that result's time, and ends with 3
too where one is unused or covers several findings through *. Against a result with
pseudonyms it takes their key.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			result := &findings.Result{Started: a.Now()}
			if len(args) == 2 {
				trust, err := proof.read(file)
				if err != nil {
					return err
				}
				if result, _, err = proof.result(args[1], trust); err != nil {
					return err
				}
			}
			cfg, err := waiverConfig(file)
			if err != nil {
				return usage(err)
			}
			key, err := pseudonyms.of(pseudonymised{result.Tenant.ID, result.Pseudonyms}, cfg, true, a.Getenv)
			if err != nil {
				return err
			}
			set, days, err := waiverRules(cmd, cfg, result.Tenant.ID)
			if err != nil {
				return usage(err)
			}
			waivers, err := config.ReadWaivers(args[0], days)
			if err != nil {
				return usage(err)
			}
			for _, waiver := range waivers {
				if !slices.ContainsFunc(set.Rules(), func(r policies.Rule) bool { return r.ID == waiver.Rule }) {
					return usage(fmt.Errorf("%s: waiver %s is for rule %q, which doesn't exist; name the configuration of further rules with --config", args[0], waiver.ID, waiver.Rule))
				}
			}
			findings.Waive(result, scan.Waivers(waivers, result.Findings, key), result.Started)
			return a.showWaivers(args[0], result, len(args) == 2)
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "configuration with waiver_max_days, further rules, trusted_keys and require_signature")
	proof.addTrust(cmd)
	pseudonyms.addKey(cmd)
	return cmd
}

// showWaivers writes a line for each waiver, and ends with 3 where one is good for nothing or
// for too much. Without a result to hold them against, only terms are known.
func (a *app) showWaivers(file string, result *findings.Result, held bool) error {
	unsound := 0
	rows := [][]string{{"WAIVER", "RULE", "RESOURCE", "EXPIRES", "STATE"}}
	for _, w := range result.Waivers {
		state := strings.ReplaceAll(string(w.State), "_", " ")
		if !held && w.State.InForce() {
			state = "in force"
		}
		if w.Covers > 0 {
			state += fmt.Sprintf(", for %s", count(w.Covers, "finding"))
		}
		if left := w.DaysLeft(result.Started); w.State.InForce() && left <= endingSoon {
			state += fmt.Sprintf(", ends in %s", count(left, "day"))
		}
		if w.State == findings.Expired || held && (w.State == findings.Unused || w.State == findings.OverBroad) {
			unsound++
		}
		rows = append(rows, []string{w.ID, reports.Visible(w.Rule), reports.Visible(w.Resource.Kind + "/" + w.Resource.ID), w.Expires, state})
	}
	if len(result.Waivers) > 0 {
		columns(a.Stdout, rows)
	}
	_, err := fmt.Fprintf(a.Stdout, "%s is sound: %s, %d to be looked at\n", file, count(len(result.Waivers), "waiver"), unsound)
	if err == nil && unsound > 0 {
		return &exitError{code: exitViolations}
	}
	return err
}
