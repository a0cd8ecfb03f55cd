package history

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// dialect is where SQLite and PostgreSQL differ.
type dialect struct {
	driver string
	// identity and bytes are types of columns, exists counts tables by their name.
	identity, bytes, exists string
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
		driver:   "sqlite",
		identity: "INTEGER PRIMARY KEY AUTOINCREMENT",
		bytes:    "BLOB",
		exists:   "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?",
		shrink:   []string{"VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"},
	}
}

func postgresDialect() dialect {
	return dialect{
		driver:   "pgx",
		identity: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
		bytes:    "BYTEA",
		exists:   "SELECT count(*) FROM pg_class WHERE oid = to_regclass(?)",
		lock:     "SELECT pg_advisory_xact_lock(7310034283826791529)",
		numbered: true,
	}
}

// sql turns a statement that is written with ? and with the names of types in braces into
// the database's own.
func (d dialect) sql(statement string) string {
	statement = strings.NewReplacer("{{identity}}", d.identity, "{{bytes}}", d.bytes).Replace(statement)
	if !d.numbered {
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

// connect prepares the connections to the database at an address; it doesn't make any yet.
func connect(address string, create bool) (*Store, error) {
	if isPostgres(address) {
		db, err := sql.Open(postgresDialect().driver, address)
		if err != nil {
			return nil, err
		}
		return &Store{db: db, dialect: postgresDialect()}, nil
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
	db, err := sql.Open(sqliteDialect().driver, "file:"+(&url.URL{Path: path}).EscapedPath()+options)
	if err != nil {
		return nil, err
	}
	return &Store{db: db, dialect: sqliteDialect()}, nil
}

// isBusy says whether SQLite found the file locked.
func isBusy(err error) bool {
	var of *sqlite.Error
	return errors.As(err, &of) && of.Code()&0xff == sqlite3.SQLITE_BUSY
}

// prepare sees that there is a file, and makes an empty one that its owner alone can read;
// what SQLite puts beside it takes its permissions.
func prepare(path string, create bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return errors.New("it is a folder; name a file in it")
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	case !create:
		return ErrNoStore
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

func isPostgres(address string) bool {
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
	if !isPostgres(address) {
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
	if !isPostgres(address) {
		return false
	}
	if err != nil {
		return true // it may
	}
	_, set := parsed.User.Password()
	return set || parsed.Query().Has("password") || parsed.Query().Has("sslpassword")
}
