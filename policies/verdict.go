package policies

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
)

// outputs are what a rule said of the tenant or of pages. What several pages say counts once.
type outputs struct {
	deny          []findings.Finding // with resource, message, expected and actual alone
	notApplicable distinct[findings.Reason]
	unknown       distinct[findings.Reason]
	observed      distinct[findings.Observation]

	objects int
	// judged is the number of pages, excused how many of them were not applicable.
	judged, excused int
}

type distinct[T comparable] map[T]struct{}

// add joins what another page said. A rule is not applicable only where every page says so.
func (o *outputs) add(page outputs) {
	o.deny = append(o.deny, page.deny...)
	o.notApplicable = joined(o.notApplicable, page.notApplicable)
	o.unknown = joined(o.unknown, page.unknown)
	o.observed = joined(o.observed, page.observed)
	o.objects += page.objects
	o.judged++
	if len(page.notApplicable) > 0 {
		o.excused++
	}
}

func joined[T comparable](a, b distinct[T]) distinct[T] {
	if a == nil {
		return b
	}
	maps.Copy(a, b)
	return a
}

// decodeOutputs reads what each of a rule's outputs said, strictly: a member that the contract
// doesn't know is an error of the rule.
func decodeOutputs(rule Rule, said []*ast.Term) (outputs, error) {
	out := outputs{notApplicable: distinct[findings.Reason]{}, unknown: distinct[findings.Reason]{}, observed: distinct[findings.Observation]{}}
	for i, output := range rule.outputs {
		if err := out.decode(outputName(output), said[i]); err != nil {
			return outputs{}, fmt.Errorf("its outputs break the contract: %w", err)
		}
	}
	return out, nil
}

// decode reads what one output said: a set, be it empty.
func (o *outputs) decode(name string, said *ast.Term) error {
	if said == nil {
		return fmt.Errorf("%s is undefined", name)
	}
	values, ok := said.Value.(ast.Set)
	if !ok {
		return fmt.Errorf("%s is no set", name)
	}
	return values.Iter(func(value *ast.Term) error {
		switch name {
		case "deny":
			return o.addDeny(value)
		case "not_applicable":
			return addReason(o.notApplicable, value)
		case "unknown":
			return addReason(o.unknown, value)
		default:
			return addObservation(o.observed, value)
		}
	})
}

func (o *outputs) addDeny(value *ast.Term) error {
	var f findings.Finding
	err := texts(value, map[string]*string{"message": &f.Message, "expected": &f.Expected, "actual": &f.Actual}, func(name string, value *ast.Term) error {
		if name != "resource" {
			return fmt.Errorf("a deny has a member %q", name)
		}
		return texts(value, map[string]*string{"kind": &f.Resource.Kind, "id": &f.Resource.ID, "name": &f.Resource.Name}, unlisted)
	})
	if err == nil && (f.Resource.Kind == "" || f.Resource.ID == "" || f.Message == "") {
		err = errors.New("a deny has no resource or no message")
	}
	o.deny = append(o.deny, f)
	return err
}

func addReason(reasons distinct[findings.Reason], value *ast.Term) error {
	var r findings.Reason
	err := texts(value, map[string]*string{"reason": &r.Reason, "kind": &r.Kind, "message": &r.Message}, unlisted)
	if err == nil && (r.Reason == "" || r.Message == "") {
		err = errors.New("an unknown or not_applicable has no reason or no message")
	}
	if err == nil {
		err = r.Check()
	}
	reasons[r] = struct{}{}
	return err
}

func addObservation(observed distinct[findings.Observation], value *ast.Term) error {
	var o findings.Observation
	err := texts(value, map[string]*string{"fact": &o.Fact, "service": &o.Service, "value": &o.Value, "tier": &o.Tier, "kind": &o.Kind}, unlisted)
	if err == nil {
		err = o.Check()
	}
	observed[o] = struct{}{}
	return err
}

func unlisted(name string, _ *ast.Term) error { return fmt.Errorf("it has a member %q", name) }

// texts takes the members of an object to where they belong. They are strings; null stands
// for an empty one. A member that into doesn't list is other's.
func texts(value *ast.Term, into map[string]*string, other func(name string, value *ast.Term) error) error {
	object, ok := value.Value.(ast.Object)
	if !ok {
		return errors.New("it holds something that is no object")
	}
	return object.Iter(func(key, value *ast.Term) error {
		name, _ := key.Value.(ast.String)
		target, listed := into[string(name)]
		if !listed {
			return other(string(name), value)
		}
		switch text := value.Value.(type) {
		case ast.String:
			*target = string(text)
		case ast.Null:
		default:
			return fmt.Errorf("its member %q is no string", string(name))
		}
		return nil
	})
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
	v.rule.Observed = sorted(said.observed, byFact)
	if len(incomplete) == 0 || v.spared {
		v.deny(said.deny)
	}
	for _, reason := range incomplete {
		said.unknown[reason] = struct{}{}
	}
	switch {
	case len(v.findings) > 0:
		v.rule.Outcome = findings.Fail
		v.rule.Reasons = sorted(said.unknown, byKind)
	case len(said.unknown) > 0:
		v.rule.Outcome = findings.Unknown
		v.rule.Reasons = sorted(said.unknown, byKind)
	case said.excused == said.judged:
		v.rule.Outcome = findings.NotApplicable
		v.rule.Reasons = sorted(said.notApplicable, byKind)
		v.rule.Checked = 0
	default:
		v.rule.Outcome = findings.Pass
	}
}

// deny makes a finding of each resource that is denied, and of each only one.
func (v *ruleVerdict) deny(denied []findings.Finding) {
	slices.SortFunc(denied, func(a, b findings.Finding) int {
		return cmp.Or(
			cmp.Compare(a.Resource.Kind, b.Resource.Kind), cmp.Compare(a.Resource.ID, b.Resource.ID),
			cmp.Compare(a.Actual, b.Actual), cmp.Compare(a.Expected, b.Expected), cmp.Compare(a.Message, b.Message),
			cmp.Compare(a.Resource.Name, b.Resource.Name),
		)
	})
	v.findings = slices.CompactFunc(denied, func(a, b findings.Finding) bool {
		return a.Resource.Kind == b.Resource.Kind && a.Resource.ID == b.Resource.ID
	})
	for i := range v.findings {
		f := &v.findings[i]
		f.Rule, f.Outcome, f.Severity = v.rule.ID, findings.Fail, v.rule.Severity
		f.Fingerprint = findings.Fingerprint(v.tenantID, v.rule.ID, f.Resource)
	}
	v.rule.Failed = len(v.findings)
}

// sorted lists a set in an order; the result is never nil.
func sorted[T comparable](values distinct[T], order func(a, b T) int) []T {
	list := slices.AppendSeq(make([]T, 0, len(values)), maps.Keys(values))
	slices.SortFunc(list, order)
	return list
}

// byKind and byFact put what says less last.
func byKind(a, b findings.Reason) int {
	return cmp.Or(emptyLast(a.Kind, b.Kind), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Reason, b.Reason))
}

func byFact(a, b findings.Observation) int {
	return cmp.Or(
		cmp.Compare(a.Fact, b.Fact), emptyLast(a.Kind, b.Kind), emptyLast(a.Service, b.Service),
		emptyLast(a.Tier, b.Tier), cmp.Compare(a.Value, b.Value),
	)
}

func emptyLast(a, b string) int {
	if (a == "") != (b == "") {
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}
