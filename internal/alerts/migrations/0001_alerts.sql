-- How far an alert has looked at a tenant: since when, in microseconds since 1970, the latest
-- scan in the history that it has seen, and how many digests it was written.
CREATE TABLE alerts_tenants (
    alert TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    since BIGINT NOT NULL,
    scan BIGINT NOT NULL DEFAULT 0,
    turn BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (alert, tenant_id)
);

-- What an alert knows of a tenant, and has told if it tells of that event: it tells it again
-- only once it was gone. about is a finding's fingerprint, or what else the event is about. words
-- are what a finding said, as JSON, and job is the one that failed.
CREATE TABLE alerts_told (
    alert TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    event TEXT NOT NULL,
    about TEXT NOT NULL,
    words TEXT NOT NULL DEFAULT '',
    job BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (alert, tenant_id, event, about)
);

-- A digest that is to be sent. due is when, in microseconds since 1970, and attempts how often
-- that was tried.
CREATE TABLE alerts_queue (
    id {{identity}},
    alert TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    turn BIGINT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    written BIGINT NOT NULL,
    due BIGINT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    UNIQUE (alert, tenant_id, turn)
);
