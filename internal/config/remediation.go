package config

import (
	"errors"
	"fmt"
	"strings"
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
