package config_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/internal/config"
)

func TestServe(t *testing.T) {
	cfg, err := config.Parse([]byte(`version: 1
serve:
  database: env:DATABASE
  time_zone: Europe/Berlin
  jitter: 10m
  keep: {scans: 30, days: 90}
  schedules:
    - {cron: "0 3 * * *"}
    - {cron: "0 4 * * *", time_zone: UTC, jitter: 0s, groups: [eu]}
    - {cron: "@weekly", tenants: [fabrikam], groups: [eu]}
tenants:
  - {name: contoso, id: 3f0c1d7e-0000-4000-8000-000000000001, cloud: global, groups: [eu, bank], auth: {method: azure_cli}}
  - {name: fabrikam, id: 3f0c1d7e-0000-4000-8000-000000000002, cloud: global, auth: {method: azure_cli}}
  - {name: tailspin, id: 3f0c1d7e-0000-4000-8000-000000000003, cloud: global, auth: {method: azure_cli}}
`), filepath.Join("folder", config.FileName))
	if err != nil {
		t.Fatal(err)
	}
	var covered [][]string
	for _, schedule := range cfg.Serve.Schedules {
		var names []string
		for _, tenant := range cfg.Tenants {
			if schedule.Covers(tenant) {
				names = append(names, tenant.Name)
			}
		}
		covered = append(covered, names)
	}
	if diff := cmp.Diff([][]string{{"contoso", "fabrikam", "tailspin"}, {"contoso"}, {"contoso", "fabrikam"}}, covered); diff != "" {
		t.Errorf("tenants of the schedules (-want +got):\n%s", diff)
	}
	for i, want := range []struct {
		zone   string
		jitter time.Duration
	}{{"Europe/Berlin", 10 * time.Minute}, {"UTC", 0}, {"Europe/Berlin", 10 * time.Minute}} {
		schedule := cfg.Serve.Schedules[i]
		zone, err := cfg.Serve.Zone(schedule)
		if err != nil || zone.String() != want.zone || cfg.Serve.JitterOf(schedule) != want.jitter {
			t.Errorf("schedule %d is in %v, %v, with a jitter of %v, want %v", i, zone, err, cfg.Serve.JitterOf(schedule), want)
		}
	}
	if cfg.Serve.Keep != (config.Keep{Scans: 30, Days: 90}) || cfg.Serve.AtATime() != 4 {
		t.Errorf("serve = %+v", cfg.Serve)
	}
}

func TestDatabaseAddress(t *testing.T) {
	getenv := func(name string) string {
		return map[string]string{"DATABASE": "postgres://domicile:swordfish@db/domicile"}[name]
	}
	for _, tt := range []struct{ database, want string }{
		{"", ""},
		{"env:DATABASE", "postgres://domicile:swordfish@db/domicile"},
		{"postgres://db/domicile", "postgres://db/domicile"},
		{"fleet.db", filepath.Join("folder", "fleet.db")},
		{"/var/lib/domicile.db", "/var/lib/domicile.db"},
	} {
		cfg := &config.Config{File: filepath.Join("folder", config.FileName), Serve: config.Serve{Database: tt.database}}
		if got, err := cfg.DatabaseAddress(getenv); err != nil || got != tt.want {
			t.Errorf("DatabaseAddress() of %q = %q, %v, want %q", tt.database, got, err, tt.want)
		}
	}
	cfg := &config.Config{Serve: config.Serve{Database: "env:NOWHERE"}}
	if got, err := cfg.DatabaseAddress(getenv); err == nil {
		t.Errorf("DatabaseAddress() of a variable that isn't set = %q", got)
	}
}

// TestCronIsChecked: an expression that can't be followed is refused, also one that makes the parser
// panic.
func TestCronIsChecked(t *testing.T) {
	for cron, want := range map[string]string{
		"TZ=UTC":                  "write that as time_zone",
		"CRON_TZ=":                "write that as time_zone",
		"TZ=Asia/Tokyo 0 3 * * *": "write that as time_zone",
		"@every -1h":              "a second at least",
		"@every 0s":               "a second at least",
		"@every":                  "unrecognized descriptor",
		"0 0 30 2 *":              "it never comes",
		"0 0 31 4,6,9,11 *":       "it never comes",
		"* * * * * *":             "expected exactly 5 fields",
		"":                        "it is missing; write one such as",
	} {
		_, err := config.Parse([]byte("version: 1\nserve: {schedules: [{cron: \""+cron+"\"}]}\n"), config.FileName)
		if err == nil || !strings.Contains(err.Error(), "serve.schedules[0]: cron ") || !strings.Contains(err.Error(), want) {
			t.Errorf("cron %q: %v, want that %s", cron, err, want)
		}
	}
}
