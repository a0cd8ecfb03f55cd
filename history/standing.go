package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/domicile-audit/domicile/findings"
)

// Standing is how a tenant stands by its latest scan.
type Standing struct {
	Scan    Scan    `json:"scan"`
	Numbers Numbers `json:"numbers"`
	// Before is the scan before it, nil for the first.
	Before *Before `json:"before,omitempty"`
}

// Before is the scan before another.
type Before struct {
	Point
	Digest string `json:"digest"`
}

// Judgement is which rules came to what in a tenant's latest scan, and its waivers.
type Judgement struct {
	Tenant     string            `json:"tenant"`
	TenantName string            `json:"tenantName"`
	Scan       int64             `json:"scan"`
	Policies   string            `json:"policies"`
	Verdicts   []Verdicts        `json:"verdicts"`
	Waivers    []findings.Waiver `json:"waivers"`
}

// latest joins each tenant with its latest scan.
const latest = `history_tenants t JOIN history_scans s ON s.tenant_id = t.id AND s.position = (SELECT max(m.position) FROM history_scans m WHERE m.tenant_id = t.id)`

// Standings returns how a tenant stands, or all tenants for "", by the tenants' ids.
func (s *Store) Standings(ctx context.Context, tenant string) (all []Standing, err error) {
	err = s.reading(ctx, func(tx *sql.Tx) error {
		all, err = s.standings(ctx, tx, tenant)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading how the tenants stand: %w", err)
	}
	return all, nil
}

func (s *Store) standings(ctx context.Context, tx *sql.Tx, tenant string) (all []Standing, err error) {
	condition, args := ofTenant(tenant)
	rows, err := tx.QueryContext(ctx, s.db.SQL(`SELECT `+scanColumns+`, n.numbers, coalesce(b.id, 0), coalesce(b.position, 0), coalesce(b.digest, ''), coalesce(w.numbers, '')
		FROM `+latest+` JOIN history_numbers n ON n.tenant_id = t.id AND n.position = s.position
		LEFT JOIN history_scans b ON b.tenant_id = t.id AND b.position = (SELECT max(e.position) FROM history_scans e WHERE e.tenant_id = t.id AND e.position < s.position)
		LEFT JOIN history_numbers w ON w.tenant_id = t.id AND w.position = b.position
		WHERE `+condition+` ORDER BY t.tenant`), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var one Standing
		var before Before
		var position int64
		var numbers, earlier []byte
		if err := scanRow(rows, &one.Scan, &numbers, &before.Scan, &position, &before.Digest, &earlier); err != nil {
			return nil, err
		}
		if json.Unmarshal(numbers, &one.Numbers) != nil {
			return nil, errDamaged
		}
		if before.Scan > 0 {
			if json.Unmarshal(earlier, &before.Numbers) != nil {
				return nil, errDamaged
			}
			before.Started = timeAt(position)
			one.Before = &before
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// ofTenant is the condition that chooses a tenant, or all of them for "".
func ofTenant(tenant string) (condition string, args []any) {
	if tenant == "" {
		return "1 = 1", nil
	}
	return "t.tenant = ?", []any{text(strings.ToLower(tenant))}
}

// Judgements returns what the rules came to in the latest scan of a tenant, or of all
// tenants for "", by the tenants' ids.
func (s *Store) Judgements(ctx context.Context, tenant string) ([]Judgement, error) {
	all, err := s.judgements(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("reading what the rules came to: %w", err)
	}
	return all, nil
}

func (s *Store) judgements(ctx context.Context, tenant string) (all []Judgement, err error) {
	condition, args := ofTenant(tenant)
	rows, err := s.db.QueryContext(ctx, s.db.SQL(`SELECT t.tenant, s.tenant_name, s.id, s.policies, j.verdicts, j.waivers
		FROM `+latest+` JOIN history_standings j ON j.tenant_id = t.id WHERE `+condition+` ORDER BY t.tenant`), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var one Judgement
		var verdicts, waivers []byte
		if err := rows.Scan(&one.Tenant, &one.TenantName, &one.Scan, &one.Policies, &verdicts, &waivers); err != nil {
			return nil, err
		}
		if json.Unmarshal(verdicts, &one.Verdicts) != nil || json.Unmarshal(waivers, &one.Waivers) != nil {
			return nil, errDamaged
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Trend returns the last scans of a tenant in numbers, at most limit, the earliest first.
func (s *Store) Trend(ctx context.Context, tenant string, limit int) ([]Point, error) {
	points, err := s.trend(ctx, tenant, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the trend: %w", err)
	}
	slices.Reverse(points)
	return points, nil
}

func (s *Store) trend(ctx context.Context, tenant string, limit int) (points []Point, err error) {
	rows, err := s.db.QueryContext(ctx, s.db.SQL(`SELECT n.scan_id, n.position, n.numbers FROM history_tenants t JOIN history_numbers n ON n.tenant_id = t.id
		WHERE t.tenant = ? ORDER BY n.position DESC LIMIT ?`), text(strings.ToLower(tenant)), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var point Point
		var position int64
		var numbers []byte
		if err := rows.Scan(&point.Scan, &position, &numbers); err != nil {
			return nil, err
		}
		if json.Unmarshal(numbers, &point.Numbers) != nil {
			return nil, errDamaged
		}
		point.Started = timeAt(position)
		points = append(points, point)
	}
	return points, rows.Err()
}

// Head returns what a recorded scan's result says, without its findings.
func (s *Store) Head(ctx context.Context, scan Scan) (*findings.Result, error) {
	var packed []byte
	err := s.db.QueryRowContext(ctx, s.db.SQL("SELECT head FROM history_scans WHERE id = ? AND tenant_id = ?"), scan.ID, scan.tenantID).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoScan
	}
	var result *findings.Result
	if err == nil {
		result, err = readHead(packed)
	}
	if err != nil {
		return nil, fmt.Errorf("reading scan %d: %w", scan.ID, err)
	}
	return result, nil
}

func readHead(packed []byte) (*findings.Result, error) {
	head, err := unpack(packed)
	if err != nil {
		return nil, err
	}
	return parseHead(head)
}

// At returns the scan by which a tenant stood at a time: the last one that had started by then.
func (s *Store) At(ctx context.Context, tenant string, at time.Time) (Scan, error) {
	scans, err := s.scans(ctx, s.db, "t.tenant = ? AND s.position <= ?", 1, text(strings.ToLower(tenant)), at.UnixMicro())
	if err == nil && len(scans) == 0 {
		err = ErrNoScan
	}
	if err != nil {
		return Scan{}, fmt.Errorf("reading the scan of tenant %s at %s: %w", tenant, at.UTC().Format(time.RFC3339), err)
	}
	return scans[0], nil
}

// Page chooses scans, the latest first.
type Page struct {
	// Tenant is a tenant's id, empty for all tenants.
	Tenant string
	// Before is the scan after which the page begins: all of it is earlier. nil for the latest.
	Before *Scan
	Limit  int
}

// Scans returns a page of the recorded scans, the latest first.
func (s *Store) Scans(ctx context.Context, page Page) ([]Scan, error) {
	condition, args := ofTenant(page.Tenant)
	if page.Before != nil {
		condition += " AND (s.position, s.id) < (?, ?)"
		args = append(args, page.Before.position, page.Before.ID)
	}
	scans, err := s.scans(ctx, s.db, condition, page.Limit, args...)
	if err != nil {
		return nil, fmt.Errorf("listing the history: %w", err)
	}
	return scans, nil
}
