-- Imports that can be undone: who came with which file, and what undoing it did.

-- NULL too where another file had the number later: then undoing the first must not take away the second.
ALTER TABLE prospects ADD COLUMN import_id {uuid};
CREATE INDEX prospects_of_import ON prospects (import_id, id) WHERE import_id IS NOT NULL;

-- Of the file, as CSV: the same one sent twice is one.
ALTER TABLE imports ADD COLUMN digest {bytes};
ALTER TABLE imports ADD COLUMN undone_at {int};
ALTER TABLE imports ADD COLUMN taken_out {int} NOT NULL DEFAULT 0;
CREATE INDEX imports_of_campaign ON imports (campaign_id, id);
