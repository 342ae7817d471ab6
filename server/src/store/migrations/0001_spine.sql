-- The spine: who owns it, whom to ring, every attempt, every piece of news, and the counters that follow from them.
-- Types in braces differ per database (store/dialect.rs). Times are UTC milliseconds, money is millionths of a dollar.

CREATE TABLE workspaces (
    id {uuid} PRIMARY KEY,
    name {text} NOT NULL,
    dialing_stopped {bool} NOT NULL,
    created_at {int} NOT NULL
) {strict};

CREATE TABLE settings (
    name {text} PRIMARY KEY,
    value {text} NOT NULL
) {strict};

CREATE TABLE users (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    email {text} NOT NULL UNIQUE,
    password_hash {text} NOT NULL,
    role {text} NOT NULL CHECK (role IN ('owner', 'admin', 'operator', 'analyst', 'listener')),
    disabled_at {int},
    created_at {int} NOT NULL
) {strict};

CREATE TABLE sessions (
    secret_hash {bytes} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    user_id {uuid} NOT NULL REFERENCES users (id),
    created_at {int} NOT NULL,
    last_seen_at {int} NOT NULL,
    expires_at {int} NOT NULL
) {strict};
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_expired_by ON sessions (expires_at);

CREATE TABLE api_keys (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    name {text} NOT NULL,
    role {text} NOT NULL CHECK (role IN ('owner', 'admin', 'operator', 'analyst', 'listener')),
    secret_hash {bytes} NOT NULL UNIQUE,
    last_four {text} NOT NULL,
    created_at {int} NOT NULL,
    revoked_at {int}
) {strict};
CREATE INDEX api_keys_in_workspace ON api_keys (workspace_id, id);

CREATE TABLE scripts (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    name {text} NOT NULL,
    body {text} NOT NULL,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL
) {strict};
CREATE INDEX scripts_in_workspace ON scripts (workspace_id, id);

CREATE TABLE campaigns (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    name {text} NOT NULL,
    status {text} NOT NULL CHECK (status IN ('draft', 'active', 'paused', 'completed')),
    pause_reason {text},
    script_id {uuid} REFERENCES scripts (id),
    voice_id {text},
    audio_url {text},
    audio_duration {int},
    caller_id {text},
    default_region {text} NOT NULL,
    timezone {text} NOT NULL,
    -- Weekday windows and retry rules are opaque here: nothing searches them.
    calling_windows {text} NOT NULL,
    daily_call_limit {int} NOT NULL CHECK (daily_call_limit >= 0),
    retry_policy {text} NOT NULL,
    ring_timeout_seconds {int} NOT NULL,
    time_limit_seconds {int} NOT NULL,
    machine_detection {text} NOT NULL CHECK (machine_detection IN ('off', 'enable', 'detect_message_end', 'async')),
    recording {text} NOT NULL CHECK (recording IN ('off', 'mono', 'dual')),
    metadata {text} NOT NULL,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL,
    launched_at {int},
    completed_at {int}
) {strict};
CREATE INDEX campaigns_in_workspace ON campaigns (workspace_id, id);
CREATE INDEX campaigns_that_may_ring ON campaigns (id) WHERE status = 'active';

CREATE TABLE prospects (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    campaign_id {uuid} NOT NULL REFERENCES campaigns (id),
    first_name {text} NOT NULL,
    last_name {text} NOT NULL,
    email {text} NOT NULL,
    phone {text} NOT NULL,
    company {text} NOT NULL,
    title {text} NOT NULL,
    metadata {text} NOT NULL,
    status {text} NOT NULL CHECK (status IN
        ('ready', 'in_call', 'waiting', 'held', 'done', 'exhausted', 'invalid', 'do_not_call', 'removed')),
    disposition {text},
    -- attempts numbers the calls; attempts_spent counts those that the retry policy counts.
    attempts {int} NOT NULL CHECK (attempts >= 0),
    attempts_spent {int} NOT NULL CHECK (attempts_spent >= 0),
    due_at {int},
    last_call_id {uuid},
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL
) {strict};
CREATE UNIQUE INDEX prospects_once_per_campaign ON prospects (campaign_id, phone);
CREATE INDEX prospects_of_campaign ON prospects (campaign_id, id);
CREATE INDEX prospects_due ON prospects (campaign_id, due_at, id) WHERE status IN ('ready', 'waiting');
CREATE INDEX prospects_unfinished ON prospects (campaign_id) WHERE status IN ('ready', 'waiting', 'in_call', 'held');
CREATE INDEX prospects_by_number ON prospects (workspace_id, phone);

CREATE TABLE calls (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    campaign_id {uuid} NOT NULL REFERENCES campaigns (id),
    prospect_id {uuid} NOT NULL REFERENCES prospects (id),
    attempt {int} NOT NULL CHECK (attempt > 0),
    from_number {text} NOT NULL,
    to_number {text} NOT NULL,
    placement {text} NOT NULL CHECK (placement IN
        ('reserved', 'released', 'armed', 'unknown', 'presumed_not_placed', 'not_placed', 'placed')),
    -- status, live and disposition follow from the other columns; they are stored to be searched.
    status {text} NOT NULL,
    live {bool} NOT NULL,
    disposition {text},
    refusal {text},
    refusal_message {text},
    closed_at {int},
    not_before {int},
    scheduled_for {int},
    day {text},
    sends {int} NOT NULL,
    armed_by {text},
    armed_at {int},
    placed_at {int},
    carrier_sid {text},
    progress {text},
    initiated_at {int},
    ringing_at {int},
    answered_at {int},
    ending_status {text},
    ending_source {text},
    ended_at {int},
    duration_seconds {int},
    price_micros {int},
    answered_by {text},
    answered_by_source {text},
    sip_code {int},
    error_code {int},
    recording_sid {text},
    end_requested_at {int},
    next_poll_at {int},
    polls {int} NOT NULL,
    metadata {text} NOT NULL,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL,
    month {int} NOT NULL,
    CHECK (live OR closed_at IS NOT NULL OR ending_status IS NOT NULL)
) {strict};
CREATE UNIQUE INDEX calls_by_carrier_sid ON calls (carrier_sid);
CREATE UNIQUE INDEX calls_once_per_attempt ON calls (prospect_id, attempt);
CREATE UNIQUE INDEX calls_one_live_per_number ON calls (workspace_id, to_number) WHERE live;
CREATE UNIQUE INDEX calls_one_live_per_prospect ON calls (prospect_id) WHERE live;
CREATE INDEX calls_of_campaign ON calls (campaign_id, id);
CREATE INDEX calls_of_campaign_by_status ON calls (campaign_id, status, id);
CREATE INDEX calls_in_workspace ON calls (workspace_id, id);
CREATE INDEX calls_to_send ON calls (not_before, id) WHERE placement = 'reserved';
CREATE INDEX calls_in_doubt ON calls (armed_at) WHERE placement = 'armed';
CREATE INDEX calls_to_ask_about ON calls (next_poll_at) WHERE next_poll_at IS NOT NULL;

CREATE TABLE carrier_events (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    call_id {uuid} REFERENCES calls (id),
    carrier_sid {text},
    kind {text} NOT NULL,
    content_key {bytes} NOT NULL,
    -- evidence is what the fold reads, in our own words; payload is what arrived, to the letter.
    evidence {text},
    payload {text} NOT NULL,
    received_at {int} NOT NULL,
    month {int} NOT NULL
) {strict};
CREATE UNIQUE INDEX carrier_events_once ON carrier_events (content_key);
CREATE INDEX carrier_events_of_call ON carrier_events (call_id, id);

CREATE TABLE campaign_days (
    campaign_id {uuid} NOT NULL REFERENCES campaigns (id),
    day {text} NOT NULL,
    used {int} NOT NULL CHECK (used >= 0),
    PRIMARY KEY (campaign_id, day)
) {strict};

CREATE TABLE campaign_counters (
    campaign_id {uuid} NOT NULL REFERENCES campaigns (id),
    hour_at {int} NOT NULL,
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
    total_cost_micros {int} NOT NULL,
    PRIMARY KEY (campaign_id, hour_at)
) {strict};

CREATE TABLE do_not_call (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    phone {text} NOT NULL,
    source {text} NOT NULL,
    reason {text} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (workspace_id, phone)
) {strict};

CREATE TABLE imports (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    campaign_id {uuid} NOT NULL REFERENCES campaigns (id),
    status {text} NOT NULL CHECK (status IN ('running', 'completed', 'failed')),
    problem {text},
    bytes {int} NOT NULL,
    bytes_read {int} NOT NULL,
    rows {int} NOT NULL,
    added {int} NOT NULL,
    merged {int} NOT NULL,
    rejected {int} NOT NULL,
    created_at {int} NOT NULL,
    finished_at {int}
) {strict};
CREATE UNIQUE INDEX imports_one_running_per_campaign ON imports (campaign_id) WHERE status = 'running';

CREATE TABLE import_rejects (
    import_id {uuid} NOT NULL REFERENCES imports (id),
    line {int} NOT NULL,
    code {text} NOT NULL,
    reason {text} NOT NULL,
    content {text} NOT NULL,
    PRIMARY KEY (import_id, line)
) {strict};

CREATE TABLE idempotency_keys (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    key {text} NOT NULL,
    fingerprint {bytes} NOT NULL,
    status {int},
    body {text},
    created_at {int} NOT NULL,
    PRIMARY KEY (workspace_id, key)
) {strict};

CREATE TABLE audit_log (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    actor {text} NOT NULL,
    action {text} NOT NULL,
    subject {text} NOT NULL,
    detail {text} NOT NULL,
    at {int} NOT NULL
) {strict};
CREATE INDEX audit_log_of_subject ON audit_log (workspace_id, subject, id);
