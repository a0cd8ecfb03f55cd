//go:build integration

package alerts_test

import (
	"testing"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/postgres"
)

// TestPostgreSQL tells and sends with a server of its own.
func TestPostgreSQL(t *testing.T) {
	server := postgres.Start(t)
	for name, story := range map[string]func(*testing.T, *bench){"once": tellsOnce, "until it is taken": sendsUntilTaken, "by several": writesOne} {
		t.Run(name, func(t *testing.T) { story(t, newBenchAt(t, server.Database(t), config.Alert{})) })
	}
}
