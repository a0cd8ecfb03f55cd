package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/policies"
	"github.com/domicile-audit/domicile/reports"
)

func newDoctor(a *app) *cobra.Command {
	var from targeting
	var judging judging
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check credentials and permissions before a scan",
		Long: `doctor signs in, looks at the permissions in each API's token and at the files that the
configuration names, and says which rules can't be judged with them and why. It reads
nothing of the tenant. It ends with 4 where a rule can't be judged, and with 5 where the
sign-in fails.`,
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
			if len(target.tenants) == 0 {
				return usage(errors.New("files alone need no sign-in; name the configuration of a tenant with --config"))
			}
			worst := error(nil)
			for _, tenant := range target.tenants {
				profile, _ := target.config.Settings(tenant)
				collection, err := a.collection(from, target, tenant, set.Kinds())
				if err != nil {
					return err
				}
				hindered, err := a.examine(cmd.Context(), collection, set, profile)
				if cmd.Context().Err() != nil {
					return err
				}
				if err == nil && hindered > 0 {
					err = &exitError{code: exitIncomplete}
				}
				worst = a.goOn(cmd.Context(), worst, err, target, tenant)
			}
			return worse(cmd.Context(), worst, target.refused)
		},
	}
	from.add(cmd)
	judging.addSelection(cmd)
	return cmd
}

// examine signs in to a tenant and tells what can't be read. It returns the number of rules
// that can't be judged.
func (a *app) examine(ctx context.Context, collection scan.Collection, set *policies.Set, profile string) (int, error) {
	manifest, err := scan.Check(ctx, collection)
	if err != nil {
		return 0, collectError(err)
	}
	fmt.Fprintf(a.Stdout, "tenant %s: signed in as application %s\n", collection.Tenant.Name, reports.Visible(manifest.Reader.AppID))
	for _, gap := range manifest.Gaps {
		fmt.Fprintf(a.Stdout, "  can't read %s: %s\n", gap.Kind, reports.Visible(gap.Message))
	}
	hindered := 0
	for _, rule := range set.Settled(manifest, profile) {
		if rule.Outcome != findings.Unknown {
			continue
		}
		hindered++
		var kinds []string
		for _, reason := range rule.Reasons {
			kinds = append(kinds, reason.Kind)
		}
		fmt.Fprintf(a.Stdout, "  can't judge %s: it needs %s\n", rule.ID, strings.Join(kinds, ", "))
	}
	if hindered == 0 {
		fmt.Fprintf(a.Stdout, "  what %s must have can be read\n", count(len(set.Rules()), "rule"))
	}
	return hindered, nil
}
