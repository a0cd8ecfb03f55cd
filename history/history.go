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
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/database"
)

// The errors that callers tell apart.
var (
	// ErrNoStore says that there is no history where one was named.
	ErrNoStore = errors.New("there is no history yet")
	// ErrNoScan says that no scan has an id, or none of the tenant that was named.
	ErrNoScan = errors.New("no such scan is recorded")
	// ErrNewer says that a newer program wrote the store.
	ErrNewer = database.ErrNewer
	// ErrForeignLayout says that a result.json is not laid out as findings.Result.Write does.
	ErrForeignLayout = errors.New("it is not laid out as the program writes it, and what is kept is kept to the byte")
)

// Store is a history in a database. It may be used by several goroutines and processes
// at once.
type Store struct {
	db *database.DB
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

//go:embed migrations/*.sql
var migrations embed.FS

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
	db, err := database.Open(ctx, address, database.Migrations{Table: "history_migrations", Files: migrations, Then: map[string]database.Then{"0002_fleet.sql": numberScans}}, create)
	if errors.Is(err, database.ErrNone) {
		err = ErrNoStore
	}
	if err != nil {
		return nil, fmt.Errorf("opening the history %s: %w", Shown(address), err)
	}
	return &Store{db}, nil
}

// Shown is an address without the password that may stand in it.
func Shown(address string) string { return database.Shown(address) }

// HasPassword says whether a password stands in an address.
func HasPassword(address string) bool { return database.HasPassword(address) }

// Hint says what to do about an error of a history's database; empty for any other error.
func Hint(err error) string { return database.Hint(err) }

// Database is where the history is, for others who keep tables of their own there.
func (s *Store) Database() *database.DB { return s.db }

// Close closes the store.
func (s *Store) Close() error { return s.db.Close() }
