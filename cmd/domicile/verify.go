package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/reports"
)

func newVerify(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify BUNDLE",
		Short: "Check that a bundle is whole and unchanged",
		Long: `verify reads every file of an evidence bundle and compares its hash, size and number
of objects with the manifest. It ends with 3 and names the first thing that is wrong.

The hashes guard against damage. Whoever can write the bundle can also write new hashes:
they are no proof against forgery.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			bundle, err := evidence.Verify(args[0])
			if err != nil {
				return bundleError(err)
			}
			manifest := bundle.Manifest
			objects, incomplete := 0, 0
			for _, entry := range manifest.Kinds {
				objects += entry.Objects
				if !entry.Complete {
					incomplete++
				}
			}
			_, err = fmt.Fprintf(a.Stdout, "%s is as it was written\ntenant   %s (%s, %s)\nread     %s to %s%s\nholds    %s, %s; %s incomplete, %s\ndigest   %s\n",
				args[0], reports.Visible(manifest.Tenant.Name), reports.Visible(manifest.Tenant.ID), reports.Visible(manifest.Tenant.Cloud),
				manifest.Started.Format(timeForm), manifest.Finished.Format(timeForm), resumed(manifest),
				count(len(manifest.Kinds), "kind"), count(objects, "object"), count(incomplete, "kind"), count(len(manifest.Gaps), "gap"), manifest.Digest())
			return err
		},
	}
}

// resumed says how often a collection was gone on with, if at all.
func resumed(m evidence.Manifest) string {
	if len(m.Resumed) == 0 {
		return ""
	}
	return ", resumed " + count(len(m.Resumed), "time")
}

const timeForm = "2006-01-02 15:04:05 MST"
