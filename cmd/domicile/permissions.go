package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/policies"
	"github.com/domicile-audit/domicile/remediation"
)

// need is a permission that a scan takes, and what for.
type need struct {
	API string `json:"api"`
	// Permission is an application's, empty where only a person may have it; Delegated
	// is a person's.
	Permission string `json:"permission"`
	Delegated  string `json:"delegated"`
	// Kinds are the evidence that it is for, or the actions of remediation.
	Kinds []string `json:"kinds"`
	Rules []string `json:"rules"`
}

func newPermissions(a *app) *cobra.Command {
	var judging judging
	var format string
	var changes bool
	cmd := &cobra.Command{
		Use:   "permissions",
		Short: "List the least permissions that a scan needs",
		Long: `permissions lists, for the chosen rules, the least application permissions of each API and
which evidence and rules need them. Azure Resource Manager decides by role assignments:
Reader on the subscriptions, and on the root management group for a proof of coverage.

With --remediation it lists those of the application that makes changes, which is not the one
that reads, and which actions need them. Grant it only those of the actions that you mean to
apply.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := judging.rules(cmd.Context(), nil)
			if err != nil {
				return err
			}
			needs, what := needsOf(set), "EVIDENCE"
			if changes {
				needs, what = changeNeeds(set), "ACTIONS"
			}
			if changes && (format == "az" || format == "terraform") {
				return usage(fmt.Errorf("--remediation has the formats text and json, not %s", format))
			}
			switch format {
			case "json":
				return writeIndented(a.Stdout, needs)
			case "text":
				rows := [][]string{{"API", "APPLICATION", "DELEGATED", what, "RULES"}}
				for _, n := range needs {
					rows = append(rows, []string{n.API, cmp.Or(n.Permission, "-"), cmp.Or(n.Delegated, "-"), strings.Join(n.Kinds, " "), strings.Join(n.Rules, " ")})
				}
				columns(a.Stdout, rows)
				return nil
			case "az":
				return writeAzureCLI(a.Stdout, needs)
			case "terraform":
				return writeTerraform(a.Stdout, needs)
			default:
				return usage(fmt.Errorf("--format %q is not text, json, az or terraform", format))
			}
		},
	}
	judging.addSelection(cmd)
	cmd.Flags().StringVar(&format, "format", "text", "text, json, az (a script for Azure CLI) or terraform")
	cmd.Flags().BoolVar(&changes, "remediation", false, "list those of the application that makes changes")
	offer(cmd, "format", "text", "json", "az", "terraform")
	return cmd
}

// forms are the names of a permission as an application's and as a person's. Most are the
// same; some are a person's alone, Azure's Reader is a role, and the Defender APIs name a
// person's permissions otherwise (Microsoft's permissions reference).
func forms(taken collectors.Need) (application, delegated string) {
	switch {
	case taken.Personal:
		return "", taken.Permission
	case taken.API == collectors.XDR || taken.API == collectors.MDE:
		return taken.Permission, strings.TrimSuffix(taken.Permission, ".All")
	default:
		return taken.Permission, taken.Permission
	}
}

// needsOf joins what collectors take with the rules that read their kinds.
func needsOf(set *policies.Set) []need {
	names := map[collectors.API]string{
		collectors.Graph: "Microsoft Graph", collectors.XDR: "Microsoft Threat Protection",
		collectors.MDE: "WindowsDefenderATP", collectors.ARM: "Azure Resource Manager",
	}
	var needs []need
	for _, taken := range collectors.Needs(collectors.Required(set.Kinds())) {
		name := names[taken.API]
		application, delegated := forms(taken)
		at := slices.IndexFunc(needs, func(n need) bool { return n.API == name && n.Permission == application && n.Delegated == delegated })
		if at < 0 {
			needs = append(needs, need{API: name, Permission: application, Delegated: delegated})
			at = len(needs) - 1
		}
		needs[at].Kinds = append(needs[at].Kinds, taken.Kind)
		for _, rule := range set.Rules() {
			reads := slices.Contains(collectors.Required(rule.Kinds()), taken.Kind)
			if reads && !slices.Contains(needs[at].Rules, rule.ID) {
				needs[at].Rules = append(needs[at].Rules, rule.ID)
			}
		}
	}
	for i := range needs {
		slices.Sort(needs[i].Kinds)
		slices.Sort(needs[i].Rules)
	}
	slices.SortFunc(needs, func(a, b need) int { return strings.Compare(a.API+a.Permission, b.API+b.Permission) })
	return needs
}

// changeNeeds are the permissions of the actions that the rules name.
func changeNeeds(set *policies.Set) []need {
	needs := map[string]need{}
	for _, action := range remediation.Actions() {
		var rules []string
		for _, rule := range set.Rules() {
			if rule.Action == action.ID {
				rules = append(rules, rule.ID)
			}
		}
		if len(rules) == 0 {
			continue
		}
		for _, permission := range append([]string{action.Permission}, action.Reads...) {
			n := needs[permission]
			n.API, n.Permission, n.Delegated = "Microsoft Graph", permission, permission
			n.Kinds, n.Rules = append(n.Kinds, action.ID), append(n.Rules, rules...)
			slices.Sort(n.Rules)
			n.Rules = slices.Compact(n.Rules)
			needs[permission] = n
		}
	}
	var sorted []need
	for _, permission := range sortedKeys(needs) {
		sorted = append(sorted, needs[permission])
	}
	return sorted
}
