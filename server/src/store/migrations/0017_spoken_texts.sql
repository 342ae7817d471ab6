-- Texts that a service speaks beforehand: wanted, spoken once, or refused; what that took; and whether the service is in trouble.
-- Times are UTC milliseconds.

CREATE TABLE spoken_texts (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    -- SHA-256 over voice, model, delivery and text.
    fingerprint {bytes} NOT NULL,
    -- The service's identifier.
    voice {text} NOT NULL,
    -- The text. It may name a person, and is forgotten with its sound.
    said {text} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('wanted', 'spoken', 'refused')),
    -- Somebody waits for it in front of a page.
    urgent {bool} NOT NULL,
    -- Nobody pays for what nobody waits for any more.
    wanted_until {int} NOT NULL,
    -- The server that asks for it now.
    claimed_by {uuid},
    -- When it may be asked for; of a refused one: when it may be wanted again.
    next_try_at {int} NOT NULL,
    -- Requests that may have been paid for.
    attempts {int} NOT NULL DEFAULT 0,
    -- Why the last request was in vain, for people.
    trouble {text},
    -- Where the sound is.
    sound_id {uuid},
    -- What it took from the quota.
    characters {int},
    -- To the day.
    used_at {int} NOT NULL,
    PRIMARY KEY (workspace_id, fingerprint),
    CHECK ((state = 'spoken') = (sound_id IS NOT NULL)),
    CHECK (state <> 'refused' OR trouble IS NOT NULL)
) {strict};
CREATE INDEX spoken_texts_to_speak ON spoken_texts (next_try_at) WHERE state = 'wanted';
CREATE INDEX spoken_texts_of_sound ON spoken_texts (sound_id) WHERE sound_id IS NOT NULL;
CREATE INDEX spoken_texts_unused ON spoken_texts (used_at);

-- What a workspace had spoken in a month of UTC, in characters of the quota.
CREATE TABLE spoken_months (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    -- 2027-01
    month {text} NOT NULL,
    texts {int} NOT NULL,
    characters {int} NOT NULL,
    -- Of requests without an answer that can be used: they may be on the bill all the same.
    doubtful_characters {int} NOT NULL,
    PRIMARY KEY (workspace_id, month)
) {strict};

-- A service that was asked in vain, since when, and until when it is left alone. No row: it worked the last time.
CREATE TABLE service_troubles (
    service {text} PRIMARY KEY,
    kind {text} NOT NULL CHECK (kind IN ('away', 'busy', 'key', 'quota')),
    why {text} NOT NULL,
    failures {int} NOT NULL,
    since {int} NOT NULL,
    rests_until {int} NOT NULL
) {strict};
