package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/domicile-audit/domicile/internal/signing"
)

// defaultChanges is the greatest number of changes in a plan where the configuration sets none.
const defaultChanges = 20

// Remediation says how changes are made.
type Remediation struct {
	// Auth signs in the application that makes changes, which isn't the one that reads. It is
	// nil where none is set.
	Auth *Auth `yaml:"auth"`
	// MaxChanges is the greatest number of changes in a plan; 0 where it isn't set.
	MaxChanges int `yaml:"max_changes"`
	// RequireApproval says that somebody other than its author has to approve a plan before it
	// is applied. A tenant can demand it, and not do without where it is demanded for all.
	RequireApproval bool `yaml:"require_approval"`
	// Approvers are the keys of those who may approve. One without a name is that of a service
	// that signs people in and names them itself.
	Approvers []TrustedKey `yaml:"approvers"`
}

func (r Remediation) check() []error {
	var errs []error
	if r.MaxChanges < 0 {
		errs = append(errs, errors.New("remediation.max_changes is less than nothing"))
	}
	if r.Auth != nil {
		for _, err := range r.Auth.check() {
			errs = append(errs, fmt.Errorf("remediation: %w", err))
		}
	}
	return errs
}

// MaxChanges is the greatest number of changes in a plan of a tenant.
func (c *Config) MaxChanges(tenant *Tenant) int {
	for _, most := range []int{tenant.Remediation.MaxChanges, c.Remediation.MaxChanges} {
		if most > 0 {
			return most
		}
	}
	return defaultChanges
}

// RequireApproval says whether plans of a tenant have to be approved.
func (c *Config) RequireApproval(tenant *Tenant) bool {
	return tenant.Remediation.RequireApproval || c.Remediation.RequireApproval
}

// Approvers reads the keys of those who may approve plans of a tenant: its own, or else those
// for all. An error names the line of the configuration. A key that stands there under two
// names would be two people, and is refused.
func (c *Config) Approvers(tenant *Tenant) (signing.Trust, error) {
	trust, err := c.readKeys(c.approvers(tenant))
	for i, key := range trust {
		if earlier, there := trust[:i].Key(key.ID); there && earlier.Name != key.Name {
			return nil, fmt.Errorf("reading configuration %s: remediation.approvers: key %s stands there as that of %q and of %q; name it once", c.File, key.ID, earlier.Name, key.Name)
		}
	}
	return trust, err
}

func (c *Config) approvers(tenant *Tenant) []TrustedKey {
	if len(tenant.Remediation.Approvers) > 0 {
		return tenant.Remediation.Approvers
	}
	return c.Remediation.Approvers
}

// RemediatorID is the id of the application that makes changes in a tenant, empty where the
// configuration doesn't say.
func (c *Config) RemediatorID(tenant *Tenant) string {
	if auth := c.remediator(tenant); auth != nil {
		return auth.ClientID
	}
	return ""
}

// Remediator is a tenant as the application that makes changes signs in to it.
func (c *Config) Remediator(tenant *Tenant) (*Tenant, error) {
	auth := c.remediator(tenant)
	switch {
	case auth == nil:
		return nil, fmt.Errorf("configuration %s has no remediation.auth for tenant %s; register an application of its own for changes, and say there how it signs in", c.File, tenant.Name)
	case auth.ClientID != "" && strings.EqualFold(auth.ClientID, tenant.Auth.ClientID):
		return nil, fmt.Errorf("configuration %s signs the same application in to read tenant %s and to change it; register one of its own for changes", c.File, tenant.Name)
	}
	writes := *tenant
	writes.Auth = *auth
	return &writes, nil
}

func (c *Config) remediator(tenant *Tenant) *Auth {
	if tenant.Remediation.Auth != nil {
		return tenant.Remediation.Auth
	}
	return c.Remediation.Auth
}
