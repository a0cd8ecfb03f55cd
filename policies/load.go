package policies

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/domicile-audit/domicile/internal/plan"
)

// Set is a set of rules. Once it is compiled it is ready to judge, and may be used by several
// goroutines at once.
type Set struct {
	rules     []Rule // sorted by id
	params    map[string]Param
	files     map[string]*file // of all rules and libraries, by path, until it is compiled
	plan      *plan.Plan       // of the rules' outputs; nil until it is compiled
	digest    string
	selection Selection // of rules among those that were loaded
	loaded    int
}

// Load reads the rules of trees, Builtin's and the user's own, compiles them together and
// holds each to the contract. The error names every file and line concerned.
func Load(ctx context.Context, trees ...Tree) (*Set, error) {
	set, err := Read(trees...)
	if err != nil {
		return nil, err
	}
	return set.Compile(ctx)
}

// Read reads the rules of trees and their METADATA. The set can tell of its rules and be
// selected from, and must be compiled before it judges.
func Read(trees ...Tree) (*Set, error) {
	files := map[string]*file{}
	sources := sha256.New()
	for i, tree := range trees {
		for _, name := range tree.names(false) {
			if _, twice := files[name]; twice {
				return nil, fmt.Errorf("loading rules: %s stands in two places; give your own rule another name", name)
			}
			read, err := readFile(name, tree[name])
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(sources, "%d %s %d\n%s", i, name, len(tree[name]), tree[name])
			files[name] = read
		}
	}
	rules, err := rulesOf(files)
	if err != nil {
		return nil, err
	}
	params, err := collectParams(rules)
	if err != nil {
		return nil, fmt.Errorf("loading rules: %w", err)
	}
	return &Set{rules: rules, params: params, files: files, digest: hex.EncodeToString(sources.Sum(nil)), loaded: len(rules)}, nil
}

// Compile compiles the rules of the set, with what they use, and holds each to the contract.
// What a selection has left out costs neither time nor memory. A compiled set stays as it is.
func (s *Set) Compile(ctx context.Context) (*Set, error) {
	if s.plan != nil {
		return s, nil
	}
	modules, err := s.used()
	if err != nil {
		return nil, err
	}
	schemas, err := inputSchemas()
	if err != nil {
		return nil, err
	}
	compiler, err := compile(modules, schemas)
	if err != nil {
		return nil, err
	}
	compiled := *s
	compiled.rules, compiled.files = slices.Clone(s.rules), nil
	var outputs []ast.Ref
	var errs []error
	for i := range compiled.rules {
		rule := &compiled.rules[i]
		rule.outputs = outputsOf(modules[rule.File])
		outputs = append(outputs, rule.outputs...)
		reads := readsOf(*rule, compiler)
		if !slices.ContainsFunc(reads.files, func(name string) bool { return !s.files[name].ships }) {
			rule.words = reads.words
		}
		errs = append(errs, checkReads(*rule, reads))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	compiled.plan, err = plan.Prepare(ctx, compiler, outputs)
	return &compiled, err
}

// used are the modules of the set's rules and all that they refer to, directly or not.
func (s *Set) used() (map[string]*ast.Module, error) {
	used := map[string]*ast.Module{}
	var next []string
	for _, rule := range s.rules {
		next = append(next, rule.File)
	}
	for len(next) > 0 {
		name := next[len(next)-1]
		next = next[:len(next)-1]
		if used[name] != nil {
			continue
		}
		module, err := s.files[name].module()
		if err != nil {
			return nil, err
		}
		used[name] = module
		ast.WalkRefs(module, func(ref ast.Ref) bool {
			if ref[0].Equal(ast.DefaultRootDocument) {
				for other, file := range s.files {
					if used[other] == nil && meet(ref, file.head.Package.Path) {
						next = append(next, other)
					}
				}
			}
			return false
		})
	}
	return used, nil
}

// meet says whether a reference may lead into a package, or to one above it.
func meet(ref, pkg ast.Ref) bool {
	for i := range min(len(ref), len(pkg)) {
		if i > 0 && ref[i].IsGround() && !ref[i].Equal(pkg[i]) {
			return false
		}
	}
	return true
}

// rulesOf finds the rules among the files: the packages with an entrypoint. Every other package
// must be a library.
func rulesOf(files map[string]*file) ([]Rule, error) {
	var rules []Rule
	var errs []error
	ids := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		module := files[name].head
		annotations := packageAnnotations(module)
		if want := packageOf(name); !module.Package.Path.Equal(want) {
			errs = append(errs, fmt.Errorf("reading %s: package %s does not follow from the path; write package %s", name, dotted(module.Package.Path), dotted(want)))
			continue
		}
		switch {
		case strings.HasPrefix(name, "lib/"):
			continue
		case annotations == nil || !annotations.Entrypoint:
			errs = append(errs, fmt.Errorf("reading the METADATA of %s: the package is neither an entrypoint nor under lib/", name))
			continue
		}
		rule, err := readRule(files[name], annotations)
		if other, twice := ids[rule.ID]; err == nil && twice {
			err = fmt.Errorf("reading the METADATA of %s: id %s is %s's", name, rule.ID, other)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		ids[rule.ID] = name
		rules = append(rules, rule)
	}
	slices.SortFunc(rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	return rules, errors.Join(errs...)
}

// packageOf is the package that a file must hold: its path, under domicile. A package has
// one file then, so that nothing adds to a rule or library that stands elsewhere.
func packageOf(file string) ast.Ref {
	ref := ast.Ref{ast.DefaultRootDocument, ast.StringTerm("domicile")}
	for part := range strings.SplitSeq(strings.TrimSuffix(file, ".rego"), "/") {
		ref = append(ref, ast.StringTerm(part))
	}
	return ref
}

// dotted is a package's path as one writes it.
func dotted(path ast.Ref) string { return strings.TrimPrefix(path.String(), "data.") }

func packageAnnotations(module *ast.Module) *ast.Annotations {
	for _, annotations := range module.Annotations {
		if annotations.Scope == "package" {
			return annotations
		}
	}
	return nil
}

// Rules lists the rules, sorted by id.
func (s *Set) Rules() []Rule { return s.rules }

// Params lists the parameters that a configuration may set, by name.
func (s *Set) Params() map[string]Param { return s.params }

// Digest is the lower-case hex sha256 over every rule's file.
func (s *Set) Digest() string { return s.digest }

// Selection is what Select chose the rules by; its zero value if they are all there.
func (s *Set) Selection() Selection { return s.selection }

// Loaded is the number of rules that were loaded, chosen or not.
func (s *Set) Loaded() int { return s.loaded }

// Selection chooses rules. Empty fields choose everything.
type Selection struct {
	// Rules and Exclude are rule ids; a trailing * stands for any ending.
	Rules, Exclude []string
	// Framework is a framework's key, such as cis_m365.
	Framework string
}

// Select returns the set with only the chosen rules; an id or pattern that fits no
// rule is an error. Parameters of all rules stay known, so that a configuration fits
// every selection.
func (s *Set) Select(selection Selection) (*Set, error) {
	for _, pattern := range slices.Concat(selection.Rules, selection.Exclude) {
		if !slices.ContainsFunc(s.rules, func(rule Rule) bool { return matches(pattern, rule.ID) }) {
			return nil, fmt.Errorf("no rule fits %q; domicile policy list shows them", pattern)
		}
	}
	chosen := *s
	chosen.rules, chosen.selection = nil, selection
	for _, rule := range s.rules {
		fits := func(pattern string) bool { return matches(pattern, rule.ID) }
		switch {
		case len(selection.Rules) > 0 && !slices.ContainsFunc(selection.Rules, fits):
		case slices.ContainsFunc(selection.Exclude, fits):
		case selection.Framework != "" && len(rule.Frameworks[selection.Framework]) == 0:
		default:
			chosen.rules = append(chosen.rules, rule)
		}
	}
	if len(chosen.rules) == 0 {
		return nil, errors.New("the selection leaves no rule; domicile policy list shows them")
	}
	return &chosen, nil
}

func matches(pattern, id string) bool {
	prefix, any := strings.CutSuffix(strings.ToUpper(pattern), "*")
	return prefix == id || any && strings.HasPrefix(id, prefix)
}

// Kinds lists the evidence kinds that the rules read, sorted.
func (s *Set) Kinds() []string {
	var kinds []string
	for _, rule := range s.rules {
		kinds = append(kinds, rule.Kinds()...)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}
