package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
)

// The profiles: the product's own change, in versions. CurrentProfile is the default.
const (
	CurrentProfile = "xdr-current"
	profile2020a   = "mtp-2020-a"
	profile2020b   = "mtp-2020-b"
)

// Profiles lists the profiles that a tenant may be judged under, oldest first.
func Profiles() []string { return []string{profile2020a, profile2020b, CurrentProfile} }

// Topics lists the topics of rules, in the order in which the product works: the chain
// from licence to feeding.
func Topics() []string { return []string{"licences", "roles", "consent", "geo", "xdr", "integration"} }

// TenantScope is the scope of a rule that judges the tenant as a whole. Any other scope
// is the evidence kind whose objects are judged one by one.
const TenantScope = "tenant"

// Rule is one rule as its METADATA describes it.
type Rule struct {
	ID          string
	Title       string
	Description string
	Topic       string
	Severity    findings.Severity
	Scope       string
	// File is the rule's path in its tree, such as geo/xdr_geo_allowed.rego.
	File string
	// Monotone says that more evidence can only add fails.
	Monotone bool
	Evidence Needs
	// Lookup names the key of each large kind that the rule joins with, one object a key, and
	// Group that of each of which any number of objects have the same key.
	Lookup, Group map[string]string
	Licence       []string
	Params        map[string]Param
	// Profiles are those the rule is for, Clouds the clouds where the service is
	// offered, by profile.
	Profiles   []string
	Clouds     map[string][]string
	References []string
	Frameworks map[string][]findings.Control
	// Summary, Steps (by profile) and Action say how to mend a violation.
	Summary string
	Steps   map[string][]string
	Action  string

	outputs []ast.Ref       // the rules of Rego that hold what it says, of a closed list of names
	words   map[string]bool // every string that stands in it or in a library that it reaches; nil where fields may be read in other ways
}

// Needs are the evidence kinds of a rule: All must be there, one of Any, and Optional
// ones only add to the verdict.
type Needs struct {
	All      []string `json:"all"`
	Any      []string `json:"any"`
	Optional []string `json:"optional"`
}

// lacking lists the kinds that stand in the way where only some are there: those of All that
// aren't, and every one of Any where none of them is.
func (n Needs) lacking(there func(kind string) bool) []string {
	kinds := slices.DeleteFunc(slices.Clone(n.All), there)
	if !slices.ContainsFunc(n.Any, there) {
		kinds = append(kinds, n.Any...)
	}
	return kinds
}

// Kinds lists every kind that the rule reads, look-ups and groups included, sorted.
func (r *Rule) Kinds() []string {
	kinds := slices.Concat(r.Evidence.All, r.Evidence.Any, r.Evidence.Optional)
	kinds = slices.AppendSeq(kinds, maps.Keys(r.Lookup))
	kinds = slices.AppendSeq(kinds, maps.Keys(r.Group))
	if r.Scope != TenantScope {
		kinds = append(kinds, r.Scope)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// whole says whether the rule is given all objects of a kind at once, rather than by a key or
// page by page.
func (r *Rule) whole(kind string) bool {
	return kind != r.Scope && r.Lookup[kind] == "" && r.Group[kind] == ""
}

// StepsFor returns the remediation steps of a profile, or the current profile's where
// it has none of its own.
func (r *Rule) StepsFor(profile string) []string {
	if steps, ok := r.Steps[profile]; ok {
		return steps
	}
	return r.Steps[CurrentProfile]
}

// custom is the custom section of a rule's METADATA.
type custom struct {
	ID          string                        `json:"id"`
	Severity    findings.Severity             `json:"severity"`
	Scope       string                        `json:"scope"`
	Clouds      json.RawMessage               `json:"clouds"`
	Monotone    bool                          `json:"monotone"`
	Evidence    Needs                         `json:"evidence"`
	Lookup      map[string]string             `json:"lookup"`
	Group       map[string]string             `json:"group"`
	Licence     []string                      `json:"licence"`
	Params      map[string]Param              `json:"params"`
	Profiles    []string                      `json:"profiles"`
	Frameworks  map[string][]findings.Control `json:"frameworks"`
	Remediation struct {
		Summary string              `json:"summary"`
		Steps   map[string][]string `json:"steps"`
		Action  string              `json:"action"`
	} `json:"remediation"`
}

var (
	ruleID   = regexp.MustCompile(`^[A-Z]{2,8}[0-9]{4}$`)
	ruleFile = regexp.MustCompile(`^[a-z][a-z0-9_]*/[a-z][a-z0-9_]*\.rego$`)
)

// readRule takes a rule from its annotations; the error names the rule's file and what
// is wrong with it.
func readRule(f *file, annotations *ast.Annotations) (Rule, error) {
	rule, err := decodeRule(f.name, annotations)
	if err == nil && !f.ships && !denies(f.head) {
		err = errors.New("there is no rule deny")
	}
	if err != nil {
		return Rule{}, fmt.Errorf("reading the METADATA of %s: %w", f.name, err)
	}
	return rule, nil
}

func decodeRule(file string, annotations *ast.Annotations) (Rule, error) {
	raw, err := json.Marshal(annotations.Custom)
	if err != nil {
		return Rule{}, err
	}
	var c custom
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return Rule{}, fmt.Errorf("custom: %w", err)
	}
	rule := Rule{
		ID: c.ID, Title: annotations.Title, Description: strings.Join(strings.Fields(annotations.Description), " "),
		Topic: path.Dir(file), Severity: c.Severity, Scope: c.Scope, File: file, Monotone: c.Monotone,
		Evidence: c.Evidence, Lookup: c.Lookup, Group: c.Group, Licence: c.Licence, Params: c.Params, Profiles: c.Profiles,
		Frameworks: c.Frameworks, Summary: c.Remediation.Summary, Steps: c.Remediation.Steps, Action: c.Remediation.Action,
	}
	for _, resource := range annotations.RelatedResources {
		rule.References = append(rule.References, resource.Ref.String())
	}
	if rule.Clouds, err = readClouds(c.Clouds, rule.Profiles); err != nil {
		return Rule{}, err
	}
	if !checksInput(annotations) {
		err = errors.New("schemas doesn't hold the input against schema.input, so that a misspelt kind or field would go unseen")
	}
	return rule, errors.Join(err, rule.check())
}

// checksInput says whether a rule is compiled against the schema of the whole input.
func checksInput(annotations *ast.Annotations) bool {
	return slices.ContainsFunc(annotations.Schemas, func(schema *ast.SchemaAnnotation) bool {
		return schema.Path.String() == "input" && schema.Schema.String() == "schema.input"
	})
}

// readClouds takes one list for every profile, or a list a profile.
func readClouds(raw json.RawMessage, profiles []string) (map[string][]string, error) {
	var all []string
	if json.Unmarshal(raw, &all) == nil {
		clouds := map[string][]string{}
		for _, profile := range profiles {
			clouds[profile] = all
		}
		return clouds, nil
	}
	var by map[string][]string
	if err := json.Unmarshal(raw, &by); err != nil {
		return nil, errors.New("custom.clouds is neither a list of clouds nor a list for each profile")
	}
	return by, nil
}

// outputsOf lists which of the four output rules a module defines, sorted by name.
func outputsOf(module *ast.Module) []ast.Ref {
	var outputs []ast.Ref
	for _, name := range []string{"deny", "not_applicable", "observed", "unknown"} {
		if slices.ContainsFunc(module.Rules, func(rule *ast.Rule) bool { return string(rule.Head.Ref()[0].Value.(ast.Var)) == name }) {
			outputs = append(outputs, module.Package.Path.Append(ast.StringTerm(name)))
		}
	}
	return outputs
}

// denies says whether a module has the output that every rule must have.
func denies(module *ast.Module) bool {
	return slices.ContainsFunc(outputsOf(module), func(output ast.Ref) bool { return outputName(output) == "deny" })
}

// outputName is the last part of an output's path.
func outputName(output ast.Ref) string { return string(output[len(output)-1].Value.(ast.String)) }

// check holds a rule to the contract, as far as it can be told from its METADATA.
func (r *Rule) check() error {
	var errs []error
	demand := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	demand(ruleID.MatchString(r.ID), "custom.id %q is not letters and four digits", r.ID)
	demand(ruleFile.MatchString(r.File), "the file is not <topic>/<rule>.rego")
	demand(slices.Contains(Topics(), r.Topic), "topic %q is unknown; the file stands in the folder of one of %s", r.Topic, strings.Join(Topics(), ", "))
	demand(r.Title != "" && r.Description != "", "title or description is missing")
	demand(slices.Contains(findings.Severities(), r.Severity), "custom.severity %q is not a severity", r.Severity)
	demand(r.Summary != "" && len(r.Steps[CurrentProfile]) > 0, "custom.remediation has no summary or no steps for %s", CurrentProfile)
	demand(len(r.References) > 0, "related_resources is empty")
	for _, reference := range r.References {
		demand(strings.HasPrefix(reference, "https://"), "reference %s is not an https address", reference)
	}
	demand(len(r.Profiles) > 0, "custom.profiles is empty")
	for _, profile := range r.Profiles {
		demand(slices.Contains(Profiles(), profile), "profile %q is unknown", profile)
		demand(len(r.Clouds[profile]) > 0, "custom.clouds says nothing for profile %s", profile)
	}
	for profile := range r.Steps {
		demand(slices.Contains(Profiles(), profile), "remediation steps are for the unknown profile %q", profile)
	}
	demand(len(r.Evidence.All)+len(r.Evidence.Any) > 0, "custom.evidence has neither all nor any: a rule without evidence would pass without evidence")
	demand(r.Scope == TenantScope || slices.Contains(r.Evidence.All, r.Scope), "custom.scope %q is neither tenant nor a kind of evidence.all", r.Scope)
	for _, kind := range r.Kinds() {
		_, err := evidence.SchemaOf(kind)
		demand(err == nil, "%v", err)
	}
	for name, keys := range map[string]map[string]string{"lookup": r.Lookup, "group": r.Group} {
		for kind, key := range keys {
			schema, err := evidence.SchemaOf(kind)
			demand(err != nil || slices.Contains(schema.Fields(), key), "custom.%s: %s has no field %q", name, kind, key)
		}
	}
	for name, controls := range r.Frameworks {
		for _, control := range controls {
			demand(slices.Contains([]string{"full", "part", "evidence"}, control.Coverage), "framework %s: coverage %q of %s is not full, part or evidence", name, control.Coverage, control.ID)
		}
	}
	for name, param := range r.Params {
		if err := param.checkDefault(); err != nil {
			demand(false, "parameter %s: %v", name, err)
		}
	}
	return errors.Join(errs...)
}
