// Package database opens an SQLite file or a PostgreSQL database, and brings the tables of
// its users to what they know: the history's, and those of the scans that are planned.
//
// An address goes in, and a pool of connections that speaks one SQL comes out.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The errors that callers tell apart.
var (
	// ErrNone says that there is nothing where a database was named.
	ErrNone = errors.New("there is no database yet")
	// ErrNewer says that a newer program wrote the tables.
	ErrNewer = errors.New("a newer version of the program wrote it")
)

// DB is a database. It may be used by several goroutines and processes at once.
type DB struct {
	*sql.DB
	// Pool is what the connections come from in PostgreSQL; nil in SQLite.
	Pool    *pgxpool.Pool
	dialect dialect
}

// dialect is where SQLite and PostgreSQL differ.
type dialect struct {
	// identity and bytes are types of columns, exists counts tables by their name, now is the
	// database's own time, in microseconds since 1970, and member the member $1 of the JSON in
	// the column body.
	identity, bytes, exists, now, member string
	// lock lets one process at a time migrate; empty where every transaction that writes is
	// alone anyway.
	lock string
	// shrink gives the room back that deleted rows took, and leaves nothing of them.
	shrink []string
	// numbered says that placeholders are $1, $2, ... and not ?.
	numbered bool
}

func sqliteDialect() dialect {
	return dialect{
		identity: "INTEGER PRIMARY KEY AUTOINCREMENT",
		bytes:    "BLOB",
		now:      "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
		exists:   "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?",
		member:   "(body ->> '$.$1')",
		shrink:   []string{"VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"},
	}
}

func postgresDialect() dialect {
	return dialect{
		identity: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
		bytes:    "BYTEA",
		now:      "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
		exists:   "SELECT count(*) FROM pg_class WHERE oid = to_regclass(?)",
		member:   "(body::json ->> '$1')",
		lock:     "SELECT pg_advisory_xact_lock(7310034283826791529)",
		numbered: true,
	}
}

// member names a member of the JSON in the column body.
var member = regexp.MustCompile(`{{member (\w+)}}`)

// SQL turns a statement that is written with ?, and with {{now}}, {{member NAME}} and the names
// of types in braces, into the database's own.
func (d *DB) SQL(statement string) string {
	statement = strings.NewReplacer("{{identity}}", d.dialect.identity, "{{bytes}}", d.dialect.bytes, "{{now}}", d.dialect.now).Replace(statement)
	statement = member.ReplaceAllStringFunc(statement, func(named string) string {
		return strings.ReplaceAll(d.dialect.member, "$1", member.FindStringSubmatch(named)[1])
	})
	if !d.dialect.numbered {
		return statement
	}
	var out strings.Builder
	for i, part := range strings.Split(statement, "?") {
		if i > 0 {
			out.WriteString("$" + strconv.Itoa(i))
		}
		out.WriteString(part)
	}
	return out.String()
}

// longestWait is the longest wait for another process before the last attempt to open a
// database.
const longestWait = 8 * time.Second

// Open opens the database at an address with the tables of some migrations, and creates what
// isn't there if it is told to; else that is ErrNone. The address is that of a PostgreSQL
// database (postgres://...) or the path of an SQLite file, with or without sqlite: before it;
// a new file is readable by its owner alone.
func Open(ctx context.Context, address string, tables Migrations, create bool) (*DB, error) {
	// While another process makes a new file of SQLite's what it is to be, SQLite doesn't wait for it
	// by itself: https://www.sqlite.org/wal.html, section 8.
	for wait := time.Millisecond; ; wait *= 2 {
		db, err := connect(ctx, address, create)
		if err == nil {
			if err = db.Migrate(ctx, tables, create); err == nil {
				return db, nil
			}
			err = errors.Join(err, db.Close())
		}
		if !isBusy(err) || wait > longestWait {
			return nil, onOneLine(err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// unreachable is that PostgreSQL couldn't be reached, on one line: pgx has one for each attempt.
type unreachable struct{ *pgconn.ConnectError }

func (e unreachable) Error() string {
	head, attempts, _ := strings.Cut(e.ConnectError.Error(), "\n")
	lines := strings.Split(attempts, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.TrimSpace(head + " " + strings.Join(slices.Compact(lines), "; "))
}

func (e unreachable) Unwrap() error { return e.ConnectError }

// onOneLine is an error, told on one line where PostgreSQL couldn't be reached.
func onOneLine(err error) error {
	var refused *pgconn.ConnectError
	if errors.As(err, &refused) {
		return unreachable{refused}
	}
	return err
}

// Close closes the connections.
func (d *DB) Close() error {
	err := d.DB.Close()
	if d.Pool != nil {
		d.Pool.Close()
	}
	return err
}

// Transact runs a function in a transaction, which is undone where it returns an error.
func (d *DB) Transact(ctx context.Context, do func(*sql.Tx) error) (err error) {
	tx, err := d.BeginTx(ctx, nil)
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

// Shrink gives the room back that deleted rows took.
func (d *DB) Shrink(ctx context.Context) error {
	for _, statement := range d.dialect.shrink {
		if _, err := d.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// maxConnections is how many connections to PostgreSQL a process may have, unless the address
// allows it more (pool_max_conns).
const maxConnections = 16

// connect prepares the connections to the database at an address; it doesn't make any yet.
func connect(ctx context.Context, address string, create bool) (*DB, error) {
	if IsPostgres(address) {
		config, err := pgxpool.ParseConfig(address)
		if err != nil {
			return nil, err
		}
		config.MaxConns = max(config.MaxConns, maxConnections)
		pool, err := pgxpool.NewWithConfig(ctx, config)
		if err != nil {
			return nil, err
		}
		return &DB{DB: stdlib.OpenDBFromPool(pool), Pool: pool, dialect: postgresDialect()}, nil
	}
	path, isFile := filePath(address)
	if !isFile {
		return nil, errors.New("it is neither postgres:// nor the path of a file")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := prepare(path, create); err != nil {
		return nil, err
	}
	// A reader doesn't wait for a writer, a writer waits for another, and what was committed
	// outlasts a crash of the machine.
	options := "?_txlock=immediate&_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+options)
	if err != nil {
		return nil, err
	}
	return &DB{DB: db, dialect: sqliteDialect()}, nil
}

// isBusy says whether SQLite found the file locked.
func isBusy(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_BUSY }

// sqliteCode is the primary result code of an error of SQLite's; SQLITE_OK for any other.
func sqliteCode(err error) int {
	var of *sqlite.Error
	if !errors.As(err, &of) {
		return sqlite3.SQLITE_OK
	}
	return of.Code() & 0xff
}

// Hint says what to do about an error of a database; empty for any other error.
func Hint(err error) string {
	if errors.As(err, new(*pgconn.ConnectError)) {
		return "see that PostgreSQL answers there, and that the address has the right host, port, user, password and sslmode"
	}
	switch sqliteCode(err) {
	case sqlite3.SQLITE_BUSY:
		return "another process has had the database in use for a minute; try again when it is done"
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return "the file is no database, or a damaged one; name another, or put it back from a copy"
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return "SQLite writes to the file and beside it even where it only reads; copy the file to where you may write"
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
		return "see that there is room on the disk; what was recorded before is there and whole"
	default:
		return ""
	}
}

// prepare sees that there is a file, and makes an empty one that its owner alone can read;
// what SQLite puts beside it takes its permissions.
func prepare(path string, create bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return errors.New("it is a folder; name a file in it")
	case err == nil && !info.Mode().IsRegular():
		return errors.New("it is a device or a pipe; name a file")
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	case !create:
		return ErrNone
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// IsPostgres says whether an address is that of a PostgreSQL database.
func IsPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// filePath is the path of an SQLite file at an address.
func filePath(address string) (path string, ok bool) {
	path, named := strings.CutPrefix(address, "sqlite:")
	path = strings.TrimPrefix(path, "//")
	if !named && strings.Contains(address, "://") || strings.ContainsRune(path, 0) {
		return "", false
	}
	return path, path != ""
}

// Shown is an address without the password that may stand in it.
func Shown(address string) string {
	if !IsPostgres(address) {
		return address
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return "postgres://..."
	}
	return fmt.Sprintf("postgres://%s%s", parsed.Host, parsed.Path)
}

// HasPassword says whether a password stands in an address.
func HasPassword(address string) bool {
	parsed, err := url.Parse(address)
	if !IsPostgres(address) {
		return false
	}
	if err != nil {
		return true // it may
	}
	_, set := parsed.User.Password()
	return set || parsed.Query().Has("password") || parsed.Query().Has("sslpassword")
}
