//go:build integration

package fleet_test

import (
	"testing"

	"github.com/domicile-audit/domicile/internal/postgres"
)

// TestNumbersOfPostgreSQL are the same.
func TestNumbersOfPostgreSQL(t *testing.T) {
	counted(t, postgres.Start(t).Database(t))
}
