//! Fills a database with as many rows as wanted, by SQL inside the database: a million calls in seconds instead of hours.
//!
//! The rows look like those that the server itself writes, and the counters are counted from the calls. Events of past
//! calls are left out: nothing that is measured reads them.

use domain::ids::{CallId, CampaignId, WorkspaceId};
use domain::statistics::Tally;
use prospectai::store::Location;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};
use uuid::Uuid;

/// What shall be in the database.
#[derive(Debug, Clone, Copy, Default)]
pub struct Contents {
    /// Calls that are over, a second apart, up to four for each prospect.
    pub ended_calls: u64,
    /// Calls that the carrier has taken and said nothing of yet.
    pub live_calls: u64,
    /// Prospects whose turn has come.
    pub due: u64,
    /// Prospects whose turn comes tomorrow.
    pub waiting: u64,
}

/// Where the rows belong.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    /// Whose they are.
    pub workspace: WorkspaceId,
    /// In which campaign.
    pub campaign: CampaignId,
    /// The time of filling, in UTC milliseconds.
    pub now: i64,
}

/// Numbers in the identifiers that tell the families of rows apart.
#[derive(Clone, Copy)]
#[repr(u16)]
enum Family {
    Called = 1,
    EndedCall = 2,
    Ringing = 3,
    LiveCall = 4,
    Due = 5,
    Waiting = 6,
}

const DAY: i64 = 24 * 60 * 60 * 1_000;
const CALLS_PER_PROSPECT: u64 = 4;

impl Owner {
    /// The identifier of a live call.
    pub fn live_call(&self, number: u64) -> CallId {
        CallId::from_uuid(identifier(self.now, Family::LiveCall, number))
    }

    /// The identifier of a prospect whose turn comes tomorrow.
    pub fn waiting_prospect(&self, number: u64) -> domain::ids::ProspectId {
        domain::ids::ProspectId::from_uuid(identifier(self.now, Family::Waiting, number))
    }
}

/// The carrier's name for a live call.
pub fn live_call_sid(number: u64) -> String {
    format!("CA{:032x}", LIVE_SIDS + number)
}

/// The number that a live call rings.
pub fn live_call_number(number: u64) -> String {
    format!("+1212{}", 2_000_000 + number)
}

const LIVE_SIDS: u64 = 1 << 40;

/// Fills; the campaign is active afterwards.
pub async fn fill(database: &Location, owner: Owner, contents: Contents) -> anyhow::Result<()> {
    match database {
        Location::Folder(folder) => {
            let file = format!("sqlite://{}", folder.join("prospectai.db").display());
            let mut connection = SqliteConnection::connect(&file).await?;
            // Only while filling: a crash here costs a throw-away folder.
            connection.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;").await?;
            for statement in statements(Dialect::Sqlite, owner, contents) {
                connection.execute(AssertSqlSafe(statement)).await?;
            }
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
            connection.close().await?;
        }
        Location::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await?;
            for statement in statements(Dialect::Postgres, owner, contents) {
                connection.execute(AssertSqlSafe(statement)).await?;
            }
            connection.execute("ANALYZE").await?;
            connection.close().await?;
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Dialect {
    Sqlite,
    Postgres,
}

fn statements(sql: Dialect, owner: Owner, contents: Contents) -> Vec<String> {
    let Owner { campaign, now, .. } = owner;
    let Contents { ended_calls, live_calls, due, waiting } = contents;
    let called = ended_calls.div_ceil(CALLS_PER_PROSPECT);
    let mut statements = Vec::new();
    for (family, count, area, state) in [
        (Family::Called, called, "617", "'done', 4, 4, NULL".to_owned()),
        (Family::Ringing, live_calls, "212", "'in_call', 1, 0, NULL".to_owned()),
        (Family::Due, due, "415", format!("'ready', 0, 0, {}", now - DAY)),
        (Family::Waiting, waiting, "312", format!("'waiting', 0, 0, {}", now + DAY)),
    ] {
        if count > 0 {
            statements.push(prospects(sql, owner, family, count, area, &state));
        }
    }
    if ended_calls > 0 {
        statements.push(add_ended_calls(sql, owner, ended_calls));
    }
    if live_calls > 0 {
        statements.push(add_live_calls(sql, owner, live_calls));
        // Their latest call is the one that rings: the settling of its end looks there.
        let (prospect, call) =
            (sql.identifier(now, Family::Ringing, "n"), sql.identifier(now, Family::LiveCall, "n"));
        statements.push(format!(
            "UPDATE prospects SET last_call_id = pairs.call FROM (SELECT {prospect} AS prospect, {call} AS call \
             FROM {}) AS pairs WHERE prospects.id = pairs.prospect",
            sql.numbers(live_calls)
        ));
    }
    statements.push(count_calls(sql, campaign));
    statements.push(sum_counters());
    statements.push(format!(
        "UPDATE campaigns SET status = 'active', launched_at = {now} WHERE id = {}",
        sql.uuid(campaign.uuid())
    ));
    statements
}

fn prospects(sql: Dialect, owner: Owner, family: Family, count: u64, area: &str, state: &str) -> String {
    let (workspace, campaign) = (sql.uuid(owner.workspace.uuid()), sql.uuid(owner.campaign.uuid()));
    let (id, now, numbers) = (sql.identifier(owner.now, family, "n"), owner.now, sql.numbers(count));
    format!(
        "INSERT INTO prospects (id, workspace_id, campaign_id, first_name, last_name, email, phone, company, title, \
         metadata, status, attempts, attempts_spent, due_at, created_at, updated_at) \
         SELECT {id}, {workspace}, {campaign}, 'Person', 'Number ' || n, 'person' || n || '@example.com', \
         '+1{area}' || (2000000 + n), 'Example Company', 'Buyer', '{{\"city\":\"Springfield\"}}', {state}, {now}, {now} \
         FROM {numbers}"
    )
}

fn add_ended_calls(sql: Dialect, owner: Owner, count: u64) -> String {
    let (workspace, campaign) = (sql.uuid(owner.workspace.uuid()), sql.uuid(owner.campaign.uuid()));
    let made = format!("({} + n * 1000)", owner.now - 1_000 * count as i64);
    let id = sql.identifier_at(&made, Family::EndedCall, "n");
    let prospect = sql.identifier(owner.now, Family::Called, &format!("(n / {CALLS_PER_PROSPECT})"));
    let (sid, no, numbers) = (sql.sid("n"), sql.boolean(false), sql.numbers(count));
    format!(
        "INSERT INTO calls (id, workspace_id, campaign_id, prospect_id, attempt, from_number, to_number, placement, \
         status, live, disposition, sends, armed_at, placed_at, carrier_sid, progress, initiated_at, ringing_at, \
         answered_at, ending_status, ending_source, ended_at, duration_seconds, price_micros, answered_by, \
         answered_by_source, polls, metadata, created_at, updated_at, month) \
         SELECT {id}, {workspace}, {campaign}, {prospect}, n % {CALLS_PER_PROSPECT} + 1, '+16175550100', \
         '+1617' || (2000000 + n / {CALLS_PER_PROSPECT}), 'placed', {status}, {no}, {disposition}, 0, {made}, {made}, {sid}, \
         'ringing', {made}, {made}, CASE WHEN n % 5 < 2 THEN {made} END, {status}, 'callback', {made} + 30000, \
         CASE WHEN n % 5 < 2 THEN 30 END, CASE WHEN n % 5 < 2 THEN 14000 END, \
         CASE n % 5 WHEN 0 THEN 'human' WHEN 1 THEN 'machine_start' END, CASE WHEN n % 5 < 2 THEN 'callback' END, \
         0, '{{}}', {made}, {made}, 202601 FROM {numbers}",
        status =
            "CASE n % 5 WHEN 2 THEN 'no-answer' WHEN 3 THEN 'busy' WHEN 4 THEN 'failed' ELSE 'completed' END",
        disposition = "CASE n % 5 WHEN 0 THEN 'human_answered' WHEN 1 THEN 'machine_answered' WHEN 2 THEN 'no_answer' \
                       WHEN 3 THEN 'busy' ELSE 'failed' END",
    )
}

fn add_live_calls(sql: Dialect, owner: Owner, count: u64) -> String {
    let (workspace, campaign, now) =
        (sql.uuid(owner.workspace.uuid()), sql.uuid(owner.campaign.uuid()), owner.now);
    let (id, prospect) =
        (sql.identifier(now, Family::LiveCall, "n"), sql.identifier(now, Family::Ringing, "n"));
    let sid = sql.sid(&format!("({LIVE_SIDS} + n)"));
    let (yes, numbers) = (sql.boolean(true), sql.numbers(count));
    format!(
        "INSERT INTO calls (id, workspace_id, campaign_id, prospect_id, attempt, from_number, to_number, placement, \
         status, live, sends, armed_at, placed_at, carrier_sid, progress, polls, next_poll_at, metadata, created_at, \
         updated_at, month) \
         SELECT {id}, {workspace}, {campaign}, {prospect}, 1, '+16175550100', '+1212' || (2000000 + n), 'placed', \
         'queued', {yes}, 0, {now}, {now}, {sid}, 'queued', 0, {later}, '{{}}', {now}, {now}, 202601 FROM {numbers}",
        later = now + DAY,
    )
}

/// The counters, from the calls.
fn count_calls(sql: Dialect, campaign: CampaignId) -> String {
    let count = |condition: &str| format!("SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)");
    let statuses = [
        "queued",
        "ringing",
        "in-progress",
        "completed",
        "failed",
        "busy",
        "no-answer",
        "canceled",
        "unknown",
    ]
    .map(|status| count(&format!("status = '{status}'")));
    format!(
        "INSERT INTO campaign_counters (campaign_id, hour_at, total, queued, ringing, in_progress, completed, failed, \
         busy, no_answer, canceled, unknown, answered_by_human, answered_by_machine, total_duration_seconds, \
         total_cost_micros) \
         SELECT campaign_id, created_at / 3600000 * 3600000, COUNT(*), {}, {}, {}, COALESCE(SUM(duration_seconds), 0), \
         COALESCE(SUM(price_micros), 0) FROM calls WHERE campaign_id = {} GROUP BY 1, 2",
        statuses.join(", "),
        count("answered_by = 'human'"),
        count("answered_by LIKE 'machine%'"),
        sql.uuid(campaign.uuid())
    )
}

/// The totals, from the counters.
fn sum_counters() -> String {
    let sums = Tally::NAMES.map(|name| format!("SUM({name})")).join(", ");
    let names = Tally::NAMES.join(", ");
    format!(
        "INSERT INTO campaign_totals (campaign_id, {names}) \
         SELECT campaign_id, {sums} FROM campaign_counters GROUP BY campaign_id"
    )
}

/// The same bits as [`Dialect::identifier`] writes in SQL.
fn identifier(at: i64, family: Family, number: u64) -> Uuid {
    let random = (u128::from(family as u16) << 64) | (0x8 << 60) | u128::from(number);
    Uuid::from_u128(((at as u128) << 80) | (0x7 << 76) | random)
}

impl Dialect {
    /// The numbers from 0, as a table with the column `n`.
    fn numbers(self, count: u64) -> String {
        let last = count - 1;
        match self {
            Self::Sqlite => format!(
                "(WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}) \
                 SELECT n FROM numbers)"
            ),
            Self::Postgres => format!("generate_series(0::bigint, {last}::bigint) AS numbers (n)"),
        }
    }

    fn identifier(self, at: i64, family: Family, number: &str) -> String {
        self.identifier_at(&at.to_string(), family, number)
    }

    /// A time-ordered identifier of the row with this number.
    fn identifier_at(self, at: &str, family: Family, number: &str) -> String {
        let family = family as u16;
        match self {
            Self::Sqlite => format!("unhex(printf('%012x7%03x8%015x', {at}, {family}, {number}))"),
            Self::Postgres => format!(
                "(lpad(to_hex({at}::bigint), 12, '0') || '7' || lpad(to_hex({family}), 3, '0') || '8' \
                 || lpad(to_hex({number}::bigint), 15, '0'))::uuid"
            ),
        }
    }

    fn sid(self, number: &str) -> String {
        match self {
            Self::Sqlite => format!("'CA' || printf('%032x', {number})"),
            Self::Postgres => format!("'CA' || lpad(to_hex({number}::bigint), 32, '0')"),
        }
    }

    fn uuid(self, uuid: Uuid) -> String {
        match self {
            Self::Sqlite => format!("x'{}'", uuid.simple()),
            Self::Postgres => format!("'{uuid}'::uuid"),
        }
    }

    const fn boolean(self, truth: bool) -> &'static str {
        match (self, truth) {
            (Self::Sqlite, false) => "0",
            (Self::Sqlite, true) => "1",
            (Self::Postgres, false) => "false",
            (Self::Postgres, true) => "true",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_a_uuid_of_version_7() {
        let id = identifier(1_700_000_000_000, Family::LiveCall, 41);
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.simple().to_string(), "018bcfe5680070048000000000000029");
    }
}
