-- The queue: how urgent a prospect is, what a person put off, and in which order a campaign rings.

-- 0 next, 1 high, 2 normal, 3 low.
ALTER TABLE prospects ADD COLUMN priority {int} NOT NULL DEFAULT 2 CHECK (priority BETWEEN 0 AND 3);
-- When they would be due had nobody skipped them; kept until they are rung, so that it can be undone.
ALTER TABLE prospects ADD COLUMN due_before_skip {int};
-- Which clearing of the queue took them out, so that it can be undone.
ALTER TABLE prospects ADD COLUMN cleared_by {uuid};

ALTER TABLE campaigns ADD COLUMN dial_order {text} NOT NULL DEFAULT 'due'
    CHECK (dial_order IN ('due', 'fresh_first', 'retries_first'));

-- One range per priority and standing, each in the order of time: the dialer reads the front of a few ranges, however
-- many people wait behind.
CREATE INDEX prospects_in_line ON prospects (campaign_id, status, priority, due_at, id)
    WHERE status IN ('ready', 'waiting');
DROP INDEX prospects_due;
-- With the standing in it the same index also counts.
CREATE INDEX prospects_by_standing ON prospects (campaign_id, status)
    WHERE status IN ('ready', 'waiting', 'in_call', 'held');
DROP INDEX prospects_unfinished;
CREATE INDEX prospects_skipped ON prospects (campaign_id, due_at) WHERE due_before_skip IS NOT NULL;
CREATE INDEX prospects_cleared ON prospects (campaign_id, id) WHERE cleared_by IS NOT NULL;
