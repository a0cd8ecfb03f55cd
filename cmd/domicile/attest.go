package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/reports"
)

func newAttest(a *app) *cobra.Command {
	return group("attest", "Write and check statements about what no API tells", newAttestNew(a), newAttestSign(a), newAttestCheck(a))
}

func newAttestNew(a *app) *cobra.Command {
	var file, tenantName, out string
	var facts strings.Builder
	for _, fact := range collectors.Facts() {
		fmt.Fprintf(&facts, "  %-22s %s\n", fact.Name, fact.About)
	}
	cmd := &cobra.Command{
		Use:   "new FACT",
		Short: "Write a template of a statement",
		Long: `new writes a template of a statement for two people to fill in: the value is an example,
and people and hashes are left empty, so that the template itself is not sound. Facts:

` + facts.String(),
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			fact, err := factByName(args[0])
			if err != nil {
				return usage(err)
			}
			_, tenant, err := attestedTenant(file, tenantName)
			if err != nil {
				return usage(err)
			}
			text := template(fact, tenant, a.Now().UTC())
			if out == "-" {
				_, err := io.WriteString(a.Stdout, text)
				return err
			}
			if _, err := os.Stat(out); err == nil {
				return usage(fmt.Errorf("%s exists already; name another file with --out", out))
			}
			if err := scan.WriteFile(out, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
				return err
			}
			a.say("wrote %s; fill it in and run domicile attest check %s", out, out)
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "configuration from which tenant and cloud are taken")
	cmd.Flags().StringVar(&tenantName, "tenant", "", "tenant of the configuration")
	cmd.Flags().StringVar(&out, "out", "-", "file to write, - for standard output")
	return cmd
}

func factByName(name string) (collectors.Fact, error) {
	var known []string
	for _, fact := range collectors.Facts() {
		if fact.Name == name {
			return fact, nil
		}
		known = append(known, fact.Name)
	}
	return collectors.Fact{}, fmt.Errorf("fact %q is unknown; known are %s", name, strings.Join(known, ", "))
}

// attestedTenant is the tenant that statements are about, and the configuration that names
// it; without a configuration it is left open.
func attestedTenant(file, name string) (*config.Config, evidence.Tenant, error) {
	if file == "" {
		if name != "" {
			return nil, evidence.Tenant{}, errNoConfig
		}
		return nil, evidence.Tenant{}, nil
	}
	cfg, err := config.Read(file)
	if err != nil {
		return nil, evidence.Tenant{}, err
	}
	tenant, err := cfg.Tenant(name)
	if err != nil {
		return nil, evidence.Tenant{}, err
	}
	return cfg, scan.TenantOf(tenant), nil
}

// template is a statement of a fact with an example for a value.
func template(fact collectors.Fact, tenant evidence.Tenant, now time.Time) string {
	value := "  " + strings.ReplaceAll(strings.TrimSpace(fact.Example), "\n", "\n  ")
	return fmt.Sprintf(`# %s: %s
# Fill in what is empty, replace the example, and have a second person review it.
schemaVersion: 1
tenantId: %q
cloud: %q
fact: %s
value:
%s
observedAt: %s
observedBy:
  upn: ""
  objectId: ""
  roleTemplateId: ""
method: ""                # the portal page, cmdlet or ticket
artefacts:
  - sha256: ""            # of the screenshot, export or text that you keep
    mediaType: ""
    description: ""
validUntil: %s
reviewer:
  upn: ""
  objectId: ""
`, fact.Name, fact.About, tenant.ID, tenant.Cloud, fact.Name, value, now.Format(time.RFC3339), now.AddDate(1, 0, 0).Format(time.DateOnly))
}

func newAttestSign(a *app) *cobra.Command {
	var source string
	cmd := &cobra.Command{
		Use:   "sign FILE",
		Short: "Sign statements that were filled in and reviewed",
		Long: `sign writes a signature beside a file of statements: geo.dsse.json for geo.yaml. A second
person's signature goes into the same file. Whoever changes the statements afterwards has
them signed again. A statement counts as signed where the key of one of its two people is
trusted under the person's user principal name (trusted_keys).`,
		Example: "  domicile attest sign attestations/geo.yaml --key ~/keys/adele.pem",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			key, err := config.ReadKey(source, a.Getenv)
			if err != nil {
				return usage(err)
			}
			envelope, err := scan.SignAttestation(args[0], "domicile "+version, key)
			if err != nil {
				return usage(err)
			}
			a.say("wrote %s, signed by key %s", envelope, key.ID())
			return nil
		},
	}
	cmd.Flags().StringVar(&source, "key", "", "your private key, a PEM file or env:NAME for a variable of the environment")
	// The only error is a flag that isn't there.
	_ = cmd.MarkFlagRequired("key")
	return cmd
}

func newAttestCheck(a *app) *cobra.Command {
	var file, tenantName string
	var proof signatures
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Check statements, and say what is wrong with them",
		Long: `check reads statements as collect does and says which check fails and why. It ends with 3
where one does. Tenant and cloud are held against the configuration's.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			cfg, tenant, err := attestedTenant(file, tenantName)
			if err != nil {
				return usage(err)
			}
			trust, err := proof.trust(cfg)
			if err != nil {
				return err
			}
			var files []collectors.File
			for _, path := range args {
				file, err := scan.ReadAttestation(path)
				if err != nil {
					return usage(fmt.Errorf("reading attestation: %w", err))
				}
				files = append(files, file)
			}
			read, err := collectors.ReadAttestations(files, collectors.ImportOptions{Tenant: tenant, Now: a.Now(), Trust: trust})
			if err != nil {
				return usage(err)
			}
			failed, err := showChecks(a.Stdout, read.Objects, proof.Required)
			if err != nil || failed == 0 {
				return err
			}
			return &exitError{code: exitViolations}
		},
	}
	proof.addTrust(cmd)
	cmd.Flags().StringVar(&file, "config", config.FileName, "configuration with the tenant and the trusted keys")
	cmd.Flags().StringVar(&tenantName, "tenant", "", "tenant of the configuration")
	return cmd
}

// showChecks writes a line for each statement and each failed check, and returns the
// number of statements that fail one, or that are to be signed and aren't.
func showChecks(w io.Writer, statements []json.RawMessage, signed bool) (int, error) {
	failed := 0
	for _, raw := range statements {
		var statement struct {
			File   string `json:"file"`
			Fact   string `json:"fact"`
			Signed bool   `json:"signed"`
			Checks []struct {
				Name    string `json:"name"`
				OK      bool   `json:"ok"`
				Message string `json:"message"`
			} `json:"checks"`
		}
		if err := json.Unmarshal(raw, &statement); err != nil {
			return failed, errors.Join(errors.New("reading a statement back"), err)
		}
		var problems []string
		for _, check := range statement.Checks {
			if !check.OK {
				problems = append(problems, fmt.Sprintf("  %s: %s\n", check.Name, reports.Visible(check.Message)))
			}
		}
		verdict := "sound"
		if len(problems) > 0 {
			failed++
			verdict = "not sound"
		}
		if !statement.Signed {
			verdict += ", unsigned"
		}
		if !statement.Signed && signed && len(problems) == 0 {
			failed++
		}
		if _, err := fmt.Fprintf(w, "%s: %s: %s\n%s", reports.Visible(statement.File), reports.Visible(statement.Fact), verdict, strings.Join(problems, "")); err != nil {
			return failed, err
		}
	}
	return failed, nil
}
