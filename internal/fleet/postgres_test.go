//go:build integration && unix

package fleet_test

import (
	"testing"
	"time"

	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/postgres"
)

// TestPostgreSQL runs the takeovers on a server of its own.
func TestPostgreSQL(t *testing.T) {
	server := postgres.Start(t)
	t.Run("takeover", func(t *testing.T) { takeovers(t, func(t *testing.T) string { return server.Database(t) }) })
}

// TestPostgreSQLIsAway: while the server is stopped for longer than a worker's term nothing is
// lost, and nothing is there twice afterwards.
func TestPostgreSQLIsAway(t *testing.T) {
	server := postgres.Start(t)
	dir := t.TempDir()
	tenant := simulate(t, "good", dir)
	p := place{data: t.TempDir(), database: server.Database(t), configs: []string{dir}}
	f := p.observer(t, tenant)
	p.worker(t, "worker")
	g := holdAfter(tenant, 40)
	job := begun(t, f, tenant, g)
	server.Stop(t)
	time.Sleep(8 * time.Second)
	g.release()
	server.Resume(t)
	job = await(t, f, job.ID, fleet.Done)
	if job.Attempt < 2 {
		t.Errorf("job = %+v, want a second attempt", job)
	}
	once(t, f, job)
}
