-- Who picked up, as somebody of the team said at last, beside what the carrier says. Times are UTC milliseconds.
ALTER TABLE calls ADD COLUMN corrected_answered_by {text};
ALTER TABLE calls ADD COLUMN corrected_at {int};

-- What a campaign that records does about those who must agree, and what it tells them; NULL: our own words.
ALTER TABLE campaigns ADD COLUMN recording_consent {text} NOT NULL DEFAULT 'announce';
ALTER TABLE campaigns ADD COLUMN recording_notice {text};
-- Whether a call is recorded, and why, as it was decided when it was armed; NULL where nothing is to be recorded.
ALTER TABLE calls ADD COLUMN recording_ruling {text};
