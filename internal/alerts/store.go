package alerts

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"time"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// store keeps what was told, and what is to be sent.
type store struct{ db *database.DB }

// pair is an alert and a tenant that it is for.
type pair struct{ alert, tenant string }

// mark is how far an alert has looked at a tenant.
type mark struct {
	since      time.Time
	scan, turn int64
}

// thing is what an alert knows, and has told if it is to tell it: an event, and what it is about.
type thing struct {
	event config.Event
	about string
}

// onFinding is the event under which a finding is kept that an alert knows.
const onFinding = config.OnNew

// marks are all marks.
func (s store) marks(ctx context.Context) (map[pair]mark, error) {
	marks := map[pair]mark{}
	return marks, s.each(ctx, "SELECT alert, tenant_id, since, scan, turn FROM alerts_tenants", nil, func(rows *sql.Rows) error {
		var of pair
		var one mark
		var since int64
		err := rows.Scan(&of.alert, &of.tenant, &since, &one.scan, &one.turn)
		one.since = time.UnixMicro(since)
		marks[of] = one
		return err
	})
}

// begin makes a mark where there is none.
func (s store) begin(ctx context.Context, of pair, now time.Time) error {
	_, err := s.db.ExecContext(ctx, s.db.SQL("INSERT INTO alerts_tenants (alert, tenant_id, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"), of.alert, of.tenant, now.UnixMicro())
	return err
}

// standing are the things but for findings that are known, with the job that they are of.
func (s store) standing(ctx context.Context) (map[pair]map[thing]int64, error) {
	told := map[pair]map[thing]int64{}
	return told, s.each(ctx, "SELECT alert, tenant_id, event, about, job FROM alerts_told WHERE event <> ?", []any{onFinding}, func(rows *sql.Rows) error {
		var of pair
		var one thing
		var job int64
		err := rows.Scan(&of.alert, &of.tenant, &one.event, &one.about, &job)
		if told[of] == nil {
			told[of] = map[thing]int64{}
		}
		told[of][one] = job
		return err
	})
}

// found are the findings of a tenant that an alert knows: what each says, by its fingerprint.
func (s store) found(ctx context.Context, of pair) (map[string]string, error) {
	found := map[string]string{}
	return found, s.each(ctx, "SELECT about, words FROM alerts_told WHERE alert = ? AND tenant_id = ? AND event = ?", []any{of.alert, of.tenant, onFinding}, func(rows *sql.Rows) error {
		var fingerprint, words string
		err := rows.Scan(&fingerprint, &words)
		found[fingerprint] = words
		return err
	})
}

func (s store) each(ctx context.Context, query string, args []any, do func(*sql.Rows) error) error {
	rows, err := s.db.QueryContext(ctx, s.db.SQL(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// errFaster says that another process told the same.
var errFaster = errors.New("another process was faster")

// known is what is kept of a thing: what a finding says, for when it is gone, and the job that
// failed.
type known struct {
	words string
	job   int64
}

// news is what a look found out.
type news struct {
	told map[thing]known
	gone []thing
	scan int64
}

// tell remembers what a look found out and puts its digest, if there is one, among those that
// are to be sent: all of it or, where another process looked meanwhile, nothing.
func (s store) tell(ctx context.Context, of pair, was mark, n news, title, body string, now time.Time) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, s.db.SQL("UPDATE alerts_tenants SET turn = turn + 1, scan = ? WHERE alert = ? AND tenant_id = ? AND turn = ?"), n.scan, of.alert, of.tenant, was.turn)
		if err != nil {
			return err
		}
		if rows, err := done.RowsAffected(); err != nil || rows == 0 {
			return errors.Join(err, errFaster)
		}
		for one, kept := range n.told {
			if _, err := tx.ExecContext(ctx, s.db.SQL("INSERT INTO alerts_told (alert, tenant_id, event, about, words, job) VALUES (?, ?, ?, ?, ?, ?)"), of.alert, of.tenant, one.event, one.about, kept.words, kept.job); err != nil {
				return err
			}
		}
		for _, one := range n.gone {
			if _, err := tx.ExecContext(ctx, s.db.SQL("DELETE FROM alerts_told WHERE alert = ? AND tenant_id = ? AND event = ? AND about = ?"), of.alert, of.tenant, one.event, one.about); err != nil {
				return err
			}
		}
		if body == "" {
			return nil
		}
		_, err = tx.ExecContext(ctx, s.db.SQL("INSERT INTO alerts_queue (alert, tenant_id, turn, title, body, written, due) VALUES (?, ?, ?, ?, ?, ?, {{now}})"),
			of.alert, of.tenant, was.turn+1, title, body, now.UnixMicro())
		return err
	})
}

// message is a digest that is to be sent.
type message struct {
	id          int64
	title, body string
	attempts    int
}

// due are the digests of an alert that are to be sent now, the earliest first, and no more than
// its turn takes. One waits for those of its tenant that were written before: what is fixed is told
// after that it was new.
func (s store) due(ctx context.Context, alert string) ([]message, error) {
	var due []message
	return due, s.each(ctx, `SELECT id, title, body, attempts FROM alerts_queue q WHERE alert = ? AND due <= {{now}}
		AND NOT EXISTS (SELECT 1 FROM alerts_queue e WHERE e.alert = q.alert AND e.tenant_id = q.tenant_id AND e.turn < q.turn) ORDER BY id LIMIT ?`, []any{alert, maxInTurn}, func(rows *sql.Rows) error {
		var one message
		err := rows.Scan(&one.id, &one.title, &one.body, &one.attempts)
		due = append(due, one)
		return err
	})
}

// take takes a digest for a term, after which another process may; false where one has it.
func (s store) take(ctx context.Context, m message, term time.Duration) (bool, error) {
	done, err := s.db.ExecContext(ctx, s.db.SQL("UPDATE alerts_queue SET attempts = attempts + 1, due = {{now}} + ? WHERE id = ? AND attempts = ? AND due <= {{now}}"), term.Microseconds(), m.id, m.attempts)
	if err != nil {
		return false, err
	}
	rows, err := done.RowsAffected()
	return rows > 0, err
}

// sent forgets a digest.
func (s store) sent(ctx context.Context, m message) error {
	_, err := s.db.ExecContext(ctx, s.db.SQL("DELETE FROM alerts_queue WHERE id = ?"), m.id)
	return err
}

// again lets a digest wait.
func (s store) again(ctx context.Context, m message, in time.Duration, why string) error {
	_, err := s.db.ExecContext(ctx, s.db.SQL("UPDATE alerts_queue SET due = {{now}} + ?, error = ? WHERE id = ?"), in.Microseconds(), why, m.id)
	return err
}

// forget forgets the digests, of other alerts than those of the configuration, that were written
// before a time.
func (s store) forget(ctx context.Context, alerts []string, before time.Time) error {
	statement := "DELETE FROM alerts_queue WHERE written < ?"
	args := []any{before.UnixMicro()}
	for _, alert := range alerts {
		statement += " AND alert <> ?"
		args = append(args, alert)
	}
	_, err := s.db.ExecContext(ctx, s.db.SQL(statement), args...)
	return err
}

// waiting counts the digests that aren't sent yet, by alert.
func (s store) waiting(ctx context.Context) (map[string]int, error) {
	counts := map[string]int{}
	return counts, s.each(ctx, "SELECT alert, count(*) FROM alerts_queue GROUP BY alert", nil, func(rows *sql.Rows) error {
		var alert string
		var n int
		err := rows.Scan(&alert, &n)
		counts[alert] = n
		return err
	})
}
