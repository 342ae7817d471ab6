-- What a campaign calls for and in whose name; and machines whose tone was heard while the call was under way: what they shall hear is sent to the carrier, once. Times are UTC
-- milliseconds.

ALTER TABLE campaigns ADD COLUMN purpose {text};
ALTER TABLE campaigns ADD COLUMN caller_name {text};

CREATE TABLE voicemail_orders (
    call_id {uuid} PRIMARY KEY REFERENCES calls (id),
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    ordered_at {int} NOT NULL,
    -- Set just before the request: a machine that hears nothing more is better than one that hears it twice.
    taken_at {int}
) {strict};
CREATE INDEX voicemail_orders_to_take ON voicemail_orders (ordered_at) WHERE taken_at IS NULL;
