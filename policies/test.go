package policies

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/tester"
)

// TestReport is what a run of the rules' tests gave.
type TestReport struct {
	// Packages are those of the rules and libraries that have tests, by their name.
	Packages []PackageTests
	Passed   int
	// Failures name each failed test and where it stands.
	Failures []string
	// Coverage is in percent of the rules' lines, Uncovered the lines that no test ran.
	Coverage  float64
	Uncovered []string
}

// PackageTests are the tests of one rule or library.
type PackageTests struct {
	// Name is the path of the file without its ending: geo/xdr_geo_allowed.
	Name string
	// Passed and Failed are the tests' names in their order in the file.
	Passed, Failed []string
}

// TestOptions say what Test runs.
type TestOptions struct {
	// Only, if it isn't empty, is an expression that the files' paths must match.
	Only string
	// Beside are rules that the tested ones may use; they aren't tested themselves.
	Beside []Tree
}

// Test runs every test of the rules of trees with OPA's own runner. The error is for files
// that don't compile.
func Test(ctx context.Context, o TestOptions, trees ...Tree) (TestReport, error) {
	chosen, err := regexp.Compile(o.Only)
	if err != nil {
		return TestReport{}, fmt.Errorf("choosing tests: %w", err)
	}
	modules, beside := map[string]*ast.Module{}, map[string]*ast.Module{}
	for _, tree := range o.Beside {
		read, err := tree.parse(false)
		if err != nil {
			return TestReport{}, err
		}
		maps.Copy(beside, read)
	}
	for _, tree := range trees {
		read, err := tree.parse(true)
		if err != nil {
			return TestReport{}, err
		}
		maps.Copy(modules, read)
	}
	maps.Copy(modules, beside)
	maps.DeleteFunc(modules, func(name string, _ *ast.Module) bool { return !chosen.MatchString(name) })
	schemas, err := inputSchemas()
	if err != nil {
		return TestReport{}, err
	}
	coverage := cover.New()
	results, err := tester.NewRunner().SetCompiler(strictCompiler(schemas)).SetModules(modules).
		SetCoverageQueryTracer(coverage).SetTimeout(time.Minute).RaiseBuiltinErrors(true).RunTests(ctx, nil)
	if err != nil {
		return TestReport{}, fmt.Errorf("testing rules: %w", err)
	}
	var all []*tester.Result
	for result := range results {
		all = append(all, result)
	}
	slices.SortFunc(all, func(a, b *tester.Result) int { return a.Location.Compare(b.Location) })
	report := TestReport{}
	packages := map[string]*PackageTests{}
	for _, result := range all {
		name := strings.TrimSuffix(result.Location.File, "_test.rego")
		if packages[name] == nil {
			packages[name] = &PackageTests{Name: name}
		}
		if result.Pass() {
			report.Passed++
			packages[name].Passed = append(packages[name].Passed, result.Name)
			continue
		}
		packages[name].Failed = append(packages[name].Failed, result.Name)
		report.Failures = append(report.Failures, fmt.Sprintf("%s: %s.%s: %s", result.Location, strings.TrimPrefix(result.Package, "data."), result.Name, outcome(result)))
	}
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		report.Packages = append(report.Packages, *packages[name])
	}
	slices.Sort(report.Failures)
	covered, uncovered := 0, 0
	for name, file := range coverage.Report(modules).Files {
		if beside[name] != nil || strings.HasSuffix(name, "_test.rego") {
			continue
		}
		covered, uncovered = covered+file.CoveredLines, uncovered+file.NotCoveredLines
		for _, part := range file.NotCovered {
			report.Uncovered = append(report.Uncovered, fmt.Sprintf("%s:%d-%d", name, part.Start.Row, part.End.Row))
		}
	}
	slices.Sort(report.Uncovered)
	report.Uncovered = slices.Compact(report.Uncovered)
	if covered+uncovered > 0 {
		report.Coverage = 100 * float64(covered) / float64(covered+uncovered)
	}
	return report, ctx.Err()
}

func outcome(result *tester.Result) string {
	switch {
	case result.Error != nil:
		return "error: " + result.Error.Error()
	case result.Skip:
		return "skipped"
	default:
		return "failed"
	}
}
