-- Sounds that are played to people: uploaded by them, or spoken by a voice. Times are UTC milliseconds.

CREATE TABLE sounds (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    name {text} NOT NULL,
    kind {text} NOT NULL CHECK (kind IN ('uploaded', 'spoken')),
    content_type {text} NOT NULL,
    bytes {int} NOT NULL CHECK (bytes > 0),
    sha256 {bytes} NOT NULL,
    duration_ms {int} NOT NULL,
    -- How loud it is, 0 to 255.
    peaks {bytes} NOT NULL,
    -- The file; stays named after the deletion until it is gone.
    object {text} UNIQUE,
    created_at {int} NOT NULL,
    -- Whoever made it, as the audit trail names them.
    made_by {text} NOT NULL,
    -- Of a spoken one: everything that its sound depends on, so that nothing is spoken twice.
    fingerprint {bytes},
    -- Of a spoken one: what was paid for.
    characters {int},
    deleted_at {int},
    CHECK (deleted_at IS NOT NULL OR object IS NOT NULL),
    CHECK ((kind = 'spoken') = (fingerprint IS NOT NULL))
) {strict};
CREATE UNIQUE INDEX sounds_by_fingerprint ON sounds (workspace_id, fingerprint)
    WHERE fingerprint IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX sounds_of_workspace ON sounds (workspace_id, kind, id) WHERE deleted_at IS NULL;
CREATE INDEX sounds_to_erase ON sounds (deleted_at) WHERE deleted_at IS NOT NULL AND object IS NOT NULL;

ALTER TABLE campaigns ADD COLUMN audio_id {uuid} REFERENCES sounds (id);
CREATE INDEX campaigns_that_play ON campaigns (audio_id) WHERE audio_id IS NOT NULL;
