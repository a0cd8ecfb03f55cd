package database

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path"
)

// Migrations are what makes the tables of one user of a database.
type Migrations struct {
	// Table is the name of the table that says which of them were made.
	Table string
	// Files are SQL, made in the order of their names.
	Files fs.FS
	// Then is what follows a file in the same transaction and isn't SQL, by the file's name.
	Then map[string]Then
}

// Then is a part of a migration that isn't SQL.
type Then func(ctx context.Context, db *DB, tx *sql.Tx) error

// Migrate brings the tables to what this program knows: each file, in the order of their
// names, once and all in one transaction. There is no way back, and a database that has more
// of them than the program is refused. Where there are none, they are ErrNone unless they are
// to be created.
func (d *DB) Migrate(ctx context.Context, tables Migrations, create bool) error {
	files, err := fs.Glob(tables.Files, "*/*.sql")
	if err != nil {
		return err
	}
	done, err := d.version(ctx, d, tables.Table)
	switch {
	case err != nil:
		return err
	case done == len(files):
		return nil
	case done == 0 && !create:
		return ErrNone
	}
	return d.Transact(ctx, func(tx *sql.Tx) error {
		if d.dialect.lock != "" {
			if _, err := tx.ExecContext(ctx, d.dialect.lock); err != nil {
				return err
			}
		}
		done, err := d.version(ctx, tx, tables.Table) // another process may have been faster
		if err != nil {
			return err
		}
		if done > len(files) {
			return fmt.Errorf("%w: it is at step %d and this program knows %d\nhint: use the newest version of domicile that records there", ErrNewer, done, len(files))
		}
		if done == 0 {
			if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+tables.Table+" (version INTEGER PRIMARY KEY, file TEXT NOT NULL)"); err != nil {
				return err
			}
		}
		for i := done; i < len(files); i++ {
			if err := d.apply(ctx, tx, tables, i+1, files[i]); err != nil {
				return fmt.Errorf("migrating it with %s: %w", path.Base(files[i]), err)
			}
		}
		return nil
	})
}

// Querier is a database or a transaction.
type Querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// version is how many migrations were made; 0 for none at all.
func (d *DB) version(ctx context.Context, in Querier, table string) (int, error) {
	var tables, done int
	if err := in.QueryRowContext(ctx, d.SQL(d.dialect.exists), table).Scan(&tables); err != nil {
		return 0, err
	}
	if tables == 0 {
		return 0, nil
	}
	err := in.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM "+table).Scan(&done)
	return done, err
}

func (d *DB) apply(ctx context.Context, tx *sql.Tx, tables Migrations, version int, file string) error {
	text, err := fs.ReadFile(tables.Files, file)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, d.SQL(string(text))); err != nil {
		return err
	}
	if then := tables.Then[path.Base(file)]; then != nil {
		if err := then(ctx, d, tx); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, d.SQL("INSERT INTO "+tables.Table+" (version, file) VALUES (?, ?)"), version, path.Base(file))
	return err
}
