package policies

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
)

// outputs are what a rule said of the tenant or of one page.
type outputs struct {
	Deny []struct {
		Resource findings.Resource `json:"resource"`
		Message  string            `json:"message"`
		Expected string            `json:"expected"`
		Actual   string            `json:"actual"`
	} `json:"deny"`
	NotApplicable []findings.Reason      `json:"not_applicable"`
	Unknown       []findings.Reason      `json:"unknown"`
	Observed      []findings.Observation `json:"observed"`

	objects int
}

// decodeOutputs reads a rule's outputs strictly: a member that the contract doesn't know
// is an error of the rule.
func decodeOutputs(bound any) (outputs, error) {
	data, err := json.Marshal(bound)
	if err != nil {
		return outputs{}, err
	}
	var said outputs
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&said); err != nil {
		return outputs{}, fmt.Errorf("its outputs break the contract: %w", err)
	}
	for _, deny := range said.Deny {
		if deny.Resource.Kind == "" || deny.Resource.ID == "" || deny.Message == "" {
			return outputs{}, errors.New("a deny has no resource or no message")
		}
	}
	for _, reason := range slices.Concat(said.NotApplicable, said.Unknown) {
		if reason.Reason == "" || reason.Message == "" {
			return outputs{}, errors.New("an unknown or not_applicable has no reason or no message")
		}
	}
	return said, nil
}

// join makes one verdict of the pages': what any of them says counts once, but the rule
// is not applicable only where every page says so.
func join(pages []outputs) outputs {
	var all outputs
	everywhere := len(pages) > 0
	for _, page := range pages {
		all.Deny = append(all.Deny, page.Deny...)
		all.Unknown = append(all.Unknown, page.Unknown...)
		all.Observed = append(all.Observed, page.Observed...)
		all.NotApplicable = append(all.NotApplicable, page.NotApplicable...)
		all.objects += page.objects
		everywhere = everywhere && len(page.NotApplicable) > 0
	}
	if !everywhere {
		all.NotApplicable = nil
	}
	return all
}

// ruleVerdict is a rule's verdict in the making.
type ruleVerdict struct {
	rule     findings.Rule
	findings []findings.Finding
	tenantID string
	spared   bool // fails stand on incomplete evidence
}

func newVerdict(rule Rule, profile string, tenant evidence.Tenant) ruleVerdict {
	frameworks := map[string][]findings.Control{}
	for name, controls := range rule.Frameworks {
		frameworks[name] = slices.Clone(controls)
	}
	return ruleVerdict{
		tenantID: tenant.ID,
		spared:   rule.Monotone || rule.Scope != TenantScope,
		rule: findings.Rule{
			ID: rule.ID, Title: rule.Title, Description: rule.Description, Topic: rule.Topic,
			Severity: rule.Severity, Scope: rule.Scope, Kinds: rule.Kinds(),
			Reasons: []findings.Reason{}, Observed: []findings.Observation{},
			Params:     slices.Sorted(maps.Keys(rule.Params)),
			References: slices.Clone(rule.References), Frameworks: frameworks,
			Remediation: findings.Remediation{Summary: rule.Summary, Steps: slices.Clone(rule.StepsFor(profile)), Action: rule.Action},
		},
	}
}

func (v *ruleVerdict) unknown(reason evidence.Reason, kind, message string) {
	v.rule.Outcome = findings.Unknown
	v.rule.Reasons = append(v.rule.Reasons, findings.Reason{Reason: string(reason), Kind: kind, Message: message})
}

// notApplicable never overrides unknown: of two missing kinds the one that nobody can
// explain away decides.
func (v *ruleVerdict) notApplicable(reason evidence.Reason, kind, message string) {
	if v.rule.Outcome == findings.Unknown {
		return
	}
	v.rule.Outcome = findings.NotApplicable
	v.rule.Reasons = append(v.rule.Reasons, findings.Reason{Reason: string(reason), Kind: kind, Message: message})
}

// conclude takes the rule's own outputs; incomplete are the reasons for which only a
// fail may stand, and that only where more evidence can't undo it.
func (v *ruleVerdict) conclude(said outputs, incomplete []findings.Reason) {
	v.rule.Checked = said.objects
	v.rule.Observed = distinct(said.Observed)
	if len(incomplete) > 0 && !v.spared {
		said.Deny = nil
	}
	v.deny(said)
	reasons := distinct(slices.Concat(incomplete, said.Unknown))
	switch {
	case len(v.findings) > 0:
		v.rule.Outcome = findings.Fail
		v.rule.Reasons = reasons
	case len(reasons) > 0:
		v.rule.Outcome = findings.Unknown
		v.rule.Reasons = reasons
	case len(said.NotApplicable) > 0:
		v.rule.Outcome = findings.NotApplicable
		v.rule.Reasons = distinct(said.NotApplicable)
		v.rule.Checked = 0
	default:
		v.rule.Outcome = findings.Pass
	}
}

// deny makes a finding of each resource that is denied.
func (v *ruleVerdict) deny(said outputs) {
	seen := map[findings.Resource]bool{}
	for _, deny := range said.Deny {
		identity := findings.Resource{Kind: deny.Resource.Kind, ID: deny.Resource.ID}
		finding := findings.Finding{
			Rule: v.rule.ID, Outcome: findings.Fail, Severity: v.rule.Severity, Resource: deny.Resource,
			Message: deny.Message, Expected: deny.Expected, Actual: deny.Actual,
			Fingerprint: findings.Fingerprint(v.tenantID, v.rule.ID, deny.Resource),
		}
		if !seen[identity] {
			v.findings = append(v.findings, finding)
		}
		seen[identity] = true
	}
	slices.SortFunc(v.findings, func(a, b findings.Finding) int {
		return cmp.Or(cmp.Compare(a.Resource.Kind, b.Resource.Kind), cmp.Compare(a.Resource.ID, b.Resource.ID))
	})
	v.rule.Failed = len(v.findings)
}

// distinct sorts values by their JSON and drops doubles; the result is never nil.
func distinct[T comparable](values []T) []T {
	sorted := slices.Clone(values)
	slices.SortFunc(sorted, func(a, b T) int { return cmp.Compare(canonical(a), canonical(b)) })
	sorted = slices.Compact(sorted)
	if sorted == nil {
		return []T{}
	}
	return sorted
}
