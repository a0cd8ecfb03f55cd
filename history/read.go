package history

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"iter"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/database"
)

// scanColumns are what scanRow reads of a scan s of a tenant t.
const scanColumns = `s.id, t.tenant, s.tenant_id, s.position, s.digest, s.recorded, s.recorded_by, s.tenant_name, s.tool, s.profile, s.reader,
	s.exit_code, s.exit_reason, s.violations, s.evidence, s.policies, s.params, s.waivers, s.previous`

// scanRow reads a scan from a row, and what stands behind scanColumns.
func scanRow(rows *sql.Rows, scan *Scan, more ...any) error {
	var recorded int64
	err := rows.Scan(append([]any{
		&scan.ID, &scan.Tenant, &scan.tenantID, &scan.position, &scan.Digest, &recorded, &scan.RecordedBy, &scan.TenantName, &scan.Tool, &scan.Profile, &scan.Reader,
		&scan.Exit.Code, &scan.Exit.Reason, &scan.Violations, &scan.Digests.Evidence, &scan.Digests.Policies, &scan.Digests.Params, &scan.Digests.Waivers, &scan.Digests.Previous,
	}, more...)...)
	scan.Started, scan.Recorded = timeAt(scan.position), timeAt(recorded)
	if err == nil && !sound(scan.Tenant, scan.Digest, scan.Started, scan.Recorded) {
		err = errDamaged
	}
	return err
}

// all is the limit of a query that has none.
const all = math.MaxInt32

// scans reads the scans that a condition chooses, at most limit, the latest first; those of
// one time in the order in which they were recorded, backwards.
func (s *Store) scans(ctx context.Context, db database.Querier, condition string, limit int, args ...any) (scans []Scan, err error) {
	rows, err := db.QueryContext(ctx, s.db.SQL("SELECT "+scanColumns+`
		FROM history_scans s JOIN history_tenants t ON t.id = s.tenant_id WHERE `+condition+" ORDER BY s.position DESC, s.id DESC LIMIT ?"), append(args, limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var scan Scan
		if err := scanRow(rows, &scan); err != nil {
			return nil, err
		}
		scans = append(scans, scan)
	}
	return scans, rows.Err()
}

// sound says whether what a store says of a scan or a run can have been recorded.
func sound(tenant, digest string, times ...time.Time) bool {
	sum, err := hex.DecodeString(digest)
	return err == nil && len(sum) == sha256.Size && isTenant(tenant) && !slices.ContainsFunc(times, func(t time.Time) bool { return !isTime(t) })
}

// isTime says whether a time can be written in RFC 3339.
func isTime(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }

func timeAt(position int64) time.Time { return time.UnixMicro(position).UTC() }

// List returns the recorded scans of a tenant, or of all tenants for "", the latest first.
func (s *Store) List(ctx context.Context, tenant string) ([]Scan, error) {
	return s.Scans(ctx, Page{Tenant: tenant, Limit: all})
}

// Scan returns a recorded scan by its id. Where a tenant is named, it is one of its own.
func (s *Store) Scan(ctx context.Context, tenant string, id int64) (Scan, error) {
	condition, args := "s.id = ?", []any{id}
	if tenant != "" {
		condition, args = "s.id = ? AND t.tenant = ?", []any{id, text(strings.ToLower(tenant))}
	}
	scans, err := s.scans(ctx, s.db, condition, 1, args...)
	if err == nil && len(scans) == 0 {
		err = ErrNoScan
	}
	if err != nil {
		return Scan{}, fmt.Errorf("reading scan %d: %w", id, err)
	}
	return scans[0], nil
}

// Holds says whether the result.json of a lower-case hex sha256 is recorded.
func (s *Store) Holds(ctx context.Context, digest string) (holds bool, err error) {
	err = s.db.QueryRowContext(ctx, s.db.SQL("SELECT EXISTS (SELECT 1 FROM history_scans WHERE digest = ?)"), digest).Scan(&holds)
	if err != nil {
		return false, fmt.Errorf("reading the history: %w", err)
	}
	return holds, nil
}

// Envelope returns the signature that stood beside the result.json of a recorded scan; nil for none.
func (s *Store) Envelope(ctx context.Context, scan Scan) (envelope []byte, err error) {
	var packed []byte
	err = s.db.QueryRowContext(ctx, s.db.SQL("SELECT envelope FROM history_scans WHERE id = ? AND tenant_id = ?"), scan.ID, scan.tenantID).Scan(&packed)
	if err == nil && packed != nil {
		envelope, err = unpack(packed)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the signature of scan %d: %w", scan.ID, err)
	}
	return envelope, nil
}

// Result returns the result.json of a recorded scan, to the byte.
func (s *Store) Result(ctx context.Context, scan Scan) ([]byte, error) {
	result, err := s.result(ctx, scan)
	if err != nil {
		return nil, fmt.Errorf("reading scan %d: %w", scan.ID, err)
	}
	return result, nil
}

func (s *Store) result(ctx context.Context, scan Scan) (result []byte, err error) {
	// One transaction sees one state of the store, whoever records or prunes meanwhile.
	err = s.reading(ctx, func(tx *sql.Tx) (err error) {
		result, err = s.resultOf(ctx, tx, scan)
		return err
	})
	return result, err
}

// resultOf reads the result.json of a recorded scan in a transaction.
func (s *Store) resultOf(ctx context.Context, tx *sql.Tx, scan Scan) ([]byte, error) {
	var packedHead, packedChanges []byte
	err := tx.QueryRowContext(ctx, s.db.SQL("SELECT head, changes FROM history_scans WHERE id = ? AND tenant_id = ?"), scan.ID, scan.tenantID).Scan(&packedHead, &packedChanges)
	if err != nil {
		return nil, err
	}
	bodies, places, err := s.bodies(ctx, tx, scan)
	if err != nil {
		return nil, err
	}
	sort.Sort(byPlace{bodies, places})
	head, err := unpack(packedHead)
	if err != nil {
		return nil, err
	}
	changes, err := unpackWords(packedChanges)
	if err != nil {
		return nil, err
	}
	result, err := join(head, bodies, changes)
	if err != nil || sumOf(result) != scan.Digest {
		return nil, errDamaged
	}
	return result, nil
}

// bodies reads the findings of a scan, in no order, and their places.
func (s *Store) bodies(ctx context.Context, tx *sql.Tx, scan Scan) (bodies [][]byte, places []place, err error) {
	rows, err := tx.QueryContext(ctx, s.db.SQL("SELECT body FROM history_findings WHERE tenant_id = ? AND until > ? AND since <= ?"), scan.tenantID, scan.position, scan.position)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, nil, err
		}
		var finding identity
		if err := json.Unmarshal(body, &finding); err != nil {
			return nil, nil, errDamaged
		}
		bodies, places = append(bodies, body), append(places, finding.place())
	}
	return bodies, places, rows.Err()
}

// byPlace sorts the texts of findings by their places.
type byPlace struct {
	bodies [][]byte
	places []place
}

func (b byPlace) Len() int           { return len(b.places) }
func (b byPlace) Less(i, j int) bool { return b.places[i].compare(b.places[j]) < 0 }
func (b byPlace) Swap(i, j int) {
	b.bodies[i], b.bodies[j] = b.bodies[j], b.bodies[i]
	b.places[i], b.places[j] = b.places[j], b.places[i]
}

// reading runs a function that only reads in a transaction of its own.
func (s *Store) reading(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it has written nothing
	return do(tx)
}

// Seen is a finding and the scans that it was first and last seen in: their times. A
// finding that was gone for a while counts as one; how it was last is what it says.
type Seen struct {
	Tenant    string           `json:"tenant"`
	FirstSeen time.Time        `json:"firstSeen"`
	LastSeen  time.Time        `json:"lastSeen"`
	Open      bool             `json:"open"` // in the tenant's latest scan
	Finding   findings.Finding `json:"finding"`
}

// Findings yields the findings of a tenant, or of all tenants for "": those of the latest
// scan, or with gone also those that are in it no longer. They are sorted by tenant and
// fingerprint.
func (s *Store) Findings(ctx context.Context, tenant string, gone bool) iter.Seq2[Seen, error] {
	return func(yield func(Seen, error) bool) {
		err := s.reading(ctx, func(tx *sql.Tx) error { return s.findings(ctx, tx, tenant, gone, yield) })
		if err != nil {
			yield(Seen{}, fmt.Errorf("reading the history: %w", err))
		}
	}
}

func (s *Store) findings(ctx context.Context, tx *sql.Tx, tenant string, gone bool, yield func(Seen, error) bool) error {
	condition, args := ofTenant(tenant)
	scans, err := s.scans(ctx, tx, condition, all, args...)
	if err != nil {
		return err
	}
	positions := map[int64][]int64{} // of the tenants' scans, the earliest first
	for _, scan := range slices.Backward(scans) {
		positions[scan.tenantID] = append(positions[scan.tenantID], scan.position)
	}
	if !gone {
		condition += " AND f.until = ?"
		args = append(args, int64(forever))
	}
	rows, err := tx.QueryContext(ctx, s.db.SQL(`SELECT t.tenant, f.tenant_id, f.until, f.body,
			(SELECT min(e.since) FROM history_findings e WHERE e.tenant_id = f.tenant_id AND e.fingerprint = f.fingerprint)
		FROM history_findings f JOIN history_tenants t ON t.id = f.tenant_id
		WHERE `+condition+` AND NOT EXISTS (SELECT 1 FROM history_findings l WHERE l.tenant_id = f.tenant_id AND l.fingerprint = f.fingerprint AND l.since > f.since)
		ORDER BY t.tenant, f.fingerprint`), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var seen Seen
		var tenantID, until, first int64
		var body []byte
		if err := rows.Scan(&seen.Tenant, &tenantID, &until, &body, &first); err != nil {
			return err
		}
		if err := json.Unmarshal(body, &seen.Finding); err != nil {
			return errDamaged
		}
		all := positions[tenantID]
		last, _ := slices.BinarySearch(all, until)
		if last == 0 {
			return errDamaged
		}
		seen.FirstSeen, seen.LastSeen, seen.Open = timeAt(first), timeAt(all[last-1]), until == forever
		if !yield(seen, nil) {
			return nil
		}
	}
	return rows.Err()
}
