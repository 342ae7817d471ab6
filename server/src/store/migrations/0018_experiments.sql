-- A/B tests of campaigns: which scripts and voices are compared, who began and ended it, and what was decided.
CREATE TABLE experiments (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    campaign_id {uuid} NOT NULL REFERENCES campaigns (id),
    goal {text} NOT NULL CHECK (goal IN ('confirmed', 'transferred', 'responded', 'not_opted_out')),
    started_at {int} NOT NULL,
    started_by {text} NOT NULL,
    ended_at {int},
    ended_by {text},
    -- The arm that the campaign went on with; NULL: none of them.
    adopted {text},
    CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CHECK (adopted IS NULL OR ended_at IS NOT NULL)
) {strict};
CREATE UNIQUE INDEX experiments_one_running_per_campaign ON experiments (campaign_id) WHERE ended_at IS NULL;
CREATE INDEX experiments_in_workspace ON experiments (workspace_id, id);
CREATE INDEX experiments_of_campaign ON experiments (campaign_id, id);

-- What each arm says, and what its people amount to: changed in the transaction that changes a call.
CREATE TABLE experiment_arms (
    experiment_id {uuid} NOT NULL REFERENCES experiments (id),
    arm {text} NOT NULL CHECK (arm IN ('A', 'B', 'C', 'D', 'E', 'F', 'G', 'H')),
    script_id {uuid} NOT NULL,
    script_version {int} NOT NULL,
    -- NULL: the carrier's own.
    voice_id {text},
    weight {int} NOT NULL CHECK (weight > 0),
    people {int} NOT NULL DEFAULT 0,
    reached {int} NOT NULL DEFAULT 0,
    successes {int} NOT NULL DEFAULT 0,
    PRIMARY KEY (experiment_id, arm),
    FOREIGN KEY (script_id, script_version) REFERENCES script_versions (script_id, version)
) {strict};
CREATE INDEX experiment_arms_of_script ON experiment_arms (script_id);

-- The test that runs now.
ALTER TABLE campaigns ADD COLUMN experiment_id {uuid};
-- What the person of a call was drawn for, from its arming on.
ALTER TABLE calls ADD COLUMN experiment_id {uuid};
ALTER TABLE calls ADD COLUMN arm {text};
CREATE INDEX calls_of_campaign_by_arm ON calls (campaign_id, arm, id) WHERE arm IS NOT NULL;
