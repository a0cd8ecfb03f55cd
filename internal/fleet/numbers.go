package fleet

import "context"

// Ended returns each tenant's latest scan that is done or has failed, by the tenant's id. Uploads
// are no scans of it.
func (f *Fleet) Ended(ctx context.Context) (map[string]Job, error) { return f.store.ended(ctx) }

func (s store) ended(ctx context.Context) (map[string]Job, error) {
	rows, err := s.db.QueryContext(ctx, s.db.SQL("SELECT "+columns+` FROM fleet_jobs WHERE id IN (
		SELECT (SELECT max(j.id) FROM fleet_jobs j WHERE j.tenant = t.tenant AND j.state IN ('done', 'failed') AND j.cause <> 'upload')
		FROM (SELECT DISTINCT tenant FROM fleet_jobs) t) ORDER BY id`))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	ended := map[string]Job{}
	for rows.Next() {
		var job Job
		if err := rows.Scan(job.fields()...); err != nil {
			return nil, err
		}
		ended[job.TenantID] = job // a tenant that was renamed has one for each name
	}
	return ended, rows.Err()
}

// Numbers count the jobs.
type Numbers struct {
	States map[State]int
	// Due is how many of them are to begin, and wait for a worker.
	Due int
	// LeftOut is how many tenants the configuration has that are wrong.
	LeftOut int
}

// Numbers counts the jobs that aren't forgotten, and the tenants that are left out.
func (f *Fleet) Numbers(ctx context.Context) (Numbers, error) {
	n := Numbers{States: map[State]int{Waiting: 0, Running: 0, Retrying: 0, Done: 0, Failed: 0, Cancelled: 0}, LeftOut: len(f.setup.Load().config.Refused)}
	rows, err := f.store.db.QueryContext(ctx, f.store.db.SQL(`SELECT state, count(*), sum(CASE WHEN state IN ('waiting', 'retrying') AND due <= {{now}} THEN 1 ELSE 0 END)
		FROM fleet_jobs GROUP BY state`))
	if err != nil {
		return n, err
	}
	defer rows.Close()
	for rows.Next() {
		var state State
		var count, due int
		if err := rows.Scan(&state, &count, &due); err != nil {
			return n, err
		}
		n.States[state] = count
		n.Due += due
	}
	return n, rows.Err()
}
