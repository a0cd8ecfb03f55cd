package history

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/domicile-audit/domicile/findings"
)

// OpenQuery chooses findings of the latest scans.
type OpenQuery struct {
	// Tenant is a tenant's id, Rule a rule's; empty for any.
	Tenant, Rule string
	Severity     findings.Severity
	// Outcome is Fail, Waived, or empty for both.
	Outcome findings.Outcome
	// New chooses those that are in the tenant's latest scan for the first time or say
	// something else there than before; it needs a tenant.
	New bool
	// After is where the page before ended, nil for the first.
	After *Place
	Limit int
}

// Place is where a finding stands among the open ones.
type Place struct {
	Tenant string `json:"t"`
	Weight int    `json:"w"`
	Rule   string `json:"r"`
	ID     int64  `json:"i"`
}

// OpenFinding is a finding of a tenant's latest scan.
type OpenFinding struct {
	Place     Place
	Tenant    string
	FirstSeen time.Time
	// Since is the first scan from which on it says what it says.
	Since   time.Time
	Finding findings.Finding
}

// OpenFindings returns the findings of the latest scans that a query chooses: by tenant, and the
// worst of a tenant first.
func (s *Store) OpenFindings(ctx context.Context, query OpenQuery) ([]OpenFinding, error) {
	found, err := s.openFindings(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("reading the findings: %w", err)
	}
	return found, nil
}

func (s *Store) openFindings(ctx context.Context, query OpenQuery) (found []OpenFinding, err error) {
	condition, args := query.condition()
	rows, err := s.db.QueryContext(ctx, s.db.SQL(`SELECT t.tenant, f.id, f.weight, f.rule, f.since, f.body,
			(SELECT min(e.since) FROM history_findings e WHERE e.tenant_id = f.tenant_id AND e.fingerprint = f.fingerprint)
		FROM history_tenants t JOIN history_findings f ON f.tenant_id = t.id
		WHERE f.until = `+fmt.Sprint(int64(forever))+condition+` ORDER BY t.tenant, f.weight, f.rule, f.id LIMIT ?`), append(args, query.Limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var one OpenFinding
		var since, first int64
		var body []byte
		if err := rows.Scan(&one.Tenant, &one.Place.ID, &one.Place.Weight, &one.Place.Rule, &since, &body, &first); err != nil {
			return nil, err
		}
		if json.Unmarshal(body, &one.Finding) != nil {
			return nil, errDamaged
		}
		one.Place.Tenant, one.Since, one.FirstSeen = one.Tenant, timeAt(since), timeAt(first)
		found = append(found, one)
	}
	return found, rows.Err()
}

func (q OpenQuery) condition() (condition string, args []any) {
	add := func(clause string, values ...any) {
		condition += " AND " + clause
		args = append(args, values...)
	}
	if q.Tenant != "" {
		add("t.tenant = ?", text(strings.ToLower(q.Tenant)))
	}
	if q.Rule != "" {
		add("f.rule = ?", text(q.Rule))
	}
	if q.Severity != "" {
		add("f.weight IN (?, ?)", q.Severity.Rank(), q.Severity.Rank()+waivedWeight)
	}
	switch q.Outcome {
	case "":
	case findings.Waived:
		add("f.weight >= ?", waivedWeight)
	default:
		add("f.weight < ?", waivedWeight)
	}
	if q.New {
		add("f.since = (SELECT max(m.position) FROM history_scans m WHERE m.tenant_id = t.id)")
	}
	if q.After != nil {
		add("t.tenant >= ? AND (t.tenant, f.weight, f.rule, f.id) > (?, ?, ?, ?)", text(q.After.Tenant), text(q.After.Tenant), q.After.Weight, text(q.After.Rule), q.After.ID)
	}
	return condition, args
}

// Sighting is a finding for as long as it said the same.
type Sighting struct {
	// From is the first scan that it is in, Until the first that it is not in any more, zero
	// while it is open.
	From    time.Time
	Until   time.Time
	Finding findings.Finding
}

// Sightings returns what a finding of a tenant said over the scans, the latest first.
func (s *Store) Sightings(ctx context.Context, tenant, fingerprint string) ([]Sighting, error) {
	key, err := hex.DecodeString(fingerprint)
	if err != nil || len(key) != 32 {
		return nil, nil //nolint:nilerr // what is no fingerprint is no finding's
	}
	seen, err := s.sightings(ctx, tenant, key)
	if err != nil {
		return nil, fmt.Errorf("reading the finding: %w", err)
	}
	return seen, nil
}

func (s *Store) sightings(ctx context.Context, tenant string, fingerprint []byte) (seen []Sighting, err error) {
	rows, err := s.db.QueryContext(ctx, s.db.SQL(`SELECT f.since, f.until, f.body FROM history_tenants t JOIN history_findings f ON f.tenant_id = t.id
		WHERE t.tenant = ? AND f.fingerprint = ? ORDER BY f.since DESC`), text(strings.ToLower(tenant)), fingerprint)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var one Sighting
		var since, until int64
		var body []byte
		if err := rows.Scan(&since, &until, &body); err != nil {
			return nil, err
		}
		if json.Unmarshal(body, &one.Finding) != nil {
			return nil, errDamaged
		}
		one.From = timeAt(since)
		if until != forever {
			one.Until = timeAt(until)
		}
		seen = append(seen, one)
	}
	return seen, rows.Err()
}
