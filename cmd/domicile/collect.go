package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/reports"
)

// collectGC is by how many per cent the memory of a collection may grow before garbage is
// collected. It keeps a page and what it has seen, so that going over that often costs
// next to nothing, and keeps a large collection below 48 MiB.
const collectGC = 25

func newCollect(a *app) *cobra.Command {
	var from targeting
	var out string
	var kinds []string
	cmd := &cobra.Command{
		Use:   "collect",
		Short: "Read a tenant, or files, into an evidence bundle",
		Long: `collect reads a tenant, or files that somebody exported, into an evidence bundle. It ends
with 4 where a kind that was asked for has a gap. With --import and neither --config nor
--tenant, only what the files hold is in the bundle, and no network is used.

A collection that was interrupted goes on with --resume: after the last page that was read
whole, as of the time when it began. Its tenant, application and kinds must be the same;
imports and attestations are read anew. Where there is nothing to go on with, or only what
is of another version or more than a day off, --resume starts afresh, so that a scheduler
can always pass it. Without --resume what was left gives way.

With --since only what has changed since an earlier bundle of the tenant is read of groups,
applications, service principals and delegated permissions, where the service still knows
(about a week). Everything else is read in full, and so are these where the earlier bundle
can't be relied on. The objects are the same as those of a full read. Where there is no
bundle yet, everything is read. --since and --out may name the same folder.`,
		Example: `  domicile collect --tenant contoso --out evidence
  domicile collect --tenant contoso --out evidence --since evidence --resume
  domicile collect --import ProviderSettingsExport.json --out evidence`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			target, err := a.open(cmd.Context(), from)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, target.close()) }()
			if len(target.tenants) > 1 || target.refused != nil {
				return usage(errors.New("the configuration has several tenants; choose one with --tenant"))
			}
			var tenant *config.Tenant
			if len(target.tenants) == 1 {
				tenant = target.tenants[0]
				if err := knownKinds(kinds); err != nil {
					return usage(err)
				}
			} else if len(kinds) > 0 {
				return usage(errors.New("--kind chooses what is read of a tenant; leave it out where files alone are imported"))
			}
			defer debug.SetGCPercent(debug.SetGCPercent(collectGC))
			collection, err := a.collection(from, target, tenant, kinds)
			if err != nil {
				return err
			}
			manifest, err := scan.Collect(cmd.Context(), out, collection)
			if err != nil {
				return collectError(err)
			}
			return a.collected(out, manifest)
		},
	}
	from.add(cmd)
	from.addBundle(cmd)
	from.proof.addKey(cmd)
	from.proof.addTrust(cmd)
	cmd.Flags().StringVar(&out, "out", "evidence", "folder of the bundle")
	cmd.Flags().StringSliceVar(&kinds, "kind", nil, "only these kinds of evidence (default all that the cloud has and an application may read)")
	return cmd
}

func knownKinds(kinds []string) error {
	for _, kind := range kinds {
		if _, err := evidence.SchemaOf(kind); err != nil {
			return err
		}
	}
	return nil
}

// collected tells what a bundle holds and ends with 4 where it has gaps.
func (a *app) collected(dir string, manifest evidence.Manifest) error {
	if !a.quiet {
		rows := [][]string{{"KIND", "OBJECTS", "COMPLETE", "TIER"}}
		for _, entry := range manifest.Kinds {
			rows = append(rows, []string{entry.Kind, fmt.Sprint(entry.Objects), fmt.Sprint(entry.Complete), string(entry.Tier)})
		}
		columns(a.Stdout, rows)
		for _, gap := range manifest.Gaps {
			fmt.Fprintf(a.Stdout, "gap: %s: %s. %s\n", gap.Kind, gap.Reason, reports.Visible(gap.Message))
		}
		fmt.Fprintf(a.Stdout, "wrote %s, digest %s\n", dir, manifest.Digest())
	}
	asked := func(gap evidence.Gap) bool { return slices.Contains(manifest.Asked, gap.Kind) }
	if slices.ContainsFunc(manifest.Gaps, asked) {
		return &exitError{code: exitIncomplete}
	}
	return nil
}
