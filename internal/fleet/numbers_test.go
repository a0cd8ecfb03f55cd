package fleet_test

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
)

// TestNumbers of a fleet that nobody works for; its scans are ended by the test.
func TestNumbers(t *testing.T) {
	t.Parallel()
	counted(t, filepath.Join(t.TempDir(), "domicile.db"))
}

func counted(t *testing.T, address string) {
	t.Helper()
	cfg := joined(simulate(t, "weak", t.TempDir()), simulate(t, "good", t.TempDir()))
	cfg.Serve.Database = address
	cfg.Refused = []error{errors.New("no name")}
	f, err := fleet.Open(t.Context(), options(t, t.TempDir(), cfg))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, tenant := range cfg.Tenants {
		if _, err := f.Start(t.Context(), tenant.Name, "test"); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(want fleet.Numbers, ended int) {
		t.Helper()
		got, err := f.Numbers(t.Context())
		for _, state := range []fleet.State{fleet.Waiting, fleet.Running, fleet.Retrying, fleet.Done, fleet.Failed, fleet.Cancelled} {
			want.States[state] += 0
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("Numbers() is not as it should be, %v:\n%s", err, diff)
		}
		latest, err := f.Ended(t.Context())
		if err != nil || len(latest) != ended {
			t.Errorf("Ended() = %v, %v, want %d", latest, err, ended)
		}
	}
	holds(fleet.Numbers{States: map[fleet.State]int{fleet.Waiting: 2}, Due: 2, LeftOut: 1}, 0)
	if _, err := f.Plan(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	again, err := f.Start(t.Context(), cfg.Tenants[1].Name, "test")
	if err != nil {
		t.Fatal(err)
	}
	holds(fleet.Numbers{States: map[fleet.State]int{fleet.Waiting: 1, fleet.Done: 2}, Due: 1, LeftOut: 1}, 2)
	latest, err := f.Ended(t.Context())
	if job := latest[cfg.Tenants[1].ID]; err != nil || job.State != fleet.Done || job.ID >= again.ID || job.Tenant != cfg.Tenants[1].Name {
		t.Errorf("Ended() has %+v, %v", job, err)
	}

	// The same tenant under another name, before the first in the alphabet.
	if _, err := f.Plan(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	cfg.Tenants[1].Name = "acme"
	renamed, err := f.Start(t.Context(), "acme", "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Plan(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if latest, err = f.Ended(t.Context()); err != nil || latest[cfg.Tenants[1].ID].ID != renamed.ID {
		t.Errorf("Ended() of a tenant that was renamed has %+v, %v, want job %d", latest[cfg.Tenants[1].ID], err, renamed.ID)
	}
}

// TestReadySaysNothingOfTheDatabase: everybody may ask; the log says it.
func TestReadySaysNothingOfTheDatabase(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	o := options(t, t.TempDir(), scheduled(1, config.Serve{}))
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	f, err := fleet.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Ready(t.Context()); err == nil || err.Error() != "the database doesn't answer" {
		t.Errorf("Ready() = %v", err)
	}
	if !strings.Contains(log.String(), "database is closed") {
		t.Errorf("the log says %q", log.String())
	}
}
