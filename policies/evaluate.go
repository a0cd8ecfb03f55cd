package policies

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
	"golang.org/x/sync/errgroup"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
)

// DefaultRuleTimeout is how long one rule may take before it counts as unknown.
const DefaultRuleTimeout = 5 * time.Minute

// DefaultPageSize is as many objects as a page of Microsoft Graph holds at most.
const DefaultPageSize = 1000

// Options say how a bundle is judged.
type Options struct {
	// Profile is one of Profiles; empty is the current one.
	Profile string
	// Params are the parameters that the configuration sets, over the rules' defaults.
	Params map[string]any
	// RuleTimeout bounds one rule; zero is DefaultRuleTimeout.
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
	judge := judge{set: s, store: newStore(bundle), pageSize: o.PageSize, profile: o.Profile, params: params, timeout: o.RuleTimeout}
	verdicts := make([]ruleVerdict, len(s.rules))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, rule := range s.rules {
		group.Go(func() error {
			verdict, err := judge.rule(groupCtx, rule)
			verdicts[i] = verdict
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Verdicts{}, fmt.Errorf("evaluating: %w", err)
	}
	result := Verdicts{Profile: o.Profile, Params: params, Rules: []findings.Rule{}, Findings: []findings.Finding{}}
	for _, verdict := range verdicts {
		result.Rules = append(result.Rules, verdict.rule)
		result.Findings = append(result.Findings, verdict.findings...)
	}
	return result, nil
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

// rule judges one rule in the order of the contract: not offered, evidence missing, then
// what the rule itself says.
func (j *judge) rule(ctx context.Context, rule Rule) (ruleVerdict, error) {
	manifest := &j.store.bundle.Manifest
	verdict := newVerdict(rule, j.profile, manifest.Tenant)
	if !slices.Contains(rule.Profiles, j.profile) {
		verdict.notApplicable(evidence.NotOffered, "", fmt.Sprintf("The rule is not for the profile '%s'.", j.profile))
		return verdict, nil
	}
	if !slices.Contains(rule.Clouds[j.profile], manifest.Tenant.Cloud) {
		verdict.notApplicable(evidence.NotOffered, "", fmt.Sprintf("The service is not offered in the cloud '%s' under the profile '%s'.", manifest.Tenant.Cloud, j.profile))
		return verdict, nil
	}
	if j.missing(rule, &verdict) {
		return verdict, nil
	}
	ruleCtx, cancel := context.WithTimeout(ctx, j.timeout)
	defer cancel()
	said, err := j.evaluate(ruleCtx, rule)
	switch {
	case ctx.Err() != nil:
		return verdict, ctx.Err()
	case ruleCtx.Err() != nil:
		verdict.unknown(evidence.Timeout, "", fmt.Sprintf("The rule took longer than %s.", j.timeout))
	case isRuleError(err):
		verdict.unknown(evidence.RuleError, "", "The rule failed: "+oneLine(err)+".")
	case err != nil:
		return verdict, err
	default:
		verdict.conclude(said, j.incomplete(rule))
	}
	return verdict, nil
}

// missing says whether evidence that the rule must have isn't there, and if so
// concludes.
func (j *judge) missing(rule Rule, verdict *ruleVerdict) bool {
	manifest := &j.store.bundle.Manifest
	absent := func(kind string) bool { _, held := manifest.Entry(kind); return !held }
	lacking := slices.DeleteFunc(slices.Clone(rule.Evidence.All), func(kind string) bool { return !absent(kind) })
	if len(rule.Evidence.Any) > 0 && !slices.ContainsFunc(rule.Evidence.Any, func(kind string) bool { return !absent(kind) }) {
		lacking = append(lacking, rule.Evidence.Any...)
	}
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
	partial := func(kind string) bool { _, missing := gapFor(manifest, kind); return missing }
	kinds := slices.DeleteFunc(slices.Clone(rule.Evidence.All), func(kind string) bool { return !partial(kind) })
	if len(rule.Evidence.Any) > 0 && !slices.ContainsFunc(rule.Evidence.Any, func(kind string) bool { return !partial(kind) }) {
		kinds = append(kinds, rule.Evidence.Any...)
	}
	var reasons []findings.Reason
	for _, kind := range kinds {
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

// evaluate runs the rule over the tenant or page by page, and joins what the pages said.
func (j *judge) evaluate(ctx context.Context, rule Rule) (outputs, error) {
	if rule.Scope == TenantScope {
		said, err := j.page(ctx, rule, nil)
		said.objects = 1
		return said, err
	}
	var pages []outputs
	err := j.store.pages(rule.Scope, j.pageSize, func(page *ast.Term, objects int) error {
		said, err := j.page(ctx, rule, page)
		said.objects = objects
		pages = append(pages, said)
		return err
	})
	return join(pages), err
}

func (j *judge) page(ctx context.Context, rule Rule, page *ast.Term) (outputs, error) {
	input, err := j.store.inputFor(rule, j.profile, j.params, page)
	if err != nil {
		return outputs{}, err
	}
	query := j.set.queries[rule.ID]
	results, err := query.Eval(ctx, rego.EvalParsedInput(input))
	if err != nil {
		return outputs{}, &ruleError{err}
	}
	if len(results) != 1 {
		return outputs{}, &ruleError{fmt.Errorf("its outputs are undefined")}
	}
	said, err := decodeOutputs(results[0].Bindings["outputs"])
	if err != nil {
		return outputs{}, &ruleError{err}
	}
	return said, nil
}

// ruleError is the rule's own failure, as opposed to evidence that can't be read.
type ruleError struct{ err error }

func (e *ruleError) Error() string { return e.err.Error() }
func (e *ruleError) Unwrap() error { return e.err }

func isRuleError(err error) bool {
	var failed *ruleError
	var broken *topdown.Error
	return errors.As(err, &failed) || errors.As(err, &broken)
}

func oneLine(err error) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(err.Error()), " "), ".")
}
