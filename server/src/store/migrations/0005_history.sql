-- How far the history of this installation has come, to be held against the marker outside the database; and every time
-- that the two did not fit.

CREATE TABLE history (
    id {int} PRIMARY KEY CHECK (id = 1),
    installation {uuid} NOT NULL,
    -- Grows with every quarantine that was resumed; number grows with every armed call and every opt-out.
    timeline {int} NOT NULL,
    number {int} NOT NULL,
    last_at {int},
    -- What the database server says of itself, where it does.
    database_identity {text},
    quarantined {bool} NOT NULL
) {strict};

CREATE TABLE quarantines (
    id {uuid} PRIMARY KEY,
    reason {text} NOT NULL CHECK (reason IN
        ('behind', 'other_installation', 'marker_missing', 'restored', 'other_database', 'unknown_call')),
    entered_at {int} NOT NULL,
    look_since {int} NOT NULL,
    calls_found {int} NOT NULL,
    calls_recreated {int} NOT NULL,
    calls_unassigned {int} NOT NULL,
    opt_outs_restored {int} NOT NULL,
    problem {text},
    reconciled_at {int},
    resumed_at {int},
    resumed_by {text}
) {strict};
CREATE INDEX quarantines_open ON quarantines (entered_at) WHERE resumed_at IS NULL;
