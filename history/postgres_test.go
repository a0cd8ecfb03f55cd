//go:build integration && unix

package history_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/postgres"
)

// TestPostgreSQL runs the suite on a server of its own.
func TestPostgreSQL(t *testing.T) {
	server := postgres.Start(t)
	suite(t, func(t *testing.T) string { return server.Database(t) })
}

// TestPostgreSQLRefuses: a server that isn't there, or a database that isn't, is an error
// that names it.
func TestPostgreSQLRefuses(t *testing.T) {
	server := postgres.Start(t)
	for _, address := range []string{server.Address("none"), strings.Replace(server.Address("postgres"), strconv.Itoa(server.Port), "1", 1)} {
		if _, err := history.OpenOrCreate(t.Context(), address); err == nil || !strings.Contains(err.Error(), history.Shown(address)) {
			t.Errorf("opening %s = %v, want an error that names it", address, err)
		}
	}
}
