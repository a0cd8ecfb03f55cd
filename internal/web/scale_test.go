//go:build integration

package web_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/postgres"
)

// The size of the fleet whose pages are measured: a thousand tenants, each scanned daily for
// a year.
const (
	manyTenants = 1000
	manyScans   = 365
)

// The most that a page may do. A page about all tenants reads up to eight rows of each, one about a
// tenant a year of its scans; no page reads what grows with both.
const (
	mostStatements = 12
	mostRows       = 8 * manyTenants
)

// watch is what a page asked of the database.
type watch struct {
	asked []asked
	rows  int
}

type asked struct {
	query string
	args  []driver.NamedValue
}

// TestPagesReadLittle counts the statements of every page and the rows that they read, on a
// fleet of a year: no page reads the scans of all tenants.
func TestPagesReadLittle(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		s, address := newLargeSite(t, filepath.Join(t.TempDir(), "large.db"))
		seen := &watch{}
		s.store.Database().DB = sql.OpenDB(watched{open: func() (driver.Conn, error) { return new(sqlite.Driver).Open("file:" + address) }, seen: seen})
		plain, err := sql.Open("sqlite", "file:"+address)
		if err != nil {
			t.Fatal(err)
		}
		defer plain.Close()
		measurePages(t, s, seen, func(t *testing.T, one asked) { findsByIndex(t, plain, one) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		s, address := newLargeSite(t, postgres.Start(t).Database(t))
		seen := &watch{}
		s.store.Database().DB = sql.OpenDB(watched{open: func() (driver.Conn, error) { return stdlib.GetDefaultDriver().Open(address) }, seen: seen})
		plain, err := sql.Open("pgx", address)
		if err != nil {
			t.Fatal(err)
		}
		defer plain.Close()
		measurePages(t, s, seen, func(t *testing.T, one asked) { readsFew(t, plain, one) })
	})
}

// measurePages asks for every page twice, as the first fills what is kept in mind, and holds
// the second to what a page may do.
func measurePages(t *testing.T, s *site, seen *watch, check func(*testing.T, asked)) {
	handler := s.handler(t)
	if *saveTo != "" {
		save(t, "overview-many", get(t, handler, "/").Body.Bytes())
		save(t, "rules-many", get(t, handler, "/rules").Body.Bytes())
	}
	tenant := tenantID(500)
	open, err := s.store.OpenFindings(t.Context(), history.OpenQuery{Tenant: tenant, Limit: 1})
	if err != nil || len(open) == 0 {
		t.Fatalf("no findings: %v", err)
	}
	for _, path := range []string{
		"/", "/?page=7&severity=high&q=e", "/tenants/" + tenant, "/tenants/" + tenant + "?new=1&severity=high", "/tenants/" + tenant + "/findings/" + open[0].Finding.Fingerprint,
		"/rules", "/rules/GEO1009", "/waivers", "/jobs", "/plans", "/scans/1/report",
		"/api/v1/tenants", "/api/v1/tenants/" + tenant + "/trend", "/api/v1/scans?limit=1000", "/api/v1/scans?tenant=" + tenant, "/api/v1/findings?limit=1000", "/api/v1/findings?severity=critical&rule=GEO1002&limit=1000", "/api/v1/rules", "/api/v1/waivers",
	} {
		get(t, handler, path)
		*seen = watch{}
		start := time.Now()
		if answer := get(t, handler, path); answer.Code != http.StatusOK {
			t.Errorf("GET %s = %d: %s", path, answer.Code, s.log.String())
		}
		took, rows, statements := time.Since(start), seen.rows, slices.Clone(seen.asked)
		t.Logf("%s: %d statements, %d rows, %v", path, len(statements), rows, took.Round(time.Millisecond))
		if len(statements) > mostStatements || rows > mostRows {
			t.Errorf("GET %s asks %d statements and reads %d rows, more than %d and %d", path, len(statements), rows, mostStatements, mostRows)
		}
		for _, one := range statements {
			check(t, one)
		}
	}
}

// large are the tables that grow with the scans of all tenants.
func large() []string { return []string{"history_scans", "history_numbers", "history_findings"} }

// findsByIndex holds a statement to finding its rows in SQLite by an index: the word SCAN
// stands for reading a whole table.
func findsByIndex(t *testing.T, db *sql.DB, one asked) {
	t.Helper()
	aliases := map[string]string{"s": "history_scans", "b": "history_scans", "m": "history_scans", "e": "", "n": "history_numbers", "w": "history_numbers", "f": "history_findings"}
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+one.query, values(one.args)...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		words := strings.Fields(step)
		if len(words) < 2 || words[0] != "SCAN" {
			continue
		}
		table := words[1]
		if aliases[table] != "" {
			table = aliases[table]
		}
		// The latest of all are read along an index, up to the limit.
		if slices.Contains(large(), table) && !strings.Contains(step, "history_scans_position") {
			t.Errorf("%s reads a whole table: %s", one.query, step)
		}
	}
}

// readsFew holds a statement to the rows that PostgreSQL reads for it from the large tables.
func readsFew(t *testing.T, db *sql.DB, one asked) {
	t.Helper()
	var plan []byte
	if err := db.QueryRowContext(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) "+one.query, values(one.args)...).Scan(&plan); err != nil {
		t.Fatal(err)
	}
	var of []struct{ Plan step }
	if err := json.Unmarshal(plan, &of); err != nil {
		t.Fatal(err)
	}
	if rows := of[0].Plan.rows(); rows > mostRows {
		t.Errorf("%s reads %v rows, more than %d", one.query, rows, mostRows)
	}
}

// step is a step of a plan of PostgreSQL's.
type step struct {
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Removed  float64 `json:"Rows Removed by Filter"`
	Plans    []step  `json:"Plans"`
}

func (s step) rows() (sum float64) {
	if slices.Contains(large(), s.Relation) {
		sum = (s.Rows + s.Removed) * s.Loops
	}
	for _, part := range s.Plans {
		sum += part.rows()
	}
	return sum
}

func values(named []driver.NamedValue) []any {
	var out []any
	for _, one := range named {
		out = append(out, one.Value)
	}
	return out
}

// newLargeSite fills a store with a year of a thousand tenants: real results of two scans,
// copied from tenant to tenant and from day to day.
func newLargeSite(t testing.TB, address string) (*site, string) {
	t.Helper()
	store, err := history.OpenOrCreate(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s := newSite(t)
	s.store, s.options.Store = store, store
	for n := range manyTenants {
		s.engine.tenants = append(s.engine.tenants, fleet.Tenant{Name: fmt.Sprintf("tenant-%d", n), ID: tenantID(n), Cloud: "global", Groups: []string{fmt.Sprintf("group-%d", n%10)}, Next: now()})
	}
	first := scanned(t, "weak", 0, "Contoso", now().AddDate(0, 0, -1), 3)
	s.record(t, first, nil)
	s.record(t, scanned(t, "weak", 0, "Contoso", now(), 0), first)
	db := store.Database()
	day := int64(24 * time.Hour / time.Microsecond)
	err = db.Transact(t.Context(), func(tx *sql.Tx) error {
		run := func(statement string, args ...any) error {
			_, err := tx.ExecContext(t.Context(), db.SQL(statement), args...)
			return err
		}
		for n := 1; n < manyTenants; n++ {
			if err := run("INSERT INTO history_tenants (tenant) VALUES (?)", tenantID(n)); err != nil {
				return err
			}
		}
		const others = " FROM history_tenants t, history_tenants o WHERE o.tenant = ? AND t.tenant <> o.tenant"
		const days = "WITH RECURSIVE day (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM day WHERE n < ?) "
		columns := "recorded, recorded_by, tenant_name, tool, profile, reader, exit_code, exit_reason, violations, evidence, policies, params, waivers, previous"
		of := "x." + strings.ReplaceAll(columns, ", ", ", x.")
		for _, part := range []struct {
			statement string
			args      []any
		}{
			// The two scans and their findings, of every tenant.
			{"INSERT INTO history_scans (tenant_id, position, digest, " + columns + ", head, changes) SELECT t.id, x.position, x.digest, " + of + ", x.head, x.changes FROM history_scans x, history_tenants t, history_tenants o WHERE o.tenant = ? AND x.tenant_id = o.id AND t.tenant <> o.tenant", []any{tenantID(0)}},
			{"INSERT INTO history_findings (tenant_id, fingerprint, since, until, rule, weight, body) SELECT t.id, f.fingerprint, f.since, f.until, f.rule, f.weight, f.body FROM history_findings f, history_tenants t, history_tenants o WHERE o.tenant = ? AND f.tenant_id = o.id AND t.tenant <> o.tenant", []any{tenantID(0)}},
			{"INSERT INTO history_standings (tenant_id, verdicts, waivers) SELECT t.id, (SELECT verdicts FROM history_standings), (SELECT waivers FROM history_standings)" + others, []any{tenantID(0)}},
			// The other days of the year, without what only a report of theirs would read.
			{"INSERT INTO history_scans (tenant_id, position, digest, " + columns + ", head, changes) " + days + "SELECT x.tenant_id, x.position - (day.n - 1) * " + fmt.Sprint(day) + ", substr(x.digest, 1, 60) || CAST(1000 + day.n AS TEXT), " + of + ", x.changes, x.changes FROM history_scans x, day WHERE x.position = ?", []any{manyScans - 1, now().AddDate(0, 0, -1).UnixMicro()}},
			{"INSERT INTO history_numbers (tenant_id, position, scan_id, numbers) SELECT s.tenant_id, s.position, s.id, (SELECT max(numbers) FROM history_numbers) FROM history_scans s WHERE NOT EXISTS (SELECT 1 FROM history_numbers n WHERE n.tenant_id = s.tenant_id AND n.position = s.position)", nil},
		} {
			if err := run(part.statement, part.args...); err != nil {
				return fmt.Errorf("%s: %w", part.statement, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
	var scans int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM history_scans").Scan(&scans); err != nil || scans != manyTenants*manyScans {
		t.Fatalf("%d scans, %v, want %d", scans, err, manyTenants*manyScans)
	}
	return s, address
}

// watched makes connections that note what is asked and count the rows that come.
type watched struct {
	open func() (driver.Conn, error)
	seen *watch
}

func (w watched) Connect(context.Context) (driver.Conn, error) {
	conn, err := w.open()
	return watchedConn{conn, w.seen}, err
}

func (w watched) Driver() driver.Driver { return nil }

type watchedConn struct {
	driver.Conn
	seen *watch
}

func (c watchedConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, options)
}

func (c watchedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.seen.asked = append(c.seen.asked, asked{query, slices.Clone(args)})
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
	return watchedRows{rows, c.seen}, err
}

type watchedRows struct {
	driver.Rows
	seen *watch
}

func (r watchedRows) Next(row []driver.Value) error {
	err := r.Rows.Next(row)
	if err == nil {
		r.seen.rows++
	}
	return err
}

// BenchmarkPages asks for pages of a fleet of a year.
func BenchmarkPages(b *testing.B) {
	s, _ := newLargeSite(b, filepath.Join(b.TempDir(), "large.db"))
	clock := now()
	s.options.Now = func() time.Time { clock = clock.Add(time.Second); return clock } // nobody asks too often
	handler := s.handler(b)
	for name, path := range map[string]string{"overview": "/", "tenant": "/tenants/" + tenantID(500), "rules": "/rules", "waivers": "/waivers"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if answer := get(b, handler, path); answer.Code != http.StatusOK {
					b.Fatalf("GET %s = %d", path, answer.Code)
				}
			}
		})
	}
}
