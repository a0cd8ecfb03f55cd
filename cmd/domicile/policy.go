package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/policies"
)

func newPolicy(a *app) *cobra.Command {
	return group("policy", "List, show, test and start rules", newPolicyList(a), newPolicyShow(a), newPolicyTest(a), newPolicyNew(a))
}

func newPolicyList(a *app) *cobra.Command {
	var judging judging
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the rules",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := judging.rules(cmd.Context(), nil)
			if err != nil {
				return err
			}
			switch format {
			case "json":
				return writeIndented(a.Stdout, describeRules(set))
			case "text":
				rows := [][]string{{"ID", "SEVERITY", "SCOPE", "TITLE"}}
				for _, rule := range set.Rules() {
					rows = append(rows, []string{rule.ID, string(rule.Severity), rule.Scope, rule.Title})
				}
				columns(a.Stdout, rows)
				return nil
			default:
				return usage(fmt.Errorf("--format %q is not text or json", format))
			}
		},
	}
	judging.addSelection(cmd)
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	offer(cmd, "format", "text", "json")
	return cmd
}

// described is a rule as policy list --format json shows it.
type described struct {
	ID          string              `json:"id"`
	Title       string              `json:"title"`
	Description string              `json:"description"`
	Topic       string              `json:"topic"`
	Severity    string              `json:"severity"`
	Scope       string              `json:"scope"`
	Profiles    []string            `json:"profiles"`
	Clouds      map[string][]string `json:"clouds"`
	Evidence    policies.Needs      `json:"evidence"`
	Params      []string            `json:"params"`
	Frameworks  any                 `json:"frameworks"`
	References  []string            `json:"references"`
	Remediation map[string]any      `json:"remediation"`
}

func describeRules(set *policies.Set) []described {
	list := []described{}
	for _, rule := range set.Rules() {
		list = append(list, described{
			ID: rule.ID, Title: rule.Title, Description: rule.Description, Topic: rule.Topic, Severity: string(rule.Severity),
			Scope: rule.Scope, Profiles: rule.Profiles, Clouds: rule.Clouds, Evidence: rule.Evidence, Params: sortedKeys(rule.Params),
			Frameworks: rule.Frameworks, References: rule.References,
			Remediation: map[string]any{"summary": rule.Summary, "steps": rule.Steps, "action": rule.Action},
		})
	}
	return list
}

func sortedKeys[V any](m map[string]V) []string {
	keys := []string{}
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func writeIndented(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

func newPolicyShow(a *app) *cobra.Command {
	var judging judging
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a rule: why it matters, what it reads, how to mend it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			judging.Selection.Rules = args
			set, err := judging.rules(cmd.Context(), nil)
			if err != nil {
				return err
			}
			for _, rule := range set.Rules() {
				showRule(a.Stdout, rule)
			}
			return nil
		},
	}
	judging.addTrees(cmd)
	return cmd
}

func showRule(w io.Writer, rule policies.Rule) {
	fmt.Fprintf(w, "%s  %s (%s)\n\n%s\n\n", rule.ID, rule.Title, rule.Severity, rule.Description)
	fmt.Fprintf(w, "Scope       %s\nProfiles    %s\n", rule.Scope, strings.Join(rule.Profiles, ", "))
	for _, need := range []struct {
		name  string
		kinds []string
	}{{"needs all", rule.Evidence.All}, {"needs any", rule.Evidence.Any}, {"adds", rule.Evidence.Optional}} {
		if len(need.kinds) > 0 {
			fmt.Fprintf(w, "%-11s %s\n", need.name, strings.Join(need.kinds, ", "))
		}
	}
	for _, name := range sortedKeys(rule.Params) {
		param := rule.Params[name]
		value := "no default"
		if len(param.Default) > 0 {
			value = "default " + string(param.Default)
		}
		fmt.Fprintf(w, "Parameter   %s (%s, %s): %s\n", name, param.Type, value, param.Description)
	}
	for _, name := range sortedKeys(rule.Frameworks) {
		for _, control := range rule.Frameworks[name] {
			fmt.Fprintf(w, "Supports    %s %s (%s)\n", name, control.ID, control.Coverage)
		}
	}
	fmt.Fprintf(w, "\nRemediation: %s\n", rule.Summary)
	if rule.Action != "" {
		fmt.Fprintf(w, "  domicile remediate plan proposes the action %s.\n", rule.Action)
	}
	for _, profile := range policies.Profiles() {
		if steps, own := rule.Steps[profile]; own {
			fmt.Fprintf(w, "  %s\n", profile)
			for i, step := range steps {
				fmt.Fprintf(w, "  %d. %s\n", i+1, step)
			}
		}
	}
	for _, reference := range rule.References {
		fmt.Fprintf(w, "\n%s", reference)
	}
	fmt.Fprintln(w)
}

func newPolicyTest(a *app) *cobra.Command {
	var judging judging
	var all, verbose bool
	cmd := &cobra.Command{
		Use:   "test",
		Short: "Run the tests of the rules, or of those of --policy alone",
		Long: `test runs the tests of the rules and says which of their lines no test runs. With --policy
these are the tests of your own rules, which may use the shipped libraries; --all runs the
shipped tests too. It ends with 3 where a test fails or a line is left out.`,
		Example: `  domicile policy test --policy rules
  domicile policy test --policy rules --all --verbose`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := judging.rules(cmd.Context(), nil)
			if err != nil {
				return err
			}
			trees, err := judging.Trees(nil)
			if err != nil {
				return usage(err)
			}
			var options policies.TestOptions
			if len(trees) > 1 && !all {
				options.Beside, trees = trees[:1], trees[1:]
			}
			report, err := policies.Test(cmd.Context(), options, trees...)
			if err != nil {
				return usage(err)
			}
			showTests(a.Stdout, rulesIn(set, trees), report, verbose)
			if len(report.Failures) > 0 || len(report.Uncovered) > 0 {
				return &exitError{code: exitViolations}
			}
			return nil
		},
	}
	judging.addTrees(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "with --policy, run the tests of the shipped rules too")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "name every test")
	return cmd
}

// rulesIn are the rules of a set that stand in trees.
func rulesIn(set *policies.Set, trees []policies.Tree) []policies.Rule {
	var rules []policies.Rule
	for _, rule := range set.Rules() {
		if slices.ContainsFunc(trees, func(tree policies.Tree) bool { _, holds := tree[rule.File]; return holds }) {
			rules = append(rules, rule)
		}
	}
	return rules
}

// showTests writes a line a rule, by its id, then a line a library, each with its tests
// where all is wanted, then what went wrong, and the sum.
func showTests(w io.Writer, rules []policies.Rule, report policies.TestReport, all bool) {
	of := map[string]policies.PackageTests{}
	for _, tests := range report.Packages {
		of[tests.Name] = tests
	}
	rows := [][]string{{"ID", "PASSED", "NAME"}}
	add := func(id string, tests policies.PackageTests) {
		rows = append(rows, []string{id, fmt.Sprintf("%d of %d", len(tests.Passed), len(tests.Passed)+len(tests.Failed)), tests.Name})
		if !all {
			return
		}
		for _, name := range tests.Passed {
			rows = append(rows, []string{"", "ok", name})
		}
		for _, name := range tests.Failed {
			rows = append(rows, []string{"", "FAIL", name})
		}
	}
	for _, rule := range rules {
		name := strings.TrimSuffix(rule.File, ".rego")
		tests := of[name]
		tests.Name = name
		delete(of, name)
		add(rule.ID, tests)
	}
	for _, name := range sortedKeys(of) {
		add("", of[name])
	}
	columns(w, rows)
	fmt.Fprintln(w)
	for _, failure := range report.Failures {
		fmt.Fprintln(w, "FAIL", failure)
	}
	for _, line := range report.Uncovered {
		fmt.Fprintln(w, "not covered by any test:", line)
	}
	fmt.Fprintf(w, "%d tests passed, %d failed, coverage %.1f %%\n", report.Passed, len(report.Failures), report.Coverage)
}
