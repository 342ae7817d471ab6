-- Several servers on one database: who they are, until when each may arm calls, and what each of them has begun.
-- Times in nodes are the database's clock on PostgreSQL, and the server's own on SQLite.

CREATE TABLE nodes (
    id {uuid} PRIMARY KEY,
    name {text} NOT NULL,
    role {text} NOT NULL CHECK (role IN ('all', 'web', 'dialer', 'command')),
    version {text} NOT NULL,
    -- Grows whenever the lease changes hands: what was begun under an earlier one is refused.
    epoch {int} NOT NULL CHECK (epoch > 0),
    started_at {int} NOT NULL,
    seen_at {int} NOT NULL,
    lease_until {int} NOT NULL,
    stopped_at {int},
    -- How far its clock is ahead of the database's.
    skew_ms {int} NOT NULL,
    -- Why it arms nothing although it has its lease.
    hold {text},
    hold_detail {text}
) {strict};
CREATE INDEX nodes_that_live ON nodes (lease_until) WHERE stopped_at IS NULL;

-- Whose task reads the file, and whose request holds the key: when that node ends, they end.
ALTER TABLE imports ADD COLUMN node_id {uuid};
ALTER TABLE idempotency_keys ADD COLUMN node_id {uuid};

-- The oldest version that may work on this schema, named by the newest step it knows. A step that an older version
-- cannot live with says so by changing this row.
INSERT INTO settings (name, value) VALUES ('schema.oldest_reader', '0001_spine');
