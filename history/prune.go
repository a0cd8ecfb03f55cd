package history

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Retention says which scans are kept. A limit that is zero is none; with both, a scan must
// be within both. The latest scan of each tenant is always kept.
type Retention struct {
	// Tenant is the id of the tenant whose history is pruned; empty for all.
	Tenant string
	// Keep is how many scans of each tenant are kept.
	Keep int
	// Since is the time before which scans are not kept.
	Since time.Time
}

// Pruned is what was forgotten.
type Pruned struct {
	Scans []Scan
	Runs  []Run
}

// Prune forgets scans, with the findings that no later scan has and the runs before those that
// are left, and returns them. With dryRun it forgets nothing. What is left says of an open finding when it was first seen,
// though that scan be forgotten; of one that came back later only since when the scans that
// are left know it.
func (s *Store) Prune(ctx context.Context, keep Retention, dryRun bool) (pruned Pruned, err error) {
	err = s.db.Transact(ctx, func(tx *sql.Tx) error {
		// Recording waits for the row of its tenant, and so does this.
		if _, err := tx.ExecContext(ctx, "UPDATE history_tenants SET tenant = tenant"); err != nil {
			return err
		}
		condition, args := ofTenant(keep.Tenant)
		scans, err := s.scans(ctx, tx, condition, all, args...)
		if err != nil {
			return err
		}
		var oldest map[int64]int64
		pruned.Scans, oldest = keep.choose(scans)
		if pruned.Runs, err = s.pruneRuns(ctx, tx, keep, oldest, dryRun); err != nil || dryRun {
			return err
		}
		for _, scan := range pruned.Scans {
			for _, table := range []string{"history_numbers", "history_scans"} {
				if _, err := tx.ExecContext(ctx, s.db.SQL("DELETE FROM "+table+" WHERE position = ? AND tenant_id = ?"), scan.position, scan.tenantID); err != nil {
					return err
				}
			}
		}
		for tenantID, position := range oldest {
			if _, err := tx.ExecContext(ctx, s.db.SQL("DELETE FROM history_findings WHERE tenant_id = ? AND until <= ?"), tenantID, position); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Pruned{}, fmt.Errorf("pruning the history: %w", err)
	}
	if len(pruned.Scans)+len(pruned.Runs) > 0 && !dryRun {
		if err := s.db.Shrink(ctx); err != nil {
			return Pruned{}, fmt.Errorf("pruning the history: what was forgotten still takes room: %w", err)
		}
	}
	return pruned, nil
}

// choose says which of the scans, the latest first, are not kept, and for each tenant the
// position of the oldest that is.
func (r Retention) choose(scans []Scan) (pruned []Scan, oldest map[int64]int64) {
	kept := map[int64]int{}
	oldest = map[int64]int64{}
	for _, scan := range scans {
		n := kept[scan.tenantID]
		if n > 0 && (r.Keep > 0 && n >= r.Keep || !r.Since.IsZero() && scan.Started.Before(r.Since)) {
			pruned = append(pruned, scan)
			continue
		}
		kept[scan.tenantID]++
		oldest[scan.tenantID] = scan.position
	}
	return pruned, oldest
}
