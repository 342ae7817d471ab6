-- A call's status moves with most news of it. As long as no index holds it, that news touches no index at all, and
-- PostgreSQL finds room for the new version of the row beside the old one.

{postgres}ALTER TABLE calls SET (fillfactor = 75);
ALTER TABLE calls ADD COLUMN final_status {text} GENERATED ALWAYS AS (CASE WHEN live THEN NULL ELSE status END) {kept};
DROP INDEX calls_of_campaign_by_status;
CREATE INDEX calls_of_campaign_by_end ON calls (campaign_id, final_status, id) WHERE final_status IS NOT NULL;
CREATE INDEX calls_of_campaign_live ON calls (campaign_id, id) WHERE live;

-- How many calls are on is asked with each arming: it reads the index alone.
DROP INDEX calls_on;
CREATE INDEX calls_on ON calls (campaign_id, from_number) WHERE live AND placement IN ('armed', 'unknown', 'placed');

-- News is written in the transaction that holds its call, and calls are never taken away. PostgreSQL looks both up again
-- for each piece of news, by a query of its own each; SQLite looks for nearly nothing.
{postgres}ALTER TABLE carrier_events DROP CONSTRAINT carrier_events_call_id_fkey;
{postgres}ALTER TABLE carrier_events DROP CONSTRAINT carrier_events_workspace_id_fkey;
