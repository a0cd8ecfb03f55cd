package history

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// forever is the end of an interval that has none yet.
const forever = math.MaxInt64

// maxText is how many characters of a text that a result says of itself are kept beside it.
const maxText = 1000

// Record keeps a result.json, as findings.Result.Write lays it out, and says who recorded
// it and when. It returns the scan as it stands in the history; recorded is false where the
// same result was there before. Results may be recorded in any order: a scan's place in the
// history of its tenant is the time when it started.
func (s *Store) Record(ctx context.Context, result []byte, by string, now time.Time) (scan Scan, recorded bool, err error) {
	return s.RecordWith(ctx, Entry{Result: result, By: by, Time: now}, func(*sql.Tx, Scan) error { return nil })
}

// Entry is what is recorded: a result.json and the signature beside it, nil for none, by whom and
// when.
type Entry struct {
	Result, Envelope []byte
	By               string
	Time             time.Time
}

// RecordWith records as Record does, and calls a function in the same transaction, with the
// scan as it stands in the history: either both are done, or neither. A signature that a result which
// was there before lacked is kept then.
func (s *Store) RecordWith(ctx context.Context, entry Entry, with func(*sql.Tx, Scan) error) (scan Scan, recorded bool, err error) {
	doc, err := split(entry.Result)
	if err != nil {
		return Scan{}, false, fmt.Errorf("recording the result: %w", err)
	}
	scan, err = describe(doc, entry.Result)
	if err != nil {
		return Scan{}, false, fmt.Errorf("recording the result: %w", err)
	}
	scan.RecordedBy, scan.Recorded = text(entry.By), entry.Time.UTC().Truncate(time.Microsecond)
	err = s.db.Transact(ctx, func(tx *sql.Tx) error {
		if err := s.lockTenant(ctx, tx, scan.Tenant, &scan.tenantID); err != nil {
			return err
		}
		there, err := s.scans(ctx, tx, "tenant_id = ? AND digest = ?", 1, scan.tenantID, scan.Digest)
		if err != nil {
			return err
		}
		if recorded = len(there) == 0; !recorded {
			scan = there[0]
			if err := s.sign(ctx, tx, scan, entry.Envelope); err != nil {
				return err
			}
			return with(tx, scan)
		}
		next, err := s.place(ctx, tx, &scan)
		if err != nil {
			return err
		}
		if err := s.recordFindings(ctx, tx, scan, doc.bodies, next); err != nil {
			return err
		}
		if err := s.insertScan(ctx, tx, &scan, doc); err != nil {
			return err
		}
		if err := s.recordNumbers(ctx, tx, scan, doc, next == forever); err != nil {
			return err
		}
		if err := s.sign(ctx, tx, scan, entry.Envelope); err != nil {
			return err
		}
		return with(tx, scan)
	})
	if err != nil {
		return Scan{}, false, fmt.Errorf("recording the result: %w", err)
	}
	return scan, recorded, nil
}

// sign keeps the signature of a scan that has none.
func (s *Store) sign(ctx context.Context, tx *sql.Tx, scan Scan, envelope []byte) error {
	if len(envelope) == 0 {
		return nil
	}
	packed, err := pack(envelope)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, s.db.SQL("UPDATE history_scans SET envelope = ? WHERE id = ? AND envelope IS NULL"), packed, scan.ID)
	return err
}

// sumOf is the lower-case hex sha256 of a document.
func sumOf(document []byte) string {
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:])
}

// describe says what a result says of itself.
func describe(doc *document, data []byte) (Scan, error) {
	result := doc.result
	tenant, err := tenantKey(result.Tenant.ID)
	if err != nil {
		return Scan{}, err
	}
	scan := Scan{
		Tenant: tenant, TenantName: text(result.Tenant.Name), Started: result.Started.UTC(), Digest: sumOf(data),
		Tool: text(result.Tool.Version), Profile: text(result.Profile), Reader: text(result.Reader.AppID),
		Exit: result.Exit, Violations: result.Summary.Findings, Digests: result.Digests,
	}
	scan.Exit.Reason = text(scan.Exit.Reason)
	for _, digest := range []*string{&scan.Digests.Evidence, &scan.Digests.Policies, &scan.Digests.Params, &scan.Digests.Waivers, &scan.Digests.Previous} {
		*digest = text(*digest)
	}
	return scan, nil
}

// text is a text of a result's as a column keeps it: not too long, and without the
// character that PostgreSQL has no place for. The result itself is kept as it is.
func text(s string) string {
	runes := []rune(strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd"))
	return string(runes[:min(len(runes), maxText)])
}

// place gives a scan its position, and returns that of the scan after it.
func (s *Store) place(ctx context.Context, tx *sql.Tx, scan *Scan) (next int64, err error) {
	rows, err := tx.QueryContext(ctx, s.db.SQL("SELECT position FROM history_scans WHERE tenant_id = ? AND position >= ? ORDER BY position"), scan.tenantID, scan.Started.UnixMicro())
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	scan.position, next = scan.Started.UnixMicro(), forever
	for rows.Next() {
		var taken int64
		if err := rows.Scan(&taken); err != nil {
			return 0, err
		}
		if taken > scan.position {
			next = taken
			break
		}
		scan.position++
	}
	return next, rows.Err()
}

// interval is a row of history_findings, without its tenant.
type interval struct {
	id           int64
	fingerprint  []byte
	since, until int64
	body         []byte
	rule         string
	weight       int
}

// recordFindings lets the intervals of a tenant say what a scan between two others (or
// after all others) found. Where it found what the scan before it had, nothing is written.
func (s *Store) recordFindings(ctx context.Context, tx *sql.Tx, scan Scan, found []body, next int64) error {
	missing := make(map[[32]byte][]byte, len(found))
	for _, finding := range found {
		missing[finding.fingerprint] = finding.text
	}
	closed, added, begun, err := s.meet(ctx, tx, scan, missing, next)
	if err != nil {
		return err
	}
	var earlier []int64
	for _, row := range begun {
		if key := [32]byte(row.fingerprint); bytes.Equal(missing[key], row.body) {
			earlier = append(earlier, row.id)
			delete(missing, key)
		}
	}
	for _, finding := range found {
		if body, is := missing[finding.fingerprint]; is {
			added = append(added, interval{
				fingerprint: finding.fingerprint[:], since: scan.position, until: next, body: body, rule: text(finding.identity.Rule), weight: finding.identity.weight(),
			})
		}
	}
	if err := s.move(ctx, tx, "until", scan.position, closed); err != nil {
		return err
	}
	if err := s.move(ctx, tx, "since", scan.position, earlier); err != nil {
		return err
	}
	return s.insert(ctx, tx, scan.tenantID, added)
}

// meet compares what was found before and after a scan's position with what it is missing,
// and takes from that what goes on. It returns the ids of the intervals that end there, the
// rest of those that go on behind it, and the intervals that begin with the scan after it.
func (s *Store) meet(ctx context.Context, tx *sql.Tx, scan Scan, missing map[[32]byte][]byte, next int64) (closed []int64, resumed, begun []interval, err error) {
	rows, err := tx.QueryContext(ctx, s.db.SQL("SELECT id, fingerprint, since, until, rule, weight, body FROM history_findings WHERE tenant_id = ? AND until > ? AND since <= ?"), scan.tenantID, scan.position, next)
	if err != nil {
		return nil, nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var row interval
		var body sql.RawBytes
		if err := rows.Scan(&row.id, &row.fingerprint, &row.since, &row.until, &row.rule, &row.weight, &body); err != nil {
			return nil, nil, nil, err
		}
		if len(row.fingerprint) != 32 {
			return nil, nil, nil, errDamaged
		}
		key := [32]byte(row.fingerprint)
		switch {
		case row.since == next:
			row.body = bytes.Clone(body)
			begun = append(begun, row)
		case bytes.Equal(missing[key], body):
			delete(missing, key)
		default:
			closed = append(closed, row.id)
			if row.until > next {
				row.since, row.body = next, bytes.Clone(body)
				resumed = append(resumed, row)
			}
		}
	}
	return closed, resumed, begun, rows.Err()
}

// errDamaged says that a store doesn't hold what was put there.
var errDamaged = errors.New("the history is damaged: what it holds is not what was recorded")

// batch is how many rows a statement writes; SQLite allows 32,766 parameters.
const batch = 500

// move sets an end of intervals.
func (s *Store) move(ctx context.Context, tx *sql.Tx, column string, position int64, ids []int64) error {
	for len(ids) > 0 {
		part := ids[:min(batch, len(ids))]
		ids = ids[len(part):]
		args := []any{position}
		for _, id := range part {
			args = append(args, id)
		}
		statement := "UPDATE history_findings SET " + column + " = ? WHERE id IN (?" + strings.Repeat(", ?", len(part)-1) + ")"
		if _, err := tx.ExecContext(ctx, s.db.SQL(statement), args...); err != nil {
			return err
		}
	}
	return nil
}

// insert writes new intervals.
func (s *Store) insert(ctx context.Context, tx *sql.Tx, tenantID int64, intervals []interval) error {
	const row = "(?, ?, ?, ?, ?, ?, ?)"
	args := make([]any, 0, 7*batch)
	for len(intervals) > 0 {
		part := intervals[:min(batch, len(intervals))]
		intervals = intervals[len(part):]
		args = args[:0]
		for _, one := range part {
			args = append(args, tenantID, one.fingerprint, one.since, one.until, one.rule, one.weight, string(one.body))
		}
		statement := "INSERT INTO history_findings (tenant_id, fingerprint, since, until, rule, weight, body) VALUES " + row + strings.Repeat(", "+row, len(part)-1)
		if _, err := tx.ExecContext(ctx, s.db.SQL(statement), args...); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) insertScan(ctx context.Context, tx *sql.Tx, scan *Scan, doc *document) error {
	head, err := pack(doc.head)
	if err != nil {
		return err
	}
	changes, err := packWords(doc.changes)
	if err != nil {
		return err
	}
	return tx.QueryRowContext(ctx, s.db.SQL(`INSERT INTO history_scans (tenant_id, position, digest, recorded, recorded_by, tenant_name, tool, profile, reader,
			exit_code, exit_reason, violations, evidence, policies, params, waivers, previous, head, changes)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`),
		scan.tenantID, scan.position, scan.Digest, scan.Recorded.UnixMicro(), scan.RecordedBy, scan.TenantName, scan.Tool, scan.Profile, scan.Reader,
		scan.Exit.Code, scan.Exit.Reason, scan.Violations, scan.Digests.Evidence, scan.Digests.Policies, scan.Digests.Params, scan.Digests.Waivers, scan.Digests.Previous,
		head, changes).Scan(&scan.ID)
}
