package policies

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"golang.org/x/sync/errgroup"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/plan"
)

// DefaultRuleTimeout is how long one rule may take over the tenant, or over one page, before
// it counts as unknown.
const DefaultRuleTimeout = 5 * time.Minute

// DefaultPageSize is as many objects as a page of Microsoft Graph holds at most.
const DefaultPageSize = 1000

// Options say how a bundle is judged.
type Options struct {
	// Profile is one of Profiles; empty is the current one.
	Profile string
	// Params are the parameters that the configuration sets, over the rules' defaults.
	Params map[string]any
	// RuleTimeout bounds one rule's evaluation of the tenant, or of one page; zero is
	// DefaultRuleTimeout.
	RuleTimeout time.Duration
	// PageSize is how many objects a rule with the scope of a kind judges at once; zero is
	// DefaultPageSize. The verdicts don't depend on it.
	PageSize int
}

// Verdicts are what a set of rules said of a bundle.
type Verdicts struct {
	Profile string
	// Params are the values of all parameters, defaults included.
	Params map[string]any
	// Rules are sorted by id, Findings by rule and resource.
	Rules    []findings.Rule
	Findings []findings.Finding
}

// Evaluate judges a bundle by every rule of the set. A rule that breaks or takes too
// long is unknown and ends nothing; the error is for a profile or parameter that doesn't
// exist, a bundle that can't be read, or a cancelled context.
func (s *Set) Evaluate(ctx context.Context, bundle *evidence.Bundle, o Options) (Verdicts, error) {
	if o.Profile == "" {
		o.Profile = CurrentProfile
	}
	if !slices.Contains(Profiles(), o.Profile) {
		return Verdicts{}, fmt.Errorf("profile %q is unknown; known are %s", o.Profile, strings.Join(Profiles(), ", "))
	}
	if o.RuleTimeout == 0 {
		o.RuleTimeout = DefaultRuleTimeout
	}
	if o.PageSize == 0 {
		o.PageSize = DefaultPageSize
	}
	params, err := s.effective(o.Params)
	if err != nil {
		return Verdicts{}, err
	}
	judge := judge{set: s, store: newStore(bundle, s.rules), pageSize: o.PageSize, profile: o.Profile, params: params, timeout: o.RuleTimeout}
	trials := make([]*trial, len(s.rules))
	for i, rule := range s.rules {
		trials[i] = judge.open(rule)
	}
	if err := judge.hear(ctx, trials); err != nil {
		return Verdicts{}, fmt.Errorf("evaluating: %w", err)
	}
	result := Verdicts{Profile: o.Profile, Params: params, Rules: []findings.Rule{}, Findings: []findings.Finding{}}
	for _, trial := range trials {
		verdict := judge.conclude(trial)
		result.Rules = append(result.Rules, verdict.rule)
		result.Findings = append(result.Findings, verdict.findings...)
	}
	return result, nil
}

// Settled lists the verdicts on a bundle of the manifest that stand before any rule is asked:
// of the rules that are not offered, and of those that lack evidence which they must have.
// An empty profile is the current one.
func (s *Set) Settled(manifest evidence.Manifest, profile string) []findings.Rule {
	judge := judge{set: s, store: &store{bundle: &evidence.Bundle{Manifest: manifest}}, profile: cmp.Or(profile, CurrentProfile)}
	var rules []findings.Rule
	for _, rule := range s.rules {
		if trial := judge.open(rule); trial.settled {
			rules = append(rules, trial.verdict.rule)
		}
	}
	return rules
}

// judge holds what is the same for every rule of one evaluation.
type judge struct {
	set     *Set
	store   *store
	profile string
	params  map[string]any
	timeout time.Duration

	pageSize int
}

// trial is a rule that is being judged, and what it has said so far. Several pages may be
// judged at a time.
type trial struct {
	rule    Rule
	verdict ruleVerdict
	// settled says that the verdict stands without the rule being asked.
	settled bool
	input   input

	mu     sync.Mutex
	said   outputs
	broken *breakdown
}

// breakdown is why a rule has no verdict of its own, and on which page.
type breakdown struct {
	page    int
	reason  evidence.Reason
	message string
}

// open settles a rule in the order of the contract as far as can be told without asking it:
// not offered, evidence missing.
func (j *judge) open(rule Rule) *trial {
	manifest := &j.store.bundle.Manifest
	t := &trial{rule: rule, verdict: newVerdict(rule, j.profile, manifest.Tenant)}
	switch {
	case !slices.Contains(rule.Profiles, j.profile):
		t.verdict.notApplicable(evidence.NotOffered, "", fmt.Sprintf("The rule is not for the profile '%s'.", j.profile))
		t.settled = true
	case !slices.Contains(rule.Clouds[j.profile], manifest.Tenant.Cloud):
		t.verdict.notApplicable(evidence.NotOffered, "", fmt.Sprintf("The service is not offered in the cloud '%s' under the profile '%s'.", manifest.Tenant.Cloud, j.profile))
		t.settled = true
	default:
		t.settled = j.missing(rule, &t.verdict)
	}
	return t
}

// hear asks the rules that aren't settled: those of the tenant one beside the other, then the
// others kind by kind, so that all rules of a kind share its pages.
func (j *judge) hear(ctx context.Context, trials []*trial) error {
	scopes := map[string][]*trial{}
	for _, trial := range trials {
		if !trial.settled {
			scopes[trial.rule.Scope] = append(scopes[trial.rule.Scope], trial)
		}
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, trial := range scopes[TenantScope] {
		group.Go(func() (err error) {
			if trial.input, err = j.inputFor(groupCtx, trial.rule); err != nil {
				return err
			}
			err = j.ask(groupCtx, trial, 0, nil, 1)
			trial.input = input{}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	delete(scopes, TenantScope)
	for _, kind := range slices.Sorted(maps.Keys(scopes)) {
		if err := j.hearPages(ctx, kind, scopes[kind]); err != nil {
			return err
		}
	}
	return nil
}

// hearPages asks the rules of a kind about its pages.
func (j *judge) hearPages(ctx context.Context, kind string, trials []*trial) error {
	var rules []Rule
	for _, trial := range trials {
		var err error
		if trial.input, err = j.inputFor(ctx, trial.rule); err != nil {
			return err
		}
		rules = append(rules, trial.rule)
	}
	keep, err := fieldsOf(kind, rules)
	if err != nil {
		return err
	}
	return j.store.pages(ctx, kind, j.pageSize, keep, func(ctx context.Context, n int, objects *plan.Records) error {
		page := objects.List()
		for _, trial := range trials {
			if err := j.ask(ctx, trial, n, page, objects.Len()); err != nil {
				return err
			}
		}
		return nil
	})
}

// ask evaluates a rule over a page, or the tenant, and adds what it says. Where a rule
// breaks, the first page on which it does so counts, whichever is heard of first.
func (j *judge) ask(ctx context.Context, t *trial, n int, page *ast.Term, objects int) error {
	t.mu.Lock()
	over := t.broken != nil && t.broken.page < n
	t.mu.Unlock()
	if over {
		return nil
	}
	ruleCtx, cancel := context.WithTimeout(ctx, j.timeout)
	defer cancel()
	said, err := j.evaluate(ruleCtx, t.rule, t.input.of(page))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err == nil:
		said.objects = objects
		t.said.add(said)
	case t.broken != nil && t.broken.page < n:
	case ruleCtx.Err() != nil:
		t.broken = &breakdown{n, evidence.Timeout, fmt.Sprintf("The rule took longer than %s.", j.timeout)}
	default:
		t.broken = &breakdown{n, evidence.RuleError, "The rule failed: " + oneLine(err) + "."}
	}
	return nil
}

// evaluate runs a rule over an input. Any error is the rule's own.
func (j *judge) evaluate(ctx context.Context, rule Rule, input *ast.Term) (outputs, error) {
	said, err := j.set.plan.Eval(ctx, j.store.bundle.Manifest.Started, input, rule.outputs...)
	if err != nil {
		return outputs{}, err
	}
	return decodeOutputs(rule, said)
}

// conclude makes the verdict of what a rule has said.
func (j *judge) conclude(t *trial) ruleVerdict {
	switch {
	case t.settled:
	case t.broken != nil:
		t.verdict.unknown(t.broken.reason, "", t.broken.message)
	default:
		t.verdict.conclude(t.said, j.incomplete(t.rule))
	}
	return t.verdict
}

// missing says whether evidence that the rule must have isn't there, and if so
// concludes.
func (j *judge) missing(rule Rule, verdict *ruleVerdict) bool {
	manifest := &j.store.bundle.Manifest
	lacking := rule.Evidence.lacking(func(kind string) bool { _, held := manifest.Entry(kind); return held })
	for _, kind := range lacking {
		gap, _ := manifest.GapOf(kind)
		message := gapMessage(gap)
		if gap.Reason == evidence.NotLicensed && len(rule.Licence) > 0 || gap.Reason == evidence.NoEarlierResult {
			verdict.notApplicable(gap.Reason, kind, message)
		} else {
			verdict.unknown(gap.Reason, kind, message)
		}
	}
	return len(lacking) > 0
}

// incomplete returns the reasons that make anything but a fail unknown: kinds of all
// that were cut short, or kinds of any of which none is complete.
func (j *judge) incomplete(rule Rule) []findings.Reason {
	manifest := &j.store.bundle.Manifest
	var reasons []findings.Reason
	for _, kind := range rule.Evidence.lacking(func(kind string) bool { _, missing := gapFor(manifest, kind); return !missing }) {
		gap, _ := gapFor(manifest, kind)
		reasons = append(reasons, findings.Reason{Reason: string(gap.Reason), Kind: kind, Message: gapMessage(gap)})
	}
	return reasons
}

// gapMessage says in a sentence what is missing of a kind and why.
func gapMessage(gap evidence.Gap) string {
	if gap.Message != "" {
		return fmt.Sprintf("Evidence '%s': %s", gap.Kind, gap.Message)
	}
	return fmt.Sprintf("Evidence '%s' is missing or incomplete: %s.", gap.Kind, gap.Reason)
}

func oneLine(err error) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(err.Error()), " "), ".")
}
