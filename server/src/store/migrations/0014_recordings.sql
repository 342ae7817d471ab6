-- Recordings of calls: what the carrier says of each, and what became of it. Times are UTC milliseconds.

CREATE TABLE recordings (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    call_id {uuid} NOT NULL REFERENCES calls (id),
    carrier_sid {text} NOT NULL UNIQUE,
    source {text} NOT NULL CHECK (source IN ('call', 'message', 'other')),
    state {text} NOT NULL CHECK (state IN ('announced', 'absent', 'awaited', 'failed', 'stored', 'deleted')),
    -- As the carrier says.
    seconds {int},
    announced_at {int} NOT NULL,
    -- When to ask the carrier what became of it (announced), or to try to fetch it (awaited).
    next_look_at {int},
    attempts {int} NOT NULL DEFAULT 0,
    -- The server that fetches it at this moment.
    claimed_by {uuid},
    -- Why the last attempt was in vain, or why there will be no other: for people, in words.
    trouble {text},
    -- Of our copy. The object stays named until it is gone.
    object {text},
    bytes {int},
    sha256 {bytes},
    duration_ms {int},
    channels {int},
    -- How loud it is, 0 to 255: the same number of bytes for each channel.
    peaks {bytes},
    stored_at {int},
    deleted_at {int},
    -- The carrier's copy was deleted.
    deleted_at_carrier_at {int},
    CHECK (state <> 'stored' OR (object IS NOT NULL AND bytes > 0 AND sha256 IS NOT NULL AND stored_at IS NOT NULL)),
    CHECK (state <> 'failed' OR trouble IS NOT NULL),
    CHECK ((state IN ('announced', 'awaited')) = (next_look_at IS NOT NULL)),
    CHECK (state <> 'deleted' OR deleted_at IS NOT NULL)
) {strict};
CREATE INDEX recordings_of_call ON recordings (call_id);
CREATE INDEX recordings_to_look_at ON recordings (next_look_at) WHERE next_look_at IS NOT NULL;
CREATE INDEX recordings_claimed ON recordings (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX recordings_to_expire ON recordings (stored_at) WHERE state = 'stored';
CREATE INDEX recordings_to_erase ON recordings (deleted_at) WHERE state = 'deleted' AND object IS NOT NULL;
CREATE INDEX recordings_deleted_here_only ON recordings (id)
    WHERE state = 'deleted' AND deleted_at_carrier_at IS NULL;
CREATE INDEX recordings_stored_at_both ON recordings (id)
    WHERE state = 'stored' AND deleted_at_carrier_at IS NULL;

-- Readings of the carrier's list of recordings: one per quarter of an hour; the first server to write it does it.
CREATE TABLE recording_sweeps (
    slot {int} PRIMARY KEY,
    began_at {int} NOT NULL,
    finished_at {int},
    listed {int} NOT NULL DEFAULT 0,
    caught_up {int} NOT NULL DEFAULT 0
) {strict};
