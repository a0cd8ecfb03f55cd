-- What each scan says in numbers, as JSON: a year of them is read at once.
CREATE TABLE history_numbers (
    tenant_id BIGINT NOT NULL REFERENCES history_tenants (id),
    position BIGINT NOT NULL,
    scan_id BIGINT NOT NULL,
    numbers TEXT NOT NULL,
    PRIMARY KEY (tenant_id, position)
);

-- How a tenant stands by its latest scan, as JSON: its rules by outcome, and its waivers.
CREATE TABLE history_standings (
    tenant_id BIGINT PRIMARY KEY REFERENCES history_tenants (id),
    verdicts TEXT NOT NULL,
    waivers TEXT NOT NULL
);

CREATE INDEX history_scans_position ON history_scans (position, id);

-- weight is the rank of a finding's severity, and 10 more where it is waived.
ALTER TABLE history_findings ADD COLUMN rule TEXT NOT NULL DEFAULT '';

ALTER TABLE history_findings ADD COLUMN weight INTEGER NOT NULL DEFAULT 0;

UPDATE history_findings SET rule = {{member rule}}, weight =
    CASE {{member severity}} WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 WHEN 'info' THEN 4 ELSE 5 END +
    CASE {{member outcome}} WHEN 'waived' THEN 10 ELSE 0 END;

DROP INDEX history_findings_interval;

CREATE INDEX history_findings_worst ON history_findings (tenant_id, until, weight, rule, id, since);
