package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/policies"
)

func newDoctor(a *app) *cobra.Command {
	var from targeting
	var judging judging
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check credentials and permissions before a scan",
		Long: `doctor signs in, looks at the permissions in each API's token, and says which rules the
token can't judge and why. It reads nothing of the tenant. It ends with 4 where a rule
can't be judged, and with 5 where the sign-in fails.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			target, err := a.open(cmd.Context(), from)
			if err != nil {
				return err
			}
			defer func() {
				if closing := target.close(); err == nil {
					err = closing
				}
			}()
			set, err := judging.rules(cmd.Context(), target.config)
			if err != nil {
				return err
			}
			hindered := 0
			for _, tenant := range target.tenants {
				found, err := a.examine(cmd.Context(), a.collection(from, target, tenant, set.Kinds()), set)
				if err != nil {
					return err
				}
				hindered += found
			}
			if hindered > 0 {
				return &exitError{code: exitIncomplete}
			}
			return nil
		},
	}
	from.add(cmd)
	judging.addSelection(cmd)
	return cmd
}

// examine signs in to a tenant and tells what the token can't read. It returns the number
// of rules that can't be judged.
func (a *app) examine(ctx context.Context, collection scan.Collection, set *policies.Set) (int, error) {
	reader, gaps, err := scan.Check(ctx, collection)
	if err != nil {
		return 0, collectError(err)
	}
	fmt.Fprintf(a.Stdout, "tenant %s: signed in as application %s\n", collection.Tenant.Name, reader.AppID)
	for _, gap := range gaps {
		fmt.Fprintf(a.Stdout, "  can't read %s: %s\n", gap.Kind, gap.Message)
	}
	hindered := 0
	for _, rule := range set.Rules() {
		if why := hindrance(rule, gaps); why != "" {
			hindered++
			fmt.Fprintf(a.Stdout, "  can't judge %s: %s\n", rule.ID, why)
		}
	}
	if hindered == 0 {
		fmt.Fprintf(a.Stdout, "  nothing stands in the way of %d rules\n", len(set.Rules()))
	}
	return hindered, nil
}

// hindrance says which evidence a rule must have and can't get, or is empty.
func hindrance(rule policies.Rule, gaps []evidence.Gap) string {
	lost := func(kind string) bool {
		return slices.ContainsFunc(gaps, func(gap evidence.Gap) bool { return gap.Kind == kind })
	}
	var missing []string
	for _, kind := range rule.Evidence.All {
		if lost(kind) {
			missing = append(missing, kind)
		}
	}
	if any := rule.Evidence.Any; len(any) > 0 && !slices.ContainsFunc(any, func(kind string) bool { return !lost(kind) }) {
		missing = append(missing, "any of "+strings.Join(any, ", "))
	}
	if len(missing) == 0 {
		return ""
	}
	return "it needs " + strings.Join(missing, " and ")
}
