package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/pseudonym"
	"github.com/domicile-audit/domicile/policies"
)

// pseudonymising are the flags that say whether pseudonyms take the place of what tells who
// somebody is, and with which key.
type pseudonymising struct {
	on  bool
	key string
	// configured says that the configuration may ask for pseudonyms too.
	configured bool
}

func (p *pseudonymising) add(cmd *cobra.Command) {
	p.configured = true
	cmd.Flags().BoolVar(&p.on, "pseudonymise", false, "write pseudonyms in the place of names, user principal names and ids, before anything is on disk, also where the configuration doesn't say so (docs/privacy.md)")
	p.addKey(cmd)
}

func (p *pseudonymising) addKey(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.key, "pseudonym-key", "", "key of the pseudonyms, a file or env:NAME for a variable of the environment (default the configuration's pseudonym_key)")
}

var errNoPseudonymKey = errors.New("pseudonyms take a key: name it with --pseudonym-key, or in the configuration under pseudonym_key; domicile key new --pseudonyms makes one")

// read reads the key for a tenant; nil where none is named. cfg may be nil.
func (p *pseudonymising) read(cfg *config.Config, tenant string, getenv func(string) string) (*pseudonym.Key, error) {
	source := p.key
	if source == "" && cfg != nil {
		source = cfg.PseudonymKeyPath()
	}
	if source == "" {
		return nil, nil //nolint:nilnil // no key is no error
	}
	key, err := config.ReadPseudonymKey(source, getenv, tenant, policies.NamedIDs())
	return key, usage(err)
}

// asked reads the key where pseudonyms are asked for, for which it must be known whose; nil where they
// aren't. cfg and tenant may be nil.
func (p *pseudonymising) asked(cfg *config.Config, tenant *config.Tenant, getenv func(string) string) (*pseudonym.Key, error) {
	on := p.on || p.configured && tenant != nil && cfg.Pseudonymised(tenant)
	switch {
	case !on && p.key != "":
		return nil, usage(errors.New("--pseudonym-key is for --pseudonymise; give both, or none"))
	case !on:
		return nil, nil //nolint:nilnil // none are asked for
	case tenant == nil:
		return nil, usage(errors.New("pseudonyms are those of one tenant; name it with --config and --tenant"))
	}
	key, err := p.read(cfg, tenant.ID, getenv)
	if err == nil && key == nil {
		err = usage(errNoPseudonymKey)
	}
	return key, err
}

// pseudonymised is whose evidence or result has the pseudonyms of which key, which its
// fingerprint names; empty for none.
type pseudonymised struct{ tenant, by string }

// of reads the key of the pseudonyms that evidence or a result has. It takes none where there
// are none, and where nothing names a person that is held against them. cfg may be nil.
func (p *pseudonymising) of(what pseudonymised, cfg *config.Config, waivers bool, getenv func(string) string) (*pseudonym.Key, error) {
	if what.by == "" {
		return nil, nil //nolint:nilnil // there are none
	}
	key, err := p.read(cfg, what.tenant, getenv)
	switch {
	case err != nil:
		return nil, err
	case key == nil && cfg == nil && !waivers:
		return nil, nil //nolint:nilnil // none is needed
	case key == nil:
		return nil, usage(fmt.Errorf("the evidence has pseudonyms, with which the accounts and applications that the configuration and the waivers name can be compared only with their key (%s): %w", what.by, errNoPseudonymKey))
	case key.Fingerprint() != what.by:
		return nil, usage(fmt.Errorf("the evidence has pseudonyms of the key %s, and not of this one, %s", what.by, key.Fingerprint()))
	}
	return key, nil
}

// fingerprintOf is a key's fingerprint; empty for none.
func fingerprintOf(key *pseudonym.Key) string {
	if key == nil {
		return ""
	}
	return key.Fingerprint()
}

func newPseudonym(a *app) *cobra.Command {
	var p pseudonymising
	var file, tenantName string
	cmd := &cobra.Command{
		Use:   "pseudonym VALUE...",
		Short: "Print the pseudonym of a name or an id, to look for it in a report",
		Long: `pseudonym prints what stands for a value in the pseudonymised evidence and reports of a
tenant: for an object id, a user principal name, a name as the directory shows it, or the
name of a computer. It takes the key; the other way there is none but trying.`,
		Example: "  domicile pseudonym --tenant contoso adele@contoso.example",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			cfg, err := config.Read(file)
			if err != nil {
				return usage(err)
			}
			tenant, err := cfg.Tenant(tenantName)
			if err != nil {
				return usage(err)
			}
			p.on = true
			key, err := p.asked(cfg, tenant, a.Getenv)
			if err != nil {
				return err
			}
			var rows [][]string
			for _, value := range args {
				if person := key.Person(value); !strings.HasPrefix(person, "person ") {
					rows = append(rows, []string{value, person})
					continue
				}
				digits := strings.TrimPrefix(key.Name("name", value), "name ")
				rows = append(rows, []string{value, "name " + digits + " (user, group or application " + digits + ")"},
					[]string{value, key.Host(value)}, []string{value, key.ID(value)})
			}
			columns(a.Stdout, rows)
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "config", config.FileName, "configuration to read")
	cmd.Flags().StringVar(&tenantName, "tenant", "", "tenant of the configuration, by name or id")
	p.addKey(cmd)
	return cmd
}
