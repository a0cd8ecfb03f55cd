package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/robfig/cron/v3"

	"github.com/domicile-audit/domicile/findings"
)

// Serve says what serve does: when tenants are scanned, and what is kept of it.
type Serve struct {
	// Database is the address of the database, without a password, or env:NAME for the variable
	// of the environment that holds it; empty for an SQLite file in the data folder.
	Database string `yaml:"database"`
	// Scans is how many tenants a process scans at a time; 0 where it isn't set.
	Scans int `yaml:"scans"`
	// TimeZone is that of schedules which name none; UTC where it isn't set.
	TimeZone string `yaml:"time_zone"`
	// Jitter spreads scheduled scans over some time, each tenant by its own share of it.
	Jitter    Duration   `yaml:"jitter"`
	Schedules []Schedule `yaml:"schedules"`
	Keep      Keep       `yaml:"keep"`
	// FailOn is what --fail-on takes; high where it isn't set.
	FailOn string `yaml:"fail_on"`
	// Alerts are those who are told what scans find.
	Alerts    []Alert `yaml:"alerts"`
	Dashboard `yaml:",inline"`
}

// Schedule says when some tenants are scanned.
type Schedule struct {
	// Cron is an expression of five fields, or such as @daily.
	Cron     string    `yaml:"cron"`
	TimeZone string    `yaml:"time_zone"`
	Jitter   *Duration `yaml:"jitter"`
	// Tenants are names of tenants, Groups names of groups of them; all tenants without either.
	Tenants []string `yaml:"tenants"`
	Groups  []string `yaml:"groups"`
}

// Keep says what is kept of evidence and logs. A limit that is zero is none; with both, a scan
// must be within both. What the latest scan of a tenant rests on is always kept.
type Keep struct {
	Scans int `yaml:"scans"`
	Days  int `yaml:"days"`
}

// Duration is a length of time, written such as 90s, 10m or 2h.
type Duration time.Duration

// UnmarshalYAML reads a length of time.
func (d *Duration) UnmarshalYAML(node ast.Node) error {
	length, err := time.ParseDuration(node.GetToken().Value)
	if err != nil || length < 0 {
		return fmt.Errorf("[%d:1] %q is not a length of time such as 90s, 10m or 2h", node.GetToken().Position.Line, node.GetToken().Value)
	}
	*d = Duration(length)
	return nil
}

// defaultScans is how many tenants a process scans at a time where the configuration doesn't
// say.
const defaultScans = 4

// AtATime is how many tenants a process scans at a time.
func (s Serve) AtATime() int {
	if s.Scans == 0 {
		return defaultScans
	}
	return s.Scans
}

// DatabaseAddress is the address of serve's database; empty for the file in the data folder.
// The path of a file is relative to the configuration. getenv looks up the environment.
func (c *Config) DatabaseAddress(getenv func(string) string) (string, error) {
	name, named := strings.CutPrefix(c.Serve.Database, envPrefix)
	switch {
	case named && getenv(name) == "":
		return "", fmt.Errorf("serve.database: the variable %s of the environment is not set", name)
	case named:
		return getenv(name), nil
	case strings.Contains(c.Serve.Database, "://"):
		return c.Serve.Database, nil
	default:
		return c.Path(c.Serve.Database), nil
	}
}

// Zone is the time zone of a schedule.
func (s Serve) Zone(schedule Schedule) (*time.Location, error) {
	for _, name := range []string{schedule.TimeZone, s.TimeZone} {
		if name != "" {
			return time.LoadLocation(name)
		}
	}
	return time.UTC, nil
}

// JitterOf is over how much time the scans of a schedule are spread.
func (s Serve) JitterOf(schedule Schedule) time.Duration {
	if schedule.Jitter != nil {
		return time.Duration(*schedule.Jitter)
	}
	return time.Duration(s.Jitter)
}

// Covers says whether a tenant is scanned by a schedule.
func (s Schedule) Covers(tenant Tenant) bool {
	inGroup := func(group string) bool { return slices.Contains(tenant.Groups, group) }
	return len(s.Tenants) == 0 && len(s.Groups) == 0 || slices.Contains(s.Tenants, tenant.Name) || slices.ContainsFunc(s.Groups, inGroup)
}

// check holds the settings to the tenants, if all of those are known.
func (s Serve) check(tenants []Tenant, all bool) []error {
	var errs []error
	demand := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	errs = append(errs, s.Dashboard.check()...)
	errs = append(errs, s.checkAlerts(tenants, all)...)
	demand(s.Scans >= 0, "serve.scans is less than nothing")
	demand(s.Keep.Scans >= 0 && s.Keep.Days >= 0, "serve.keep is less than nothing")
	if s.FailOn != "" {
		if _, err := findings.ParseFailOn(s.FailOn); err != nil {
			errs = append(errs, fmt.Errorf("serve.fail_on: %w", err))
		}
	}
	if _, err := s.Zone(Schedule{}); err != nil {
		errs = append(errs, fmt.Errorf("serve.time_zone: %w", err))
	}
	for i, schedule := range s.Schedules {
		for _, err := range schedule.check(tenants, all) {
			errs = append(errs, fmt.Errorf("serve.schedules[%d]: %w", i, err))
		}
	}
	return errs
}

func (s Schedule) check(tenants []Tenant, all bool) []error {
	var errs []error
	if err := checkCron(s.Cron); err != nil {
		errs = append(errs, fmt.Errorf("cron %q: %w", s.Cron, err))
	}
	if _, err := time.LoadLocation(s.TimeZone); err != nil {
		errs = append(errs, fmt.Errorf("time_zone: %w", err))
	}
	return append(errs, checkChosen(tenants, all, s.Tenants, s.Groups)...)
}

func checkCron(expression string) error {
	if expression == "" {
		return errors.New("it is missing; write one such as 0 3 * * * or @daily")
	}
	if strings.Contains(expression, "TZ=") { // some of these the parser panics over
		return errors.New("it names a time zone; write that as time_zone")
	}
	if every, is := strings.CutPrefix(expression, "@every "); is {
		// The parser makes a second of what is less.
		if length, err := time.ParseDuration(every); err == nil && length < time.Second {
			return errors.New("@every takes a second at least")
		}
	}
	parsed, err := cron.ParseStandard(expression)
	if err == nil && parsed.Next(time.Unix(0, 0)).IsZero() {
		err = errors.New("it never comes")
	}
	return err
}

// checkChosen says which of the names and groups that choose tenants none has, if all tenants
// are known.
func checkChosen(tenants []Tenant, all bool, names, groups []string) []error {
	if !all {
		return nil
	}
	var errs []error
	for _, name := range names {
		if !slices.ContainsFunc(tenants, func(t Tenant) bool { return t.Name == name }) {
			errs = append(errs, fmt.Errorf("there is no tenant %q", name))
		}
	}
	for _, name := range groups {
		if !slices.ContainsFunc(tenants, func(t Tenant) bool { return slices.Contains(t.Groups, name) }) {
			errs = append(errs, fmt.Errorf("no tenant is in a group %q", name))
		}
	}
	return errs
}
