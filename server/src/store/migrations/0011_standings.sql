-- How many people of a campaign stand where, and whose time has come, counted from an index: also those who are finished,
-- a million of whom would have to be read one by one.
CREATE INDEX prospects_by_status ON prospects (campaign_id, status, due_at);
-- It counts the unfinished, too.
DROP INDEX prospects_by_standing;
