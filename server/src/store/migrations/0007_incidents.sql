-- What must not happen and did, as seen afterwards; and the daily comparison with the carrier that sees some of it.

-- When the calling window in which the call was armed closes.
ALTER TABLE calls ADD COLUMN dial_by {int};

-- One row per kind and subject, however often it is seen. What follows from it is done once, after the commit that noted it.
CREATE TABLE incidents (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    kind {text} NOT NULL CHECK (kind IN ('dialed_outside_hours', 'stray_call', 'missing_at_carrier')),
    -- The call, by our name or the carrier's.
    subject {text} NOT NULL,
    -- What happened, for people, in words.
    detail {text} NOT NULL,
    noted_at {int} NOT NULL,
    handled_at {int},
    UNIQUE (kind, subject)
) {strict};
CREATE INDEX incidents_to_handle ON incidents (noted_at) WHERE handled_at IS NULL;
CREATE INDEX incidents_of_workspace ON incidents (workspace_id, id);

-- One per day (UTC); the first server to write it does it.
CREATE TABLE sweeps (
    day {text} PRIMARY KEY,
    began_at {int} NOT NULL,
    finished_at {int},
    calls_listed {int} NOT NULL DEFAULT 0,
    calls_caught_up {int} NOT NULL DEFAULT 0,
    calls_stray {int} NOT NULL DEFAULT 0,
    calls_missing {int} NOT NULL DEFAULT 0
) {strict};
