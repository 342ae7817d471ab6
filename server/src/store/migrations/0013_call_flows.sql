-- What a script says besides its text: keys on offer, steps of its own, what machines hear. Opaque here; NULL: the text
-- alone. Each change is a version, and every call keeps the one that it said.
ALTER TABLE scripts ADD COLUMN version {int} NOT NULL DEFAULT 1;
ALTER TABLE scripts ADD COLUMN words {text};
CREATE TABLE script_versions (
    script_id {uuid} NOT NULL REFERENCES scripts (id),
    version {int} NOT NULL CHECK (version > 0),
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    body {text} NOT NULL,
    words {text},
    created_at {int} NOT NULL,
    PRIMARY KEY (script_id, version)
) {strict};
INSERT INTO script_versions SELECT id, 1, workspace_id, body, NULL, updated_at FROM scripts;
ALTER TABLE calls ADD COLUMN script_id {uuid};
ALTER TABLE calls ADD COLUMN script_version {int};

-- What the person did by a key or after the tone.
ALTER TABLE calls ADD COLUMN reaction {text};
CREATE INDEX calls_of_campaign_by_reaction ON calls (campaign_id, reaction, id) WHERE reaction IS NOT NULL;
ALTER TABLE campaign_counters ADD COLUMN confirmed {int} NOT NULL DEFAULT 0;
ALTER TABLE campaign_counters ADD COLUMN abandoned {int} NOT NULL DEFAULT 0;
ALTER TABLE campaign_counters ADD COLUMN left_message {int} NOT NULL DEFAULT 0;
ALTER TABLE campaign_counters ADD COLUMN transferred {int} NOT NULL DEFAULT 0;
ALTER TABLE campaign_counters ADD COLUMN opted_out {int} NOT NULL DEFAULT 0;
ALTER TABLE campaign_totals ADD COLUMN confirmed {int} NOT NULL DEFAULT 0;
ALTER TABLE campaign_totals ADD COLUMN abandoned {int} NOT NULL DEFAULT 0;
ALTER TABLE campaign_totals ADD COLUMN left_message {int} NOT NULL DEFAULT 0;
ALTER TABLE campaign_totals ADD COLUMN transferred {int} NOT NULL DEFAULT 0;
ALTER TABLE campaign_totals ADD COLUMN opted_out {int} NOT NULL DEFAULT 0;

-- Who is rung when somebody asks for a person, and what that call may cost.
ALTER TABLE campaigns ADD COLUMN transfer_to {text};
ALTER TABLE calls ADD COLUMN second_call_micros {int} NOT NULL DEFAULT 0;
