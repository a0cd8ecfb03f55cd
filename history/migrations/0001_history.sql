-- A tenant. Its row is locked while a scan of it is recorded.
CREATE TABLE history_tenants (
    id {{identity}},
    tenant TEXT NOT NULL UNIQUE
);

-- A recorded scan. position is its place in the tenant's history: when the scan started,
-- in microseconds since 1970, and one more where another scan has that place.
-- head is result.json without findings and changes how each of its findings stands to the
-- result that it was compared with, both compressed by zstd.
CREATE TABLE history_scans (
    id {{identity}},
    tenant_id BIGINT NOT NULL REFERENCES history_tenants (id),
    position BIGINT NOT NULL,
    digest TEXT NOT NULL,
    recorded BIGINT NOT NULL,
    recorded_by TEXT NOT NULL,
    tenant_name TEXT NOT NULL,
    tool TEXT NOT NULL,
    profile TEXT NOT NULL,
    reader TEXT NOT NULL,
    exit_code INTEGER NOT NULL,
    exit_reason TEXT NOT NULL,
    violations BIGINT NOT NULL,
    evidence TEXT NOT NULL,
    policies TEXT NOT NULL,
    params TEXT NOT NULL,
    waivers TEXT NOT NULL,
    previous TEXT NOT NULL,
    head {{bytes}} NOT NULL,
    changes {{bytes}} NOT NULL,
    UNIQUE (tenant_id, digest),
    UNIQUE (tenant_id, position)
);

-- A finding for as long as it said the same: in every scan of the tenant whose position is
-- at least since and less than until. body is its JSON, without its change.
CREATE TABLE history_findings (
    id {{identity}},
    tenant_id BIGINT NOT NULL REFERENCES history_tenants (id),
    fingerprint {{bytes}} NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE INDEX history_findings_identity ON history_findings (tenant_id, fingerprint, since);

CREATE INDEX history_findings_interval ON history_findings (tenant_id, until);
