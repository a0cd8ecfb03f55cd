package main

import (
	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/config"
)

func newEvaluate(a *app) *cobra.Command {
	var judging judging
	var file, tenantName, out string
	cmd := &cobra.Command{
		Use:   "evaluate BUNDLE",
		Short: "Judge an evidence bundle and write reports",
		Long: `evaluate judges a bundle that collect or scan wrote, and writes result.json and one report
per format. It needs no network: an old bundle can be judged again by new rules. The
parameters come from --config, and without it from the rules' defaults.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if tenantName != "" && file == "" {
				return usage(errNoConfig)
			}
			formats, err := judging.check(a.formats(cmd.Context()))
			if err != nil {
				return err
			}
			bundle, err := evidence.Verify(args[0])
			if err != nil {
				return bundleError(err)
			}
			var cfg *config.Config
			var tenant *config.Tenant
			if file != "" {
				if cfg, err = config.Read(file); err != nil {
					return usage(err)
				}
				if tenantName == "" {
					tenantName = bundle.Manifest.Tenant.ID
				}
				if tenant, err = cfg.Tenant(tenantName); err != nil {
					return usage(err)
				}
			}
			set, err := judging.rules(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			judgement, err := a.judgement(&judging, set, cfg, tenant)
			if err != nil {
				return err
			}
			result, err := a.judge(cmd.Context(), judgement, bundle, out, formats)
			if err != nil {
				return err
			}
			return ended(result)
		},
	}
	judging.add(cmd)
	cmd.Flags().StringVar(&file, "config", "", "configuration with profile and parameters")
	cmd.Flags().StringVar(&tenantName, "tenant", "", "tenant of the configuration (default the bundle's)")
	cmd.Flags().StringVar(&judging.previous, "previous", "", "result.json of an earlier scan to compare with; the rules see the one that the bundle holds")
	cmd.Flags().StringVar(&out, "out", "out", "folder to write into")
	return cmd
}
