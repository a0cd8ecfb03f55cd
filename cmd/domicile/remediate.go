package main

import (
	"bufio"
	"cmp"
	"context"
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
	"github.com/domicile-audit/domicile/internal/signing"
	"github.com/domicile-audit/domicile/policies"
	"github.com/domicile-audit/domicile/remediation"
	"github.com/domicile-audit/domicile/reports"
)

// planFile is the name of a plan beside its result.
const planFile = "plan.json"

// validFor is how long a plan can be applied, unless it says otherwise.
const validFor = 72 * time.Hour

func newRemediate(a *app) *cobra.Command {
	return group("remediate", "Plan changes that mend violations, approve, make and undo them",
		newRemediatePlan(a), newRemediateApprove(a), newRemediateApply(a), newRemediateRollback(a), newSchema(a, "plan.json", remediation.Schema))
}

// planning are the flags that say what a plan rests on.
type planning struct {
	config, result, evidence string
	proof                    signatures
}

func (p *planning) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.config, "config", "", "configuration to read (default "+config.FileName+")")
}

// addEvidence adds the flags of the commands that read the evidence of a plan.
func (p *planning) addEvidence(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.evidence, "evidence", "", "bundle that the result judged (default "+scan.EvidenceFolder+" beside the result)")
	p.proof.addTrust(cmd)
}

// read reads the configuration; nil where none is named and there is none.
func (p *planning) read() (*config.Config, error) {
	if _, err := os.Stat(config.FileName); p.config == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // a plan can be made without a configuration
	}
	cfg, err := config.Read(cmp.Or(p.config, config.FileName))
	return cfg, usage(err)
}

// tenant reads the configuration and finds the tenant of an id in it.
func (p *planning) tenant(id string) (*config.Config, *config.Tenant, error) {
	cfg, err := config.Read(cmp.Or(p.config, config.FileName))
	if err != nil {
		return nil, nil, usage(err)
	}
	tenant, err := cfg.Tenant(id)
	return cfg, tenant, usage(err)
}

// sources reads the result and verifies the bundle that it judged, signatures included. cfg
// may be nil. done removes what was unpacked.
func (p *planning) sources(cfg *config.Config) (sources remediation.Sources, done func() error, err error) {
	trust, err := p.proof.trust(cfg)
	if err != nil {
		return sources, nil, err
	}
	result, digest, err := p.proof.result(p.result, trust)
	if err != nil {
		return sources, nil, err
	}
	bundle, done, err := p.proof.bundle(cmp.Or(p.evidence, filepath.Join(filepath.Dir(p.result), scan.EvidenceFolder)), trust)
	return remediation.Sources{Result: result, Digest: digest, Bundle: bundle}, done, err
}

func newRemediatePlan(a *app) *cobra.Command {
	var from planning
	var out, author string
	var valid time.Duration
	cmd := &cobra.Command{
		Use:   "plan RESULT",
		Short: "Plan what is to be done about the violations of a result",
		Long: `plan reads a result.json and the evidence that it judged, and writes plan.json, and plan.html
for people: the changes that domicile can make, each with the request as it will be sent, the
state before and after, why, for whom and how it is undone, and for every other violation the
steps for a person. It connects to nothing. Nothing in a plan turns the service off or deletes its data.

No change is planned for the applications that run domicile or for Microsoft's own, and no
more than remediation.max_changes of the configuration in one plan.`,
		Example: `  domicile remediate plan out/result.json
  domicile remediate plan out/result.json --author ada@contoso.com`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) (err error) {
			from.result = args[0]
			if valid <= 0 {
				return usage(fmt.Errorf("--valid %s is no time at all", valid))
			}
			cfg, err := from.read()
			if err != nil {
				return err
			}
			sources, done, err := from.sources(cfg)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, done()) }()
			created := a.Now().UTC().Truncate(time.Second)
			heading := remediation.Heading{Tool: a.tool(), Author: author, Created: created, Expires: created.Add(valid)}
			key, name, err := a.bound(&heading, &from, cfg, sources.Result.Tenant.ID)
			if err != nil {
				return err
			}
			heading.Author = cmp.Or(author, name, a.Getenv("USER"))
			plan, err := remediation.Build(sources, heading)
			if err != nil {
				return usage(err)
			}
			path := cmp.Or(out, filepath.Join(filepath.Dir(from.result), planFile))
			if same(path, from.result) {
				return usage(fmt.Errorf("--out %s is the result itself; name another file", path))
			}
			if _, err := os.Stat(scan.JournalOf(path)); err == nil {
				return usage(fmt.Errorf("%s was applied, as %s tells; keep it, and name another file with --out", path, scan.JournalOf(path)))
			}
			page := strings.TrimSuffix(path, ".json") + ".html"
			if err := scan.WritePlan(path, plan, key); err != nil {
				return err
			}
			if err := scan.WriteFile(page, func(w io.Writer) error { return reports.WritePlan(w, plan) }); err != nil {
				return err
			}
			if !a.quiet {
				writePlan(a.Stdout, plan)
			}
			a.say("wrote %s, and %s to read and approve by", path, page)
			return nil
		},
	}
	from.add(cmd)
	from.addEvidence(cmd)
	from.proof.addKey(cmd)
	cmd.Flags().StringVar(&out, "out", "", "file to write (default "+planFile+" beside the result)")
	cmd.Flags().StringVar(&author, "author", "", "who makes the plan (default the name of the key that signs it, or the variable USER of the environment)")
	cmd.Flags().DurationVar(&valid, "valid", validFor, "how long the plan can be applied")
	return cmd
}

// bound takes from the configuration, if there is one, what it says of a tenant's changes. It
// returns the key that signs the plan, nil for none, and whose that is.
func (a *app) bound(heading *remediation.Heading, from *planning, cfg *config.Config, tenantID string) (key *signing.Key, name string, err error) {
	trust, err := from.proof.trust(cfg)
	if err != nil {
		return nil, "", err
	}
	tenant := &config.Tenant{}
	if cfg == nil {
		cfg = &config.Config{}
	} else if tenant, err = cfg.Tenant(tenantID); err != nil {
		return nil, "", usage(err)
	}
	heading.MaxChanges, heading.Remediator = cfg.MaxChanges(tenant), cfg.RemediatorID(tenant)
	approvals, err := approvals(cfg, tenant)
	if err != nil {
		return nil, "", err
	}
	trust = slices.Concat(approvals.Approvers, trust)
	if key, err = from.proof.SigningKey(cfg, trust, a.Getenv); err != nil {
		return nil, "", usage(err)
	}
	if key == nil && cfg.RequireApproval(tenant) {
		return nil, "", usage(errors.New("the plan has to be approved by somebody other than its author, so that its author has to sign it; name a key with --key, or as signing_key"))
	}
	if key != nil {
		public, _ := trust.Key(key.ID())
		name = public.Name
		if approvals.Approvers.Has(key.ID()) && name != "" && heading.Author != "" && heading.Author != name {
			return nil, "", usage(fmt.Errorf("--author %s: the key that signs is that of %s, who is the author; leave --author out", heading.Author, name))
		}
	}
	return key, name, nil
}

// approvals says whose approvals of a tenant's plans count, and whose signatures say who made
// them: the configuration alone, as whoever may name another key makes another person.
func approvals(cfg *config.Config, tenant *config.Tenant) (scan.Approvals, error) {
	authors, err := cfg.Trust()
	if err != nil {
		return scan.Approvals{}, usage(err)
	}
	approvers, err := cfg.Approvers(tenant)
	return scan.Approvals{Approvers: approvers, Authors: authors}, usage(err)
}

// changing are the flags of the commands that change a tenant.
type changing struct {
	planning
	yes, dryRun bool
	maxWait     time.Duration
	record      string
}

func (c *changing) add(cmd *cobra.Command) {
	c.planning.add(cmd)
	cmd.Flags().BoolVar(&c.yes, "yes", false, "make each change without asking")
	cmd.Flags().BoolVar(&c.dryRun, "dry-run", false, "make every check, and no change")
	cmd.Flags().DurationVar(&c.maxWait, "max-wait", 10*time.Minute, "give up on a request that a service throttles for longer")
	addHistory(cmd, &c.record, "record", "record the run in the history")
	c.proof.addKey(cmd)
}

// approved returns how the approval of a plan is checked: where one is required, and where
// there is one. nil means that nobody has to approve.
func (c *changing) approved(cfg *config.Config, tenant *config.Tenant, plan string) (func([]byte) (*findings.Approval, error), error) {
	if _, err := os.Lstat(scan.ApprovalOf(plan)); !cfg.RequireApproval(tenant) && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	approvals, err := approvals(cfg, tenant)
	return func(file []byte) (*findings.Approval, error) { return approvals.Approved(plan, file) }, err
}

func newRemediateApply(a *app) *cobra.Command {
	var how changing
	var journal string
	cmd := &cobra.Command{
		Use:   "apply PLAN",
		Short: "Make the changes of a plan, and verify them",
		Long: `apply makes the changes of a plan.json, one after the other, each shown and confirmed before.
It signs in as remediation.auth of the configuration says: with an application of its own,
never the one that reads.

Where the configuration says remediation.require_approval, somebody other than its author
must have approved the plan (remediate approve), be it applied with --yes or not. An approval
that is there must hold anyway.

The plan must be of this tenant, not expired, and what its result and evidence give: they are
read again, and a change in it that doesn't come out is refused. Before each change the present
state is read; one that is not as the plan has it stays as it is, and so does what a guard
protects. A journal remembers each step before and after it is taken, so that after an
interruption the same command goes on and does nothing twice. At the end the rules concerned
are judged again on fresh evidence, which is kept beside the journal, and plan.record.json says
what was done, by whom it was approved and how it was verified: signed, where there is a key,
and with --record kept in the history.

It ends with 3 where a change was not made or its violation remains, and with 4 where that
could not be judged.`,
		Example: `  domicile remediate apply out/plan.json --dry-run
  domicile remediate apply out/plan.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if how.result, err = resultOf(args[0], how.result); err != nil {
				return err
			}
			journal = cmp.Or(journal, scan.JournalOf(args[0]))
			if filepath.Dir(journal) != filepath.Dir(args[0]) {
				return usage(errors.New("--journal is in another folder than the plan; the record of the run names both, and keeps them together"))
			}
			return a.apply(cmd.Context(), how, args[0], journal)
		},
	}
	how.add(cmd)
	how.addEvidence(cmd)
	cmd.Flags().StringVar(&how.result, "result", "", "result that the plan is for (default "+scan.ResultFile+" beside the plan)")
	cmd.Flags().StringVar(&journal, "journal", "", "file that remembers what was done (default beside the plan, .journal in place of .json)")
	return cmd
}

func (a *app) apply(ctx context.Context, how changing, planPath, journal string) (err error) {
	file, plan, err := readPlan(planPath)
	if err != nil {
		return usage(err)
	}
	cfg, tenant, err := how.tenant(plan.Tenant.ID)
	if err != nil {
		return err
	}
	sources, done, err := how.sources(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	approved, err := how.approved(cfg, tenant, planPath)
	if err != nil {
		return err
	}
	ran := scan.Ran{Tool: a.tool(), Journal: journal, Plan: planPath, Approved: approved != nil}
	run := remediation.Run{
		File: file, Sources: sources, Approved: approved, Journal: journal, MaxChanges: cfg.MaxChanges(tenant),
		Judge: func(ctx context.Context, rules []string) (*findings.Result, error) {
			a.say("judging %s again on fresh evidence", count(len(rules), "rule"))
			return a.judgeAgain(ctx, how, cfg, tenant, rules, scan.VerifiedOf(journal))
		},
	}
	return a.change(ctx, how, cfg, tenant, run, ran)
}

func newRemediateRollback(a *app) *cobra.Command {
	var how changing
	var planPath string
	cmd := &cobra.Command{
		Use:   "rollback JOURNAL",
		Short: "Take back what was applied",
		Long: `rollback takes back the changes that a journal of remediate apply says were made, in reverse
order, each shown and confirmed before, with the same checks: what somebody has changed since
stays as it is. What can't be undone is listed. The journal goes on, so that an interrupted
rollback can be gone on with too. plan.rollback.json says what was done.

Nobody has to approve a rollback. But where the configuration says remediation.require_approval,
the journal must be of a plan that was approved: the plan is read again, with its signature and
approval beside it, whether it has expired or not.

It ends with 3 where a change was not taken back.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := remediation.JournalPlan(args[0])
			if err != nil {
				return usage(err)
			}
			cfg, tenant, err := how.tenant(plan.Tenant.ID)
			if err != nil {
				return err
			}
			run := remediation.Run{Journal: args[0]}
			planPath = cmp.Or(planPath, scan.PlanOf(args[0]))
			if run.Approved, err = how.approved(cfg, tenant, planPath); err != nil {
				return err
			}
			if run.Approved != nil {
				if run.File, _, err = readPlan(planPath); err != nil {
					return usage(fmt.Errorf("%w; name it with --plan", err))
				}
			}
			return a.change(cmd.Context(), how, cfg, tenant, run, scan.Ran{Tool: a.tool(), Journal: args[0], Undo: true})
		},
	}
	how.add(cmd)
	cmd.Flags().StringVar(&planPath, "plan", "", "plan that the journal is of (default beside the journal, .json in place of .journal)")
	return cmd
}

// change signs the remediator in, has changes made or taken back, records that, and tells how
// they ended.
func (a *app) change(ctx context.Context, how changing, cfg *config.Config, tenant *config.Tenant, run remediation.Run, ran scan.Ran) (err error) {
	remediator, err := cfg.Remediator(tenant)
	if err != nil {
		return usage(err)
	}
	from := &target{config: cfg, tenants: []*config.Tenant{tenant}, now: a.Now}
	connection, err := a.collection(targeting{maxWait: how.maxWait, proof: how.proof}, from, remediator, nil)
	if err != nil {
		return err
	}
	to, err := a.openRecorder(ctx, how.record)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	writer, err := connection.ConnectWriter(ctx)
	if err != nil {
		return collectError(err)
	}
	defer writer.Close()
	run.Target, run.DryRun, run.Account, run.Now, run.Sleep = writer, how.dryRun, accountName(), a.Now, sleep
	run.Confirm = a.confirm(how.yes)
	do := remediation.Apply
	if ran.Undo {
		do = remediation.Rollback
	}
	settled, err := do(ctx, run)
	if err == nil || len(settled) > 0 {
		writeSettled(a.Stdout, settled)
	}
	if len(settled) > 0 && !how.dryRun {
		// What was done is recorded however the run ended, also when it was interrupted.
		err = errors.Join(err, a.recordRun(context.WithoutCancel(ctx), to, ran, connection.Key))
	}
	if err != nil {
		return err
	}
	return settledError(settled)
}

// recordRun writes the record of a run, and records it in the history where that was asked for.
func (a *app) recordRun(ctx context.Context, to *recorder, ran scan.Ran, key *signing.Key) error {
	path, err := scan.RecordRun(ran, key)
	if err != nil {
		return err
	}
	a.say("wrote %s", path)
	return a.recordInHistory(ctx, to, path, "")
}

// settledError is how the command ends: 3 where a change isn't as it was meant to be, 4 where
// nobody knows whether it helped.
func settledError(settled []remediation.Settled) error {
	failed := func(s remediation.Settled) bool { return !s.Done() || s.Verdict == remediation.Remains }
	unknown := func(s remediation.Settled) bool { return s.Verdict == remediation.Unknown }
	switch {
	case slices.ContainsFunc(settled, failed):
		return &exitError{code: exitViolations}
	case slices.ContainsFunc(settled, unknown):
		return &exitError{code: exitIncomplete}
	default:
		return nil
	}
}

// confirm shows a change and asks whether to make it, unless it was agreed to before.
func (a *app) confirm(yes bool) func(remediation.Change) (bool, error) {
	answers := a.answers()
	return func(change remediation.Change) (bool, error) {
		if !a.quiet || !yes {
			writeChange(a.Stdout, change)
		}
		if yes {
			return true, nil
		}
		return a.ask(answers, "Go on with this one?")
	}
}

// ask asks a question, whose answer is no unless it is yes. answers is nil where nobody is there.
func (a *app) ask(answers *bufio.Reader, question string) (bool, error) {
	if answers == nil {
		return false, errNoAnswer
	}
	fmt.Fprint(a.Stdout, question+" [y/N] ")
	answer, err := answers.ReadString('\n')
	if errors.Is(err, io.EOF) && answer == "" {
		return false, errNoAnswer
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}

// answers are what a person types; nil where nobody is there.
func (a *app) answers() *bufio.Reader {
	if a.Stdin == nil {
		return nil
	}
	return bufio.NewReader(a.Stdin)
}

var errNoAnswer = &exitError{exitUsage, errors.New("nobody answers; run it in a terminal, or with --yes")}

// judgeAgain collects what rules need into a folder and judges them there, as a scan does.
func (a *app) judgeAgain(ctx context.Context, how changing, cfg *config.Config, tenant *config.Tenant, rules []string, dir string) (*findings.Result, error) {
	judging := judging{Settings: scan.Settings{Selection: policies.Selection{Rules: rules}, FailOn: findings.Never}, proof: how.proof}
	set, err := judging.rules(ctx, cfg)
	if err != nil {
		return nil, err
	}
	judgement, err := a.judgement(&judging, set, cfg, tenant)
	if err != nil {
		return nil, err
	}
	from := &target{config: cfg, tenants: []*config.Tenant{tenant}, now: a.Now}
	run := scan.Run{Dir: dir, Judgement: judgement}
	if run.Collection, err = a.collection(targeting{maxWait: how.maxWait, proof: how.proof}, from, tenant, set.Kinds()); err != nil {
		return nil, err
	}
	result, err := run.Scan(ctx)
	return result, runError(err)
}

// readPlan reads a plan's file.
func readPlan(path string) ([]byte, *remediation.Plan, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the plan: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, remediation.MaxPlan+1))
	if err != nil {
		return nil, nil, fmt.Errorf("reading the plan: %w", err)
	}
	plan, err := remediation.Decode(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%w; name a plan.json that remediate plan wrote", err)
	}
	return data, plan, nil
}

// sleep waits, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// resultOf is the path of the result that a plan is for: the one that is named, or else the one
// beside the plan.
func resultOf(plan, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	beside := filepath.Join(filepath.Dir(plan), scan.ResultFile)
	_, errPlan := os.Stat(plan)
	if _, err := os.Stat(beside); errPlan == nil && errors.Is(err, fs.ErrNotExist) {
		return "", usage(fmt.Errorf("there is no %s; name the result that the plan is for with --result", beside))
	}
	return beside, nil
}
