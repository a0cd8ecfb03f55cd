package history

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"path"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables to what this program knows: each file of migrations, in the
// order of their names, once and all in one transaction. There is no way back, and a store
// that has more of them than the program is refused.
func (s *Store) migrate(ctx context.Context, create bool) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	done, err := s.version(ctx, s.db)
	switch {
	case err != nil:
		return err
	case done == len(files):
		return nil
	case done == 0 && !create:
		return ErrNoStore
	}
	return s.transact(ctx, func(tx *sql.Tx) error {
		if s.dialect.lock != "" {
			if _, err := tx.ExecContext(ctx, s.dialect.lock); err != nil {
				return err
			}
		}
		done, err := s.version(ctx, tx) // another process may have been faster
		if err != nil {
			return err
		}
		if done > len(files) {
			return fmt.Errorf("%w: it is at step %d and this program knows %d\nhint: use the newest version of domicile that records there", ErrNewer, done, len(files))
		}
		if done == 0 {
			if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS history_migrations (version INTEGER PRIMARY KEY, file TEXT NOT NULL)"); err != nil {
				return err
			}
		}
		for i := done; i < len(files); i++ {
			if err := s.apply(ctx, tx, i+1, files[i]); err != nil {
				return fmt.Errorf("migrating it with %s: %w", path.Base(files[i]), err)
			}
		}
		return nil
	})
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// version is how many migrations a store has; 0 for none at all.
func (s *Store) version(ctx context.Context, db querier) (int, error) {
	var tables, done int
	if err := db.QueryRowContext(ctx, s.dialect.sql(s.dialect.exists), "history_migrations").Scan(&tables); err != nil {
		return 0, err
	}
	if tables == 0 {
		return 0, nil
	}
	err := db.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM history_migrations").Scan(&done)
	return done, err
}

func (s *Store) apply(ctx context.Context, tx *sql.Tx, version int, file string) error {
	text, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, s.dialect.sql(string(text))); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, s.dialect.sql("INSERT INTO history_migrations (version, file) VALUES (?, ?)"), version, path.Base(file))
	return err
}
