package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/internal/alerts"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/policies"
)

func newConfig(a *app) *cobra.Command {
	return group("config", "Check a configuration, or print its schema", newConfigCheck(a), newConfigSchema(a))
}

func newConfigCheck(a *app) *cobra.Command {
	var file string
	check := &cobra.Command{
		Use:   "check",
		Short: "Check a configuration, and that secrets and files it names are there",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := config.Read(file)
			if err != nil {
				return usage(err)
			}
			set, err := policies.Read(policies.Builtin())
			if err != nil {
				return err
			}
			if err := a.checkConfig(set, cfg); err != nil {
				return usage(err)
			}
			_, err = fmt.Fprintf(a.Stdout, "%s is sound: %s, %s\n", file, count(len(cfg.Tenants), "tenant"), count(len(cfg.Params), "parameter"))
			return err
		},
	}
	check.Flags().StringVar(&file, "config", config.FileName, "configuration to check")
	return check
}

func newConfigSchema(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of a configuration",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			set, err := policies.Read(policies.Builtin())
			if err != nil {
				return err
			}
			data, err := config.Schema(policies.Profiles(), paramSchemas(set))
			if err != nil {
				return err
			}
			_, err = a.Stdout.Write(data)
			return err
		},
	}
}

// maxRefusals is how many refused tenants an error names.
const maxRefusals = 100

// checkConfig checks what config.Read can't: parameters against the rules, and that
// secrets and files are there.
func (a *app) checkConfig(set *policies.Set, cfg *config.Config) error {
	none := &judging{}
	_, general := a.judgement(none, set, cfg, nil)
	errs := []error{general, cfg.Refusal(maxRefusals), alerts.Check(cfg, a.Getenv)}
	for i := range cfg.Tenants {
		tenant := &cfg.Tenants[i]
		_, err := (&pseudonymising{}).read(cfg, tenant.ID, a.Getenv)
		errs = append(errs, tenant.Blame(err))
		if general == nil { // else each tenant would say the same again
			_, err = a.judgement(none, set, cfg, tenant)
			errs = append(errs, tenant.Blame(err))
		}
		_, err = scan.Connection(tenant, a.Getenv)
		errs = append(errs, tenant.Blame(err))
		for _, patterns := range [][]string{tenant.Imports, tenant.Attestations} {
			_, err := tenant.Glob(patterns)
			errs = append(errs, tenant.Blame(err))
		}
	}
	return errors.Join(errs...)
}

// paramSchemas describes the rules' parameters as JSON Schema.
func paramSchemas(set *policies.Set) map[string]any {
	schemas := map[string]any{}
	for name, param := range set.Params() {
		schema := map[string]any{"type": param.Type.Name}
		if param.Type.List {
			schema = map[string]any{"type": "array", "items": map[string]any{"type": param.Type.Name}}
		}
		schema["description"] = param.Description
		if len(param.Values) > 0 {
			schema["enum"] = param.Values
		}
		if len(param.Default) > 0 {
			schema["default"] = param.Default
		}
		schemas[name] = schema
	}
	return schemas
}
