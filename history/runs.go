package history

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/domicile-audit/domicile/internal/database"
	"github.com/domicile-audit/domicile/remediation"
)

// Run is a recorded run that made changes in a tenant or took them back: what its record says
// of itself, and who recorded it when.
type Run struct {
	ID         int64     `json:"id"`
	Tenant     string    `json:"tenant"`
	TenantName string    `json:"tenantName"`
	Kind       string    `json:"kind"`
	Began      time.Time `json:"began"`
	Ended      time.Time `json:"ended"`
	// Digest is the lower-case hex sha256 of the record's file, Plan the plan's.
	Digest     string    `json:"digest"`
	Plan       string    `json:"plan"`
	Recorded   time.Time `json:"recorded"`
	RecordedBy string    `json:"recordedBy"`
	Tool       string    `json:"tool"`
	Author     string    `json:"author"`
	// Approver is empty where nobody had to approve.
	Approver string `json:"approver"`
	App      string `json:"app"`
	// Changes is the number of changes, Done of those that are as they were meant to be, and
	// Mended of those whose violations were gone afterwards.
	Changes int `json:"changes"`
	Done    int `json:"done"`
	Mended  int `json:"mended"`

	tenantID int64
}

// RecordRun keeps the record of a run with the signature beside it, which may be empty, and says
// who recorded it and when. recorded is false where the same record was there before; a signature
// that it lacked is kept then, so that nobody keeps a signed record out with an unsigned one.
func (s *Store) RecordRun(ctx context.Context, record, envelope []byte, by string, now time.Time) (run Run, recorded bool, err error) {
	run, err = describeRun(record)
	if err != nil {
		return Run{}, false, fmt.Errorf("recording the run: %w", err)
	}
	run.RecordedBy, run.Recorded = text(by), now.UTC().Truncate(time.Microsecond)
	unsigned, err := pack(nil)
	if err != nil {
		return Run{}, false, fmt.Errorf("recording the run: %w", err)
	}
	packed := make([][]byte, 2)
	for i, data := range [][]byte{record, envelope} {
		if packed[i], err = pack(data); err != nil {
			return Run{}, false, fmt.Errorf("recording the run: %w", err)
		}
	}
	err = s.db.Transact(ctx, func(tx *sql.Tx) error {
		if err := s.lockTenant(ctx, tx, run.Tenant, &run.tenantID); err != nil {
			return err
		}
		there, err := s.runs(ctx, tx, "r.tenant_id = ? AND r.digest = ?", run.tenantID, run.Digest)
		if err != nil {
			return err
		}
		if len(there) > 0 {
			run = there[0]
			_, err := tx.ExecContext(ctx, s.db.SQL("UPDATE history_runs SET envelope = ? WHERE id = ? AND tenant_id = ? AND envelope = ?"), packed[1], run.ID, run.tenantID, unsigned)
			return err
		}
		recorded = true
		return tx.QueryRowContext(ctx, s.db.SQL(`INSERT INTO history_runs (tenant_id, digest, began, ended, recorded, recorded_by, tenant_name, tool, kind, plan, author, approver, app,
				changes, done, mended, record, envelope)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`),
			run.tenantID, run.Digest, run.Began.UnixMicro(), run.Ended.UnixMicro(), run.Recorded.UnixMicro(), run.RecordedBy, run.TenantName, run.Tool, run.Kind, run.Plan, run.Author, run.Approver, run.App,
			run.Changes, run.Done, run.Mended, packed[0], packed[1]).Scan(&run.ID)
	})
	if err != nil {
		return Run{}, false, fmt.Errorf("recording the run: %w", err)
	}
	return run, recorded, nil
}

// describeRun says what the record of a run says of itself.
func describeRun(data []byte) (Run, error) {
	record, err := remediation.DecodeRecord(data)
	if err != nil {
		return Run{}, err
	}
	tenant, err := tenantKey(record.Tenant.ID)
	if err != nil {
		return Run{}, err
	}
	run := Run{
		Tenant: tenant, TenantName: text(record.Tenant.Name), Kind: record.Run.Kind, Began: record.Run.Began.UTC(), Ended: record.Run.Ended.UTC(),
		Digest: sumOf(data), Plan: record.Run.Plan, Tool: text(record.Tool.Version), Author: text(record.Run.Author), App: text(record.Run.App),
		Changes: len(record.Run.Changes),
	}
	if record.Run.Approval != nil {
		run.Approver = text(record.Run.Approval.By)
	}
	for _, change := range record.Run.Changes {
		if change.Done() {
			run.Done++
		}
		if change.Verdict == string(remediation.Mends) {
			run.Mended++
		}
	}
	return run, nil
}

// tenantKey is a tenant's id as the history keeps it.
func tenantKey(id string) (string, error) {
	tenant := strings.ToLower(id)
	if !isTenant(tenant) {
		return "", fmt.Errorf("%q is no tenant's id", id)
	}
	return tenant, nil
}

func isTenant(id string) bool {
	return id != "" && len(id) <= maxText && !strings.ContainsFunc(id, unicode.IsControl)
}

// lockTenant finds the row of a tenant, or makes it, and locks it, so that what is recorded of
// the tenant is recorded one after another.
func (s *Store) lockTenant(ctx context.Context, tx *sql.Tx, tenant string, id *int64) error {
	return tx.QueryRowContext(ctx, s.db.SQL("INSERT INTO history_tenants (tenant) VALUES (?) ON CONFLICT (tenant) DO UPDATE SET tenant = excluded.tenant RETURNING id"), tenant).Scan(id)
}

// runs reads the runs that a condition chooses, the latest first.
func (s *Store) runs(ctx context.Context, db database.Querier, condition string, args ...any) (runs []Run, err error) {
	rows, err := db.QueryContext(ctx, s.db.SQL(`SELECT r.id, t.tenant, r.tenant_id, r.digest, r.began, r.ended, r.recorded, r.recorded_by, r.tenant_name, r.tool, r.kind, r.plan, r.author, r.approver, r.app,
			r.changes, r.done, r.mended
		FROM history_runs r JOIN history_tenants t ON t.id = r.tenant_id WHERE `+condition+" ORDER BY r.began DESC, r.id DESC"), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var run Run
		var began, ended, recorded int64
		if err := rows.Scan(&run.ID, &run.Tenant, &run.tenantID, &run.Digest, &began, &ended, &recorded, &run.RecordedBy, &run.TenantName, &run.Tool, &run.Kind, &run.Plan, &run.Author, &run.Approver, &run.App,
			&run.Changes, &run.Done, &run.Mended); err != nil {
			return nil, err
		}
		run.Began, run.Ended, run.Recorded = timeAt(began), timeAt(ended), timeAt(recorded)
		if !sound(run.Tenant, run.Digest, run.Began, run.Ended, run.Recorded) {
			return nil, errDamaged
		}
		runs = append(runs, run)
	}
	return runs, rows.Err()
}

// Runs returns the recorded runs of a tenant, or of all tenants for "", the latest first.
func (s *Store) Runs(ctx context.Context, tenant string) ([]Run, error) {
	condition, args := ofTenant(tenant)
	runs, err := s.runs(ctx, s.db, condition, args...)
	if err != nil {
		return nil, fmt.Errorf("listing the history: %w", err)
	}
	return runs, nil
}

// RunRecord returns the record of a run and the signature beside it, to the byte; nil for none.
func (s *Store) RunRecord(ctx context.Context, run Run) (record, envelope []byte, err error) {
	var packed [2][]byte
	err = s.db.QueryRowContext(ctx, s.db.SQL("SELECT record, envelope FROM history_runs WHERE id = ? AND tenant_id = ?"), run.ID, run.tenantID).Scan(&packed[0], &packed[1])
	if err == nil {
		record, err = unpack(packed[0])
	}
	if err == nil {
		envelope, err = unpack(packed[1])
	}
	if len(envelope) == 0 {
		envelope = nil
	}
	if err == nil && sumOf(record) != run.Digest {
		err = errDamaged
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading run %d: %w", run.ID, err)
	}
	return record, envelope, nil
}

// pruneRuns forgets the runs that began before the oldest scan of their tenant that is kept, or
// where there is none, before the time that scans are kept from.
func (s *Store) pruneRuns(ctx context.Context, tx *sql.Tx, keep Retention, oldest map[int64]int64, dryRun bool) (pruned []Run, err error) {
	condition, args := ofTenant(keep.Tenant)
	runs, err := s.runs(ctx, tx, condition, args...)
	if err != nil {
		return nil, err
	}
	for _, run := range runs {
		from, scanned := oldest[run.tenantID]
		if !scanned && !keep.Since.IsZero() {
			from = keep.Since.UnixMicro()
		}
		if run.Began.UnixMicro() >= from {
			continue
		}
		pruned = append(pruned, run)
		if dryRun {
			continue
		}
		if _, err := tx.ExecContext(ctx, s.db.SQL("DELETE FROM history_runs WHERE id = ? AND tenant_id = ?"), run.ID, run.tenantID); err != nil {
			return nil, err
		}
	}
	return pruned, nil
}
