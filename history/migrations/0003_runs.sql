-- A run that made changes in a tenant, or took them back. began and ended are in microseconds
-- since 1970; record is the file of its record and envelope the signature beside that, which may
-- be empty, both compressed by zstd.
CREATE TABLE history_runs (
    id {{identity}},
    tenant_id BIGINT NOT NULL REFERENCES history_tenants (id),
    digest TEXT NOT NULL,
    began BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    recorded BIGINT NOT NULL,
    recorded_by TEXT NOT NULL,
    tenant_name TEXT NOT NULL,
    tool TEXT NOT NULL,
    kind TEXT NOT NULL,
    plan TEXT NOT NULL,
    author TEXT NOT NULL,
    approver TEXT NOT NULL,
    app TEXT NOT NULL,
    changes BIGINT NOT NULL,
    done BIGINT NOT NULL,
    mended BIGINT NOT NULL,
    record {{bytes}} NOT NULL,
    envelope {{bytes}} NOT NULL,
    UNIQUE (tenant_id, digest)
);
