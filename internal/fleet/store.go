package fleet

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// store keeps the jobs. It says by the database's own time what is whose, so that processes
// need no clocks that agree.
type store struct{ db *database.DB }

// errTaken says that a job isn't the worker's any more: it took too long to say that it is
// there, and the job was given to another.
var errTaken = errors.New("the job was given to another worker")

// acquire takes or keeps what one process holds at a time.
func (s store) acquire(ctx context.Context, name, holder string, term time.Duration) (bool, error) {
	done, err := s.db.ExecContext(ctx, s.db.SQL(`INSERT INTO fleet_leases (name, holder, until) VALUES (?, ?, {{now}} + ?)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
		WHERE fleet_leases.holder = excluded.holder OR fleet_leases.until < {{now}}`), name, holder, term.Microseconds())
	return affected(done, err)
}

// release gives back what a process holds.
func (s store) release(ctx context.Context, name, holder string) error {
	_, err := s.db.ExecContext(ctx, s.db.SQL("DELETE FROM fleet_leases WHERE name = ? AND holder = ?"), name, holder)
	return err
}

// held says until how long ago, or from now, somebody held something; zero if nobody did.
func (s store) held(ctx context.Context, name string) (left time.Duration, err error) {
	var micros int64
	err = s.db.QueryRowContext(ctx, s.db.SQL("SELECT until - {{now}} FROM fleet_leases WHERE name = ?"), name).Scan(&micros)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return time.Duration(micros) * time.Microsecond, err
}

func affected(done sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	rows, err := done.RowsAffected()
	return rows > 0, err
}

// planned says up to when each tenant's schedules were planned, by tenant's id and key.
func (s store) planned(ctx context.Context) (map[[2]string]time.Time, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT tenant_id, schedule, planned FROM fleet_schedules")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	planned := map[[2]string]time.Time{}
	for rows.Next() {
		var tenant, key string
		var until int64
		if err := rows.Scan(&tenant, &key, &until); err != nil {
			return nil, err
		}
		planned[[2]string{tenant, key}] = timeAt(until)
	}
	return planned, rows.Err()
}

// begin notes from when on a schedule is planned.
func (s store) begin(ctx context.Context, of schedule, now time.Time) error {
	_, err := s.db.ExecContext(ctx, s.db.SQL("INSERT INTO fleet_schedules (tenant_id, schedule, planned) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"),
		of.tenant.ID, of.key, now.UnixMicro())
	return err
}

// setBack notes that a schedule that was planned too far is planned up to now.
func (s store) setBack(ctx context.Context, of schedule, was, now time.Time) error {
	_, err := s.db.ExecContext(ctx, s.db.SQL("UPDATE fleet_schedules SET planned = ? WHERE tenant_id = ? AND schedule = ? AND planned = ?"),
		now.UnixMicro(), of.tenant.ID, of.key, was.UnixMicro())
	return err
}

// forget takes away how far a schedule was planned that is no more.
func (s store) forget(ctx context.Context, tenant, key string) error {
	_, err := s.db.ExecContext(ctx, s.db.SQL("DELETE FROM fleet_schedules WHERE tenant_id = ? AND schedule = ?"), tenant, key)
	return err
}

// plan asks for a scheduled scan and notes up to when the schedule is done, both or neither.
// A tenant whose scan is under way gets no other one. planned is false where another process
// was faster.
func (s store) plan(ctx context.Context, of schedule, was, until, now time.Time) (planned bool, err error) {
	err = s.db.Transact(ctx, func(tx *sql.Tx) error {
		planned, err = affected(tx.ExecContext(ctx, s.db.SQL("UPDATE fleet_schedules SET planned = ? WHERE tenant_id = ? AND schedule = ? AND planned = ?"),
			until.UnixMicro(), of.tenant.ID, of.key, was.UnixMicro()))
		if err != nil || !planned {
			return err
		}
		_, _, err := s.insert(ctx, tx, of.tenant, BySchedule, of.key, now)
		return err
	})
	return planned, err
}

// insert asks for a scan of a tenant; new is false where one is under way.
func (s store) insert(ctx context.Context, in database.Querier, tenant *config.Tenant, cause Cause, by string, now time.Time) (id int64, isNew bool, err error) {
	err = in.QueryRowContext(ctx, s.db.SQL(`INSERT INTO fleet_jobs (tenant, tenant_id, cause, asked_by, state, queued, due)
		SELECT ?, ?, ?, ?, 'waiting', CAST(? AS BIGINT), {{now}} WHERE NOT EXISTS (`+underWay+`)
		ON CONFLICT DO NOTHING RETURNING id`), tenant.Name, tenant.ID, cause, by, now.UnixMicro(), tenant.ID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return id, err == nil, err
}

// underWay is a tenant's job that isn't over yet.
const underWay = "SELECT 1 FROM fleet_jobs WHERE tenant_id = ? AND state IN ('waiting', 'running', 'retrying')"

// turn is a place in the queue: of a job, and how often it was put there.
type turn struct{ job, turn int64 }

// toQueue lists the jobs that are to begin and aren't in the queue.
func (s store) toQueue(ctx context.Context) ([]turn, error) {
	rows, err := s.db.QueryContext(ctx, s.db.SQL("SELECT id, turn FROM fleet_jobs WHERE state IN ('waiting', 'retrying') AND queue = 0 AND due <= {{now}} ORDER BY due, id"))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var turns []turn
	for rows.Next() {
		var one turn
		if err := rows.Scan(&one.job, &one.turn); err != nil {
			return nil, err
		}
		turns = append(turns, one)
	}
	return turns, rows.Err()
}

// queued notes which of the queue's jobs a turn is.
func (s store) queued(ctx context.Context, of turn, queue int64) error {
	_, err := s.db.ExecContext(ctx, s.db.SQL("UPDATE fleet_jobs SET queue = ? WHERE id = ? AND turn = ?"), queue, of.job, of.turn)
	return err
}

// takeBack takes jobs from workers that don't say any more that they are there.
func (s store) takeBack(ctx context.Context) (taken int64, err error) {
	done, err := s.db.ExecContext(ctx, s.db.SQL("UPDATE fleet_jobs SET state = 'waiting', queue = 0, turn = turn + 1, due = {{now}} WHERE state = 'running' AND lease < {{now}}"))
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// fetched lists the turns that a worker took from the queue and hasn't begun.
func (s store) fetched(ctx context.Context) (map[turn]bool, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id, turn FROM fleet_jobs WHERE state IN ('waiting', 'retrying') AND queue > 0
		AND queue NOT IN (SELECT id FROM river_job WHERE CAST(state AS TEXT) IN ('available', 'pending', 'scheduled', 'retryable'))`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	turns := map[turn]bool{}
	for rows.Next() {
		var one turn
		if err := rows.Scan(&one.job, &one.turn); err != nil {
			return nil, err
		}
		turns[one] = true
	}
	return turns, rows.Err()
}

// requeue gives a job its next turn, unless its turn was begun.
func (s store) requeue(ctx context.Context, of turn) error {
	_, err := s.db.ExecContext(ctx, s.db.SQL("UPDATE fleet_jobs SET queue = 0, turn = turn + 1 WHERE id = ? AND turn = ? AND state IN ('waiting', 'retrying')"), of.job, of.turn)
	return err
}

// claim is a job that a worker has begun: what it writes from now on carries its number.
type claim struct {
	Job
	fence int64
	// folder is its place in the folder of evidence, and before that of the attempt before it,
	// empty for none.
	folder, before string
}

// claim begins a job, unless the turn isn't the job's any more: claimed is false then. The folder's
// name has the time, so that no other database's job has the same.
func (s store) claim(ctx context.Context, of turn, worker string, term time.Duration, now time.Time) (c claim, claimed bool, err error) {
	err = s.db.Transact(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, s.db.SQL("SELECT folder FROM fleet_jobs WHERE id = ?"), of.job).Scan(&c.before); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, s.db.SQL(`UPDATE fleet_jobs SET state = 'running', worker = ?, started = ?, attempt = attempt + 1, fence = fence + 1,
			lease = {{now}} + ?, folder = tenant || '/' || CAST(? AS TEXT) || '-' || id || '-' || (fence + 1), progress = '[]'
			WHERE id = ? AND turn = ? AND state IN ('waiting', 'retrying') RETURNING `+columns+", fence, folder"),
			worker, now.UnixMicro(), term.Microseconds(), now.UTC().Format("20060102T150405Z"), of.job, of.turn).Scan(append(c.fields(), &c.fence, &c.folder)...)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	return c, err == nil, err
}

// stillMine is the condition under which a worker may write to its job.
const stillMine = " WHERE id = ? AND fence = ? AND state = 'running' AND lease >= {{now}}"

// update changes the worker's job, or returns errTaken.
func (s store) update(ctx context.Context, in execer, c claim, set string, args ...any) error {
	mine, err := affected(in.ExecContext(ctx, s.db.SQL("UPDATE fleet_jobs SET "+set+stillMine), append(args, c.ID, c.fence)...))
	if err == nil && !mine {
		err = errTaken
	}
	return err
}

// execer is a database or a transaction.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// renew says that the worker is there, and how far it has come.
func (s store) renew(ctx context.Context, c claim, term time.Duration, progress []Progress, lines []LogLine) error {
	data, err := json.Marshal(progress)
	if err != nil {
		return err
	}
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		if err := s.update(ctx, tx, c, "lease = {{now}} + ?, progress = ?", term.Microseconds(), string(data)); err != nil {
			return err
		}
		for _, line := range lines {
			if err := s.log(ctx, tx, c.ID, line); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s store) log(ctx context.Context, in execer, job int64, line LogLine) error {
	_, err := in.ExecContext(ctx, s.db.SQL("INSERT INTO fleet_log (job, time, level, text) VALUES (?, ?, ?, ?)"), job, line.Time.UnixMicro(), line.Level, text(line.Text))
	return err
}

// maxText is how many characters of an error or of a line of a log are kept.
const maxText = 2000

// text is a text as a column keeps it: not too long, and without the character that PostgreSQL
// has no place for.
func text(s string) string {
	runes := []rune(strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd"))
	return string(runes[:min(len(runes), maxText)])
}

// done ends the worker's job with a result.
func (s store) done(ctx context.Context, tx *sql.Tx, c claim, scan int64, exit findings.Exit, now time.Time) error {
	return s.update(ctx, tx, c, "state = 'done', finished = ?, scan = ?, exit_code = ?, exit_reason = ?, error = ''", now.UnixMicro(), scan, exit.Code, text(exit.Reason))
}

// upload notes a result that was judged from evidence made elsewhere.
func (s store) upload(ctx context.Context, tx *sql.Tx, job Job, folder string) error {
	_, err := tx.ExecContext(ctx, s.db.SQL(`INSERT INTO fleet_jobs (tenant, tenant_id, cause, asked_by, state, queued, due, started, finished, scan, exit_code, exit_reason, folder)
		VALUES (?, ?, ?, ?, 'done', ?, 0, ?, ?, ?, ?, ?, ?)`), job.Tenant, job.TenantID, ByUpload, text(job.By), job.Queued.UnixMicro(), job.Started.UnixMicro(), job.Finished.UnixMicro(),
		job.Scan, job.Exit.Code, text(job.Exit.Reason), folder)
	return err
}

// over ends the worker's job without a result.
func (s store) over(ctx context.Context, c claim, state State, why string, now time.Time) error {
	return s.update(ctx, s.db, c, "state = ?, finished = ?, error = ?", state, now.UnixMicro(), text(why))
}

// retry lets the worker's job wait for another attempt.
func (s store) retry(ctx context.Context, c claim, why string, in time.Duration) error {
	return s.update(ctx, s.db, c, "state = 'retrying', queue = 0, turn = turn + 1, due = {{now}} + ?, error = ?", in.Microseconds(), text(why))
}

// hurry lets a tenant's job that waits for another attempt have it now; hurried is false where there
// is none.
func (s store) hurry(ctx context.Context, tenantID string) (hurried bool, err error) {
	return affected(s.db.ExecContext(ctx, s.db.SQL("UPDATE fleet_jobs SET due = {{now}} WHERE tenant_id = ? AND state = 'retrying' AND due > {{now}}"), tenantID))
}

// giveBack lets the worker's job wait for another worker, as if it hadn't been begun.
func (s store) giveBack(ctx context.Context, c claim) error {
	return s.update(ctx, s.db, c, "state = 'waiting', queue = 0, turn = turn + 1, attempt = attempt - 1, due = {{now}}")
}

// columns are those of a Job but for its progress.
const columns = "id, tenant, tenant_id, cause, asked_by, state, queued, started, finished, worker, attempt, error, exit_code, exit_reason, scan, CASE WHEN state IN ('waiting', 'retrying') THEN due ELSE 0 END"

// fields are where columns are read to.
func (j *Job) fields() []any {
	return []any{
		&j.ID, &j.Tenant, &j.TenantID, &j.Cause, &j.By, &j.State, (*moment)(&j.Queued), (*moment)(&j.Started), (*moment)(&j.Finished), &j.Worker, &j.Attempt, &j.Error,
		&exitCode{j}, &exitReason{j}, &j.Scan, (*moment)(&j.Due),
	}
}

// moment reads a time from microseconds since 1970, 0 for none.
type moment time.Time

// Scan reads a column.
func (m *moment) Scan(value any) error {
	if micros, _ := value.(int64); micros > 0 {
		*m = moment(timeAt(micros))
	}
	return nil
}

// exitCode and exitReason read the two columns of an exit, the first of which says whether
// there is one.
type (
	exitCode   struct{ of *Job }
	exitReason struct{ of *Job }
)

// Scan reads a column.
func (e *exitCode) Scan(value any) error {
	if code, is := value.(int64); is {
		e.of.Exit = &findings.Exit{Code: int(code)}
	}
	return nil
}

// Scan reads a column.
func (e *exitReason) Scan(value any) error {
	if reason, is := value.(string); is && e.of.Exit != nil {
		e.of.Exit.Reason = reason
	}
	return nil
}

func timeAt(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// defaultLimit is how many jobs a list has that names no limit.
const defaultLimit = 100

// jobs lists jobs, the latest first.
func (s store) jobs(ctx context.Context, q Query) ([]Job, error) {
	condition, args := "1 = 1", []any{}
	for _, part := range []struct {
		is    bool
		sql   string
		value any
	}{
		{q.Tenant != "", " AND tenant = ?", q.Tenant}, {q.State != "", " AND state = ?", q.State}, {q.Before > 0, " AND id < ?", q.Before},
	} {
		if part.is {
			condition, args = condition+part.sql, append(args, part.value)
		}
	}
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	rows, err := s.db.QueryContext(ctx, s.db.SQL("SELECT "+columns+" FROM fleet_jobs WHERE "+condition+" ORDER BY id DESC LIMIT ?"), append(args, q.Limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	jobs := []Job{}
	for rows.Next() {
		var job Job
		if err := rows.Scan(job.fields()...); err != nil {
			return nil, err
		}
		jobs = append(jobs, job)
	}
	return jobs, rows.Err()
}

// job reads one job, with its progress.
func (s store) job(ctx context.Context, id int64) (Job, error) {
	var job Job
	var progress string
	err := s.db.QueryRowContext(ctx, s.db.SQL("SELECT "+columns+", progress FROM fleet_jobs WHERE id = ?"), id).Scan(append(job.fields(), &progress)...)
	if errors.Is(err, sql.ErrNoRows) {
		return job, ErrNoJob
	}
	if err != nil {
		return job, err
	}
	return job, json.Unmarshal([]byte(progress), &job.Progress)
}

// underWay is the job of a tenant that isn't over yet.
func (s store) underWay(ctx context.Context, tenantID string) (Job, error) {
	var job Job
	err := s.db.QueryRowContext(ctx, s.db.SQL(strings.Replace(underWay, "1", columns, 1)), tenantID).Scan(job.fields()...)
	if errors.Is(err, sql.ErrNoRows) {
		return job, ErrNoJob
	}
	return job, err
}

// lines are the log of a job.
func (s store) lines(ctx context.Context, id int64) ([]LogLine, error) {
	rows, err := s.db.QueryContext(ctx, s.db.SQL("SELECT time, level, text FROM fleet_log WHERE job = ? ORDER BY id"), id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	lines := []LogLine{}
	for rows.Next() {
		var line LogLine
		if err := rows.Scan((*moment)(&line.Time), &line.Level, &line.Text); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}

// folder is where the evidence of a recorded scan was kept.
func (s store) folder(ctx context.Context, scan int64) (folder string, err error) {
	err = s.db.QueryRowContext(ctx, s.db.SQL("SELECT folder FROM fleet_jobs WHERE scan = ? ORDER BY id LIMIT 1"), scan).Scan(&folder)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return folder, err
}

// kept says of the folders of a tenant's evidence that jobs have whether they are wanted: those
// of jobs that are under way and of the latest scans are. Jobs that are over and not among these
// are forgotten with their logs.
func (s store) kept(ctx context.Context, tenant string, keep config.Keep, now time.Time) (map[string]bool, error) {
	kept := map[string]bool{}
	err := s.db.Transact(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, s.db.SQL("SELECT id, state, finished, scan, folder FROM fleet_jobs WHERE tenant = ? ORDER BY id DESC"), tenant)
		if err != nil {
			return err
		}
		defer rows.Close()
		scans, over := 0, []int64{}
		since := now.AddDate(0, 0, -keep.Days)
		for rows.Next() {
			var id, scan int64
			var state State
			var finished time.Time
			var folder string
			if err := rows.Scan(&id, &state, (*moment)(&finished), &scan, &folder); err != nil {
				return err
			}
			underWay := state == Waiting || state == Running || state == Retrying
			within := (keep.Scans == 0 || scans < keep.Scans) && (keep.Days == 0 || !finished.Before(since))
			if underWay || within || scan > 0 && scans == 0 {
				kept[folder] = underWay || scan > 0
			} else {
				kept[folder] = false
				over = append(over, id)
			}
			if scan > 0 {
				scans++
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, id := range over {
			for _, statement := range []string{"DELETE FROM fleet_log WHERE job = ?", "DELETE FROM fleet_jobs WHERE id = ?"} {
				if _, err := tx.ExecContext(ctx, s.db.SQL(statement), id); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return kept, err
}
