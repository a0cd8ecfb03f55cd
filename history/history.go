// Package history keeps past results, in SQLite or PostgreSQL.
//
// In goes a result.json, and out comes the same to the byte, with what the results of a
// tenant say together: when each finding was first and last seen. A finding is written
// when it appears, changes or goes, not with every scan, so that a thousand scans of a
// tenant in which little changes take little more room than one. The package judges
// nothing, compares nothing and reads no clock.
package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// The errors that callers tell apart.
var (
	// ErrNoStore says that there is no history where one was named.
	ErrNoStore = errors.New("there is no history yet")
	// ErrNoScan says that no scan has an id, or none of the tenant that was named.
	ErrNoScan = errors.New("no such scan is recorded")
	// ErrNewer says that a newer program wrote the store.
	ErrNewer = errors.New("a newer version of the program wrote it")
	// ErrForeignLayout says that a result.json is not laid out as findings.Result.Write does.
	ErrForeignLayout = errors.New("it is not laid out as the program writes it, and what is kept is kept to the byte")
)

// Store is a history in a database. It may be used by several goroutines and processes
// at once.
type Store struct {
	db      *sql.DB
	dialect dialect
}

// Scan is one recorded scan: what its result says of itself, and who recorded it when.
type Scan struct {
	ID         int64     `json:"id"`
	Tenant     string    `json:"tenant"`
	TenantName string    `json:"tenantName"`
	Started    time.Time `json:"started"`
	// Digest is the lower-case hex sha256 of result.json.
	Digest     string    `json:"digest"`
	Recorded   time.Time `json:"recorded"`
	RecordedBy string    `json:"recordedBy"`
	Tool       string    `json:"tool"`
	Profile    string    `json:"profile"`
	// Reader is the id of the application that read the tenant; empty where files alone were
	// imported.
	Reader string        `json:"reader"`
	Exit   findings.Exit `json:"exit"`
	// Violations is the number of findings that fail.
	Violations int              `json:"violations"`
	Digests    findings.Digests `json:"digests"`

	tenantID, position int64
}

// OpenOrCreate opens a history and creates it where there is none. The address is that of
// a PostgreSQL database (postgres://...) or the path of an SQLite file, with or without
// sqlite: before it; a new file is readable by its owner alone.
func OpenOrCreate(ctx context.Context, address string) (*Store, error) {
	return open(ctx, address, true)
}

// Open opens a history that is there, and returns ErrNoStore where there is none.
func Open(ctx context.Context, address string) (*Store, error) {
	return open(ctx, address, false)
}

func open(ctx context.Context, address string, create bool) (*Store, error) {
	// While another process makes a new file of SQLite's what it is to be, SQLite doesn't wait for it
	// by itself: https://www.sqlite.org/wal.html, section 8.
	for wait := time.Millisecond; ; wait *= 2 {
		store, err := connect(address, create)
		if err == nil {
			if err = store.migrate(ctx, create); err == nil {
				return store, nil
			}
			err = errors.Join(err, store.Close())
		}
		if !isBusy(err) || wait > longestWait {
			return nil, fmt.Errorf("opening the history %s: %w", Shown(address), err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("opening the history %s: %w", Shown(address), ctx.Err())
		case <-time.After(wait):
		}
	}
}

// longestWait is the longest wait for another process before the last attempt to open a store.
const longestWait = 8 * time.Second

// Close closes the store.
func (s *Store) Close() error { return s.db.Close() }

// transact runs a function in a transaction, which is undone where it returns an error.
func (s *Store) transact(ctx context.Context, do func(*sql.Tx) error) (err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // the first error says more
		}
	}()
	if err = do(tx); err != nil {
		return err
	}
	return tx.Commit()
}
