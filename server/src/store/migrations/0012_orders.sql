-- A campaign's calls from the longest or the dearest on, page by page, without sorting a million of them.
CREATE INDEX calls_of_campaign_by_duration ON calls (campaign_id, coalesce(duration_seconds, 0), id);
CREATE INDEX calls_of_campaign_by_cost ON calls (campaign_id, coalesce(price_micros, 0), id);
