-- What was said in recordings: how far each has come, piece by piece who said what, and how the person sounded. Times are UTC
-- milliseconds.

CREATE TABLE transcripts (
    recording_id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    call_id {uuid} NOT NULL REFERENCES calls (id),
    state {text} NOT NULL CHECK (state IN ('wanted', 'written', 'done', 'failed')),
    -- Of the present state.
    attempts {int} NOT NULL DEFAULT 0,
    -- When to try the next time. Whoever tries puts it off first: if that one dies, somebody else tries then.
    next_try_at {int},
    -- Why the last attempt was in vain, for people, in words.
    trouble {text},
    language {text},
    duration_ms {int},
    -- All of it in lower case, for searching.
    folded {text} NOT NULL DEFAULT '',
    summary {text},
    tone {text} CHECK (tone IN ('negative', 'neutral', 'positive')),
    -- -1,000,000 to 1,000,000.
    score_millionths {int},
    -- Who says so: a model or the list of words.
    judged_by {text} CHECK (judged_by IN ('model', 'words')),
    cost_micros {int} NOT NULL DEFAULT 0,
    wanted_at {int} NOT NULL,
    done_at {int},
    CHECK (state NOT IN ('wanted', 'written') OR next_try_at IS NOT NULL),
    CHECK (state <> 'failed' OR trouble IS NOT NULL),
    CHECK ((tone IS NULL) = (score_millionths IS NULL) AND (tone IS NULL) = (judged_by IS NULL))
) {strict};
CREATE INDEX transcripts_of_call ON transcripts (call_id);
CREATE INDEX transcripts_of_workspace ON transcripts (workspace_id, recording_id);
CREATE INDEX transcripts_to_try ON transcripts (next_try_at) WHERE state IN ('wanted', 'written');

CREATE TABLE transcript_pieces (
    recording_id {uuid} NOT NULL REFERENCES transcripts (recording_id),
    place {int} NOT NULL,
    speaker {text} NOT NULL CHECK (speaker IN ('person', 'us', 'either')),
    start_ms {int} NOT NULL,
    end_ms {int} NOT NULL CHECK (end_ms >= start_ms),
    said {text} NOT NULL,
    PRIMARY KEY (recording_id, place)
) {strict};
