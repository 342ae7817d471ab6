-- What arming checks and takes besides the day's slot: budgets, the cap per number, the pace that all servers share.

ALTER TABLE workspaces ADD COLUMN frequency_cap {int} NOT NULL DEFAULT 3 CHECK (frequency_cap BETWEEN 1 AND 20);
ALTER TABLE workspaces ADD COLUMN daily_budget_micros {int};

ALTER TABLE campaigns ADD COLUMN budget_micros {int};
ALTER TABLE campaigns ADD COLUMN daily_budget_micros {int};
-- Calls per second in thousandths; NULL for the pace of the account alone. Both or none.
ALTER TABLE campaigns ADD COLUMN calls_per_second_thousandths {int};
ALTER TABLE campaigns ADD COLUMN max_live_calls {int};
ALTER TABLE campaigns ADD COLUMN lost_calls {text} NOT NULL DEFAULT 'count_as_attempt'
    CHECK (lost_calls IN ('count_as_attempt', 'hold', 'assume_placed'));

-- What the call can cost at worst, and the part of it that the carrier's price does not contain.
ALTER TABLE calls ADD COLUMN worst_case_micros {int} NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN beside_price_micros {int} NOT NULL DEFAULT 0;
-- When the carrier's list was last read for it after it was presumed not to have been placed.
ALTER TABLE calls ADD COLUMN looked_at {int};
-- Proven to exist after it was closed: by then the next attempt may be on, and the proof must still be kept.
ALTER TABLE calls ADD COLUMN late {bool} NOT NULL DEFAULT FALSE;
DROP INDEX calls_one_live_per_number;
DROP INDEX calls_one_live_per_prospect;
CREATE UNIQUE INDEX calls_one_live_per_number ON calls (workspace_id, to_number) WHERE live AND NOT late;
CREATE UNIQUE INDEX calls_one_live_per_prospect ON calls (prospect_id) WHERE live AND NOT late;
CREATE INDEX calls_to_number ON calls (workspace_id, to_number, armed_at);
CREATE INDEX calls_on ON calls (campaign_id, from_number) WHERE live;

-- Money held and spent: a campaign in all (day ''), on one of its local days, and a workspace on a day in UTC.
CREATE TABLE budgets (
    scope {uuid} NOT NULL,
    day {text} NOT NULL,
    held_micros {int} NOT NULL CHECK (held_micros >= 0),
    spent_micros {int} NOT NULL,
    PRIMARY KEY (scope, day)
) {strict};

-- Where a limit on starting calls stands: 'account', 'from +1…' or 'campaign …'. One row is the lock of its scope.
CREATE TABLE pace (
    scope {text} PRIMARY KEY,
    -- Microseconds: at a thousand calls per second a millisecond is a whole call.
    next_start_micros {int},
    share {int} NOT NULL,
    share_at {int},
    streak {int} NOT NULL,
    failures {int} NOT NULL,
    failing_since {int},
    trouble {text} CHECK (trouble IN ('throttled', 'unreachable')),
    held_until {int}
) {strict};
