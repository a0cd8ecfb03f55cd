package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
)

func newEvaluate(a *app) *cobra.Command {
	var judging judging
	var pseudonyms pseudonymising
	var file, tenantName, out, expect string
	cmd := &cobra.Command{
		Use:   "evaluate BUNDLE",
		Short: "Judge an evidence bundle and write reports",
		Long: `evaluate judges a bundle that collect or scan wrote, and writes result.json and one report
per format. It needs no network: an old bundle can be judged again by new rules. The
parameters come from --config, and without it from the rules' defaults. A bundle may be a
folder or a packed file; one whose signature doesn't hold is refused.

With --expect it writes nothing, and shows that the evidence, the rules and the options give
a result.json again, byte for byte. It ends with 0 where they do, whatever the verdicts, and
else with 3 and the first difference. The options are to be those of then.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if tenantName != "" && file == "" {
				return usage(errNoConfig)
			}
			formats, err := judging.check(a.formats(cmd.Context()))
			if err != nil {
				return err
			}
			var cfg *config.Config
			if file != "" {
				if cfg, err = config.Read(file); err != nil {
					return usage(err)
				}
			}
			trust, err := judging.proof.trust(cfg)
			if err != nil {
				return err
			}
			bundle, done, err := judging.proof.bundle(args[0], trust)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, done()) }()
			var tenant *config.Tenant
			if cfg != nil {
				if tenantName == "" {
					tenantName = bundle.Manifest.Tenant.ID
				}
				if tenant, err = cfg.Tenant(tenantName); err != nil {
					return usage(err)
				}
				if id := bundle.Manifest.Tenant.ID; !strings.EqualFold(id, tenant.ID) {
					return &exitError{exitViolations, fmt.Errorf("%s is of tenant %s, and not of %s", args[0], id, tenant.ID)}
				}
			}
			if judging.Pseudonyms, err = pseudonyms.of(pseudonymised{bundle.Manifest.Tenant.ID, bundle.Manifest.Pseudonyms}, cfg, judging.Waivers != "", a.Getenv); err != nil {
				return err
			}
			set, err := judging.rules(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			to, err := a.openRecorder(cmd.Context(), judging.record)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, to.close()) }()
			if judging.Previous == historyPrevious {
				if err := os.MkdirAll(out, 0o700); err != nil {
					return usage(err)
				}
				of := scan.Before{Tenant: bundle.Manifest.Tenant.ID, Time: bundle.Manifest.Started, Pseudonyms: bundle.Manifest.Pseudonyms}
				if err := judging.takePrevious(cmd.Context(), a, to, previousOf{of, out, cfg}); err != nil {
					return err
				}
			}
			judgement, err := a.judgement(&judging, set, cfg, tenant)
			if err != nil {
				return err
			}
			if expect != "" {
				expected, digest, err := judging.proof.result(expect, trust)
				if err != nil {
					return err
				}
				return a.expect(cmd.Context(), judgement, bundle, scan.Compared{Result: expected, Digest: digest}, expect)
			}
			result, err := a.run(judgement, out, formats, to).Judge(cmd.Context(), bundle)
			if err != nil {
				return runError(err)
			}
			return ended(result)
		},
	}
	judging.add(cmd)
	judging.proof.addKey(cmd)
	judging.proof.addTrust(cmd)
	pseudonyms.addKey(cmd)
	cmd.Flags().StringVar(&expect, "expect", "", "result.json that must come out again; nothing is written")
	cmd.Flags().StringVar(&file, "config", "", "configuration with profile and parameters")
	cmd.Flags().StringVar(&tenantName, "tenant", "", "tenant of the configuration (default the bundle's)")
	cmd.Flags().StringVar(&judging.Previous, "previous", "", "result.json of an earlier scan to compare with, or history for the newest one before that --record recorded; the rules see the one that the bundle holds, and the reports the remediations that are recorded since")
	cmd.Flags().StringVar(&out, "out", "out", "folder to write into")
	return cmd
}

// expect judges a bundle and compares the result with one that was written before.
func (a *app) expect(ctx context.Context, judgement scan.Judgement, bundle *evidence.Bundle, expected scan.Compared, path string) error {
	result, err := judgement.Judge(ctx, bundle)
	if err != nil {
		return err
	}
	got := sha256.New()
	if err := result.Write(got); err != nil {
		return err
	}
	if expected.Digest == hex.EncodeToString(got.Sum(nil)) {
		_, err := fmt.Fprintf(a.Stdout, "%s came out again, byte for byte (sha256 %s)\n", path, expected.Digest)
		return err
	}
	difference := scan.Difference(expected.Result, result.Normalised())
	if difference == "" {
		difference = "its text: it says the same, and was written in another way"
	}
	return &exitError{exitViolations, fmt.Errorf("%s did not come out again; %s", path, difference)}
}
