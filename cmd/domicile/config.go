package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/internal/alerts"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
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
		Short: "Check a configuration, and the secrets and files that it names",
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

// maxRefusals is how many refused tenants, and how many mistakes of the others, an error names.
const maxRefusals = 100

// checkConfig checks what config.Read can't: parameters against the rules, and that
// secrets and files are there.
func (a *app) checkConfig(set *policies.Set, cfg *config.Config) error {
	none := &judging{}
	_, general := a.judgement(none, set, cfg, nil)
	_, errDatabase := fleet.Address(cfg, "", a.Getenv)
	_, errPages := a.admission(cfg, roleAll)
	errs := []error{general, cfg.Refusal(maxRefusals), errDatabase, errPages, alerts.Check(cfg, a.Getenv)}
	var found mistakes
	for i := range cfg.Tenants {
		tenant := &cfg.Tenants[i]
		_, err := (&pseudonymising{}).read(cfg, tenant.ID, a.Getenv)
		found.add(tenant, err)
		if general == nil { // else each tenant would say the same again
			_, err = a.judgement(none, set, cfg, tenant)
			found.add(tenant, err)
		}
		_, err = scan.Connection(tenant, a.Getenv)
		found.add(tenant, err)
		_, err = cfg.Approvers(tenant)
		found.add(tenant, err)
		for _, patterns := range [][]string{tenant.Imports, tenant.Attestations} {
			_, err := tenant.Glob(patterns)
			found.add(tenant, err)
		}
	}
	return errors.Join(append(errs, found.err())...)
}

// mistakes are what is wrong with tenants; of what is wrong with several in the same way, as
// where they share a certificate, the first stands for all.
type mistakes struct {
	errs  []error
	times []int
	index map[string]int // of an error, by its text without the tenant's name
}

func (m *mistakes) add(tenant *config.Tenant, err error) {
	if err == nil {
		return
	}
	text := strings.ReplaceAll(err.Error(), "tenant "+tenant.Name+" ", "")
	if i, known := m.index[text]; known {
		m.times[i]++
		return
	}
	if m.index == nil {
		m.index = map[string]int{}
	}
	m.index[text] = len(m.errs)
	m.errs, m.times = append(m.errs, tenant.Blame(err)), append(m.times, 1)
}

func (m *mistakes) err() error {
	var errs []error
	for i, err := range m.errs {
		if i == maxRefusals {
			errs = append(errs, fmt.Errorf("and %d more", len(m.errs)-i))
			break
		}
		if others := m.times[i] - 1; others > 0 {
			err = fmt.Errorf("%w; the same of %s", err, count(others, "other tenant"))
		}
		errs = append(errs, err)
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
