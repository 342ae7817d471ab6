-- The sum of a campaign's hourly counters, so that its totals are one row however long it has been ringing.
CREATE TABLE campaign_totals (
    campaign_id {uuid} PRIMARY KEY REFERENCES campaigns (id),
    total {int} NOT NULL,
    queued {int} NOT NULL,
    ringing {int} NOT NULL,
    in_progress {int} NOT NULL,
    completed {int} NOT NULL,
    failed {int} NOT NULL,
    busy {int} NOT NULL,
    no_answer {int} NOT NULL,
    canceled {int} NOT NULL,
    unknown {int} NOT NULL,
    answered_by_human {int} NOT NULL,
    answered_by_machine {int} NOT NULL,
    total_duration_seconds {int} NOT NULL,
    total_cost_micros {int} NOT NULL
) {strict};
INSERT INTO campaign_totals
SELECT campaign_id, SUM(total), SUM(queued), SUM(ringing), SUM(in_progress), SUM(completed), SUM(failed), SUM(busy),
    SUM(no_answer), SUM(canceled), SUM(unknown), SUM(answered_by_human), SUM(answered_by_machine),
    SUM(total_duration_seconds), SUM(total_cost_micros)
FROM campaign_counters GROUP BY campaign_id;

-- How many calls of a campaign wait to be sent: without this every call it ever made is read to find out.
CREATE INDEX calls_reserved_of_campaign ON calls (campaign_id) WHERE placement = 'reserved';
