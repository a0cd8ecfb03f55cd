package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// Alert says who is told of what.
type Alert struct {
	Name string `yaml:"name"`
	// URLEnv is the variable of the environment and URLFile the file that holds the receiver's
	// address as shoutrrr writes it; it holds secrets.
	URLEnv  string `yaml:"url_env"`
	URLFile string `yaml:"url_file"`
	// Tenants are names of tenants, Groups names of groups of them; all tenants without either.
	Tenants []string `yaml:"tenants"`
	Groups  []string `yaml:"groups"`
	// MinSeverity is that of the violations that are told; high where it isn't set.
	MinSeverity findings.Severity `yaml:"min_severity"`
	// On are the events that are told; all of them where none is set.
	On []Event `yaml:"on"`
	// OverdueAfter is how long a tenant may be without a scan that succeeded, two days where it
	// isn't set, and ExpiringWithin how long before its end a waiver or an attestation is told of,
	// two weeks where it isn't set.
	OverdueAfter   Duration `yaml:"overdue_after"`
	ExpiringWithin Duration `yaml:"expiring_within"`
	// Template is a file with the text of the digest; empty for the program's own.
	Template string `yaml:"template"`
}

// Event is what an alert tells of.
type Event string

// The events.
const (
	OnNew      Event = "new"
	OnFixed    Event = "fixed"
	OnUnjudged Event = "unjudged"
	OnFailed   Event = "scan_failed"
	OnOverdue  Event = "overdue"
	OnExpiring Event = "expiring"
)

// Events lists every event.
func Events() []Event { return []Event{OnNew, OnFixed, OnUnjudged, OnFailed, OnOverdue, OnExpiring} }

// What an alert goes by that doesn't say so.
const (
	defaultOverdue  = Duration(48 * time.Hour)
	defaultExpiring = Duration(14 * 24 * time.Hour)
)

// Tells says whether an alert is for an event.
func (a Alert) Tells(event Event) bool { return slices.Contains(a.On, event) }

// Covers says whether an alert is for a tenant, by its name and groups.
func (a Alert) Covers(name string, groups []string) bool {
	return Schedule{Tenants: a.Tenants, Groups: a.Groups}.Covers(Tenant{Name: name, Groups: groups})
}

// AlertURL returns the address of an alert's receiver. getenv looks up the environment. The error
// names where the address was looked for, never what was found.
func (c *Config) AlertURL(a Alert, getenv func(string) string) (string, error) {
	address, err := secretOf(a.URLEnv, c.Path(a.URLFile), getenv)
	if err != nil {
		return "", fmt.Errorf("the address of alert %s is missing: %w", a.Name, err)
	}
	return address, nil
}

// AlertTemplate returns the text of an alert's own template, empty for none.
func (c *Config) AlertTemplate(a Alert) (string, error) {
	if a.Template == "" {
		return "", nil
	}
	data, err := readSmall(c.Path(a.Template))
	if err != nil {
		return "", fmt.Errorf("the template of alert %s: %w", a.Name, err)
	}
	return string(data), nil
}

// checkAlerts says what is wrong with the alerts, and fills in what they leave out.
func (s Serve) checkAlerts(tenants []Tenant, all bool) []error {
	var errs []error
	names := map[string]bool{}
	for i := range s.Alerts {
		alert := &s.Alerts[i]
		found := alert.check(tenants, all)
		if names[alert.Name] {
			found = append(found, errors.New("the name is there twice"))
		}
		names[alert.Name] = true
		for _, err := range found {
			errs = append(errs, fmt.Errorf("serve.alerts[%d] (%q): %w", i, alert.Name, err))
		}
	}
	return errs
}

func (a *Alert) check(tenants []Tenant, all bool) []error {
	errs := checkChosen(tenants, all, a.Tenants, a.Groups)
	if !folderName.MatchString(a.Name) {
		errs = append(errs, errors.New("name is not letters, digits, dots, dashes and underscores"))
	}
	if (a.URLEnv == "") == (a.URLFile == "") {
		errs = append(errs, errors.New("it needs url_env or url_file, one of the two"))
	}
	if strings.Contains(a.URLEnv, "://") {
		errs = append(errs, errors.New("url_env is the name of a variable of the environment, and the address belongs into that"))
	}
	a.MinSeverity = cmp.Or(a.MinSeverity, findings.High)
	if !slices.Contains(findings.Severities(), a.MinSeverity) {
		errs = append(errs, fmt.Errorf("min_severity %q is not one of %q", a.MinSeverity, findings.Severities()))
	}
	if len(a.On) == 0 {
		a.On = Events()
	}
	for _, event := range a.On {
		if !slices.Contains(Events(), event) {
			errs = append(errs, fmt.Errorf("on: %q is not one of %q", event, Events()))
		}
	}
	a.OverdueAfter = cmp.Or(a.OverdueAfter, defaultOverdue)
	a.ExpiringWithin = cmp.Or(a.ExpiringWithin, defaultExpiring)
	return errs
}
