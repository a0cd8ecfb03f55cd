-- What one process holds at a time, until a time in microseconds since 1970.
CREATE TABLE fleet_leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until BIGINT NOT NULL
);

-- Up to when a tenant's scans by a schedule were planned, in microseconds since 1970.
CREATE TABLE fleet_schedules (
    tenant_id TEXT NOT NULL,
    schedule TEXT NOT NULL,
    planned BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, schedule)
);

-- A scan that was asked for. Times are microseconds since 1970, and 0 for none. due is when a
-- job that isn't running is to begin, and lease until when the worker has one that is. queue
-- is the id of the queue's job for it, 0 where it isn't in the queue, and turn counts the
-- times that it was put there. fence counts the times that it was begun: a worker may write
-- only what has its number. progress is JSON, and folder what the data folder has of it.
CREATE TABLE fleet_jobs (
    id {{identity}},
    tenant TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    cause TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    state TEXT NOT NULL,
    queued BIGINT NOT NULL,
    due BIGINT NOT NULL,
    started BIGINT NOT NULL DEFAULT 0,
    finished BIGINT NOT NULL DEFAULT 0,
    worker TEXT NOT NULL DEFAULT '',
    attempt INTEGER NOT NULL DEFAULT 0,
    queue BIGINT NOT NULL DEFAULT 0,
    turn BIGINT NOT NULL DEFAULT 1,
    fence BIGINT NOT NULL DEFAULT 0,
    lease BIGINT NOT NULL DEFAULT 0,
    progress TEXT NOT NULL DEFAULT '[]',
    error TEXT NOT NULL DEFAULT '',
    exit_code INTEGER,
    exit_reason TEXT NOT NULL DEFAULT '',
    scan BIGINT NOT NULL DEFAULT 0,
    folder TEXT NOT NULL DEFAULT ''
);

-- A tenant has one scan under way.
CREATE UNIQUE INDEX fleet_jobs_under_way ON fleet_jobs (tenant_id) WHERE state IN ('waiting', 'running', 'retrying');

CREATE INDEX fleet_jobs_tenant ON fleet_jobs (tenant, id);

CREATE INDEX fleet_jobs_state ON fleet_jobs (state, id);

CREATE INDEX fleet_jobs_scan ON fleet_jobs (scan);

CREATE TABLE fleet_log (
    id {{identity}},
    job BIGINT NOT NULL,
    time BIGINT NOT NULL,
    level TEXT NOT NULL,
    text TEXT NOT NULL
);

CREATE INDEX fleet_log_job ON fleet_log (job, id);
