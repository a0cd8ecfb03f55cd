package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/pseudonym"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/signing"
	"github.com/domicile-audit/domicile/policies"
)

// setup is a configuration with what is made of it once: compiled rules, keys and schedules. A
// scan goes by one setup from its beginning to its end.
type setup struct {
	config    *config.Config
	set       *policies.Set
	settings  scan.Settings
	proof     scan.Signatures
	trust     signing.Trust
	key       *signing.Key
	schedules []schedule
	named     map[string][]schedule // by the tenants' names
	getenv    func(string) string
}

// newSetup checks a configuration. What only one tenant lacks, such as its secret, is left to
// that tenant's scans.
func newSetup(ctx context.Context, cfg *config.Config, tool findings.Tool, getenv func(string) string) (*setup, error) {
	s := &setup{config: cfg, settings: scan.Settings{FailOn: cmp.Or(cfg.Serve.FailOn, string(findings.High)), Tool: tool}, getenv: getenv}
	var err error
	if s.set, err = s.settings.Rules(ctx, cfg); err != nil {
		return nil, err
	}
	if s.trust, err = s.proof.Trust(cfg); err != nil {
		return nil, err
	}
	s.settings.Signed = s.proof.Required
	if s.key, err = s.proof.SigningKey(cfg, s.trust, getenv); err != nil {
		return nil, err
	}
	ids := map[string]string{}
	err = cfg.Sift(func(tenant *config.Tenant) error {
		if other, known := ids[tenant.ID]; known {
			return fmt.Errorf("tenant %s is the same, %s", other, tenant.ID)
		}
		ids[tenant.ID] = tenant.Name
		if tenant.Auth.Method == "device_code" {
			return errors.New("it signs in with device_code, and nobody is there to enter a code; choose another method")
		}
		key, err := s.pseudonyms(tenant)
		if err != nil {
			return err
		}
		_, err = s.judgement(tenant, key, "")
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.schedules, err = schedulesOf(cfg); err != nil {
		return nil, err
	}
	s.named = map[string][]schedule{}
	for _, schedule := range s.schedules {
		s.named[schedule.tenant.Name] = append(s.named[schedule.tenant.Name], schedule)
	}
	return s, nil
}

// judgement says how a tenant is judged, whose evidence has the pseudonyms of a key, nil for none, and
// with which earlier result it is compared, empty for none.
func (s *setup) judgement(tenant *config.Tenant, pseudonyms *pseudonym.Key, previous string) (scan.Judgement, error) {
	settings := s.settings
	settings.Pseudonyms, settings.Previous = pseudonyms, previous
	judgement, err := settings.Judgement(s.set, s.config, tenant, s.trust)
	judgement.Key = s.key
	return judgement, err
}

// pseudonyms is the key of the pseudonyms that a tenant's evidence is to have; nil for none.
func (s *setup) pseudonyms(tenant *config.Tenant) (*pseudonym.Key, error) {
	if !s.config.Pseudonymised(tenant) {
		return nil, nil //nolint:nilnil // none are asked for
	}
	return s.pseudonymKey(tenant)
}

// pseudonymKey is the key of a tenant's pseudonyms; nil where the configuration names none.
func (s *setup) pseudonymKey(tenant *config.Tenant) (*pseudonym.Key, error) {
	path := s.config.PseudonymKeyPath()
	if path == "" {
		return nil, nil //nolint:nilnil // no key is no error
	}
	return config.ReadPseudonymKey(path, s.getenv, tenant.ID, policies.NamedIDs())
}

// tenant finds a tenant by its name or id.
func (s *setup) tenant(name string) (*config.Tenant, error) {
	for i := range s.config.Tenants {
		if tenant := &s.config.Tenants[i]; name != "" && (tenant.Name == name || strings.EqualFold(tenant.ID, name)) {
			return tenant, nil
		}
	}
	return nil, fmt.Errorf("tenant %q: %w", name, ErrNoTenant)
}

// errDatabase says that a configuration names another database than the one in use.
var errDatabase = errors.New("serve.database can't be changed while it is in use; end the program and start it again")
