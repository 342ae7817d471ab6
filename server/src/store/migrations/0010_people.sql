-- When a user was last here. Their sessions say it only for as long as they last.

ALTER TABLE users ADD COLUMN last_seen_at {int};
