-- Who picked up, as somebody of the team said at last, beside what the carrier says. Times are UTC milliseconds.
ALTER TABLE calls ADD COLUMN corrected_answered_by {text};
ALTER TABLE calls ADD COLUMN corrected_at {int};
