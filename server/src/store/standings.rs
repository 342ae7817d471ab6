//! How many people of a campaign share the facts that the gates ask about: the whole list in a few groups, however long
//! it is, and the people of some of the groups.

use domain::frequency::FrequencyCap;
use domain::ids::ProspectId;
use domain::prospect::ProspectStatus;
use jiff::{SignedDuration, Timestamp};
use sea_orm::Value;

use super::campaigns::CampaignRecord;
use super::prospects::ProspectRecord;
use super::{Store, StoreError, millis, sql, time};

/// What a group's people have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Traits {
    /// Where they stand.
    pub status: ProspectStatus,
    /// Their time has not come.
    pub later: bool,
    /// Their number is on the do-not-call list.
    pub listed: bool,
    /// Another call to their number is on.
    pub number_in_call: bool,
    /// Their number was rung as often as the cap allows.
    pub capped: bool,
    /// Which of the asked prefixes their number begins with; `None` where none was asked or none fits.
    pub prefix: Option<usize>,
}

/// People with the same traits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What they have in common.
    pub traits: Traits,
    /// How many they are.
    pub count: u64,
    /// When the time of the first of them comes, where it has not.
    pub first_due: Option<Timestamp>,
}

/// What to tell people apart by, beside where they stand.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Whose people.
    pub campaign: &'a CampaignRecord,
    /// The instant.
    pub now: Timestamp,
    /// The cap of their numbers; `None` where it decides nothing.
    pub cap: Option<FrequencyCap>,
    /// Beginnings of numbers, the first that fits counts; none where prices decide nothing.
    pub prefixes: &'a [&'a str],
}

#[derive(sea_orm::FromQueryResult)]
struct Row {
    exceptional: i32,
    status: String,
    later: i32,
    listed: i32,
    number_in_call: i32,
    capped: i32,
    prefix: i32,
    people: i64,
    first_due: Option<i64>,
}

impl Question<'_> {
    /// Numbers of the workspace that are out of the ordinary, as tables of their own. Values: campaign, workspace, now,
    /// since when calls count for the cap, the cap, and the first id of that time.
    fn numbers(&self) -> String {
        // By the time of being chosen, which the index knows: a call that waited for an hour between being chosen and being
        // armed, and was armed within the day of the cap, is counted from the hour before.
        let capped = match self.cap {
            Some(_) => {
                "SELECT to_number FROM calls WHERE workspace_id = $2 AND id >= $6 AND armed_at > $4 \
                 AND placement IN ('armed', 'unknown', 'presumed_not_placed', 'placed') \
                 GROUP BY to_number HAVING COUNT(*) >= $5"
            }
            None => "SELECT to_number FROM calls WHERE $4 = $5 AND id = $6",
        };
        format!(
            "WITH listed (phone) AS (SELECT phone FROM do_not_call WHERE workspace_id = $2), \
             on_now (phone, prospect) AS (SELECT to_number, prospect_id FROM calls WHERE live AND campaign_id IN \
                 (SELECT id FROM campaigns WHERE workspace_id = $2)), \
             capped (phone) AS ({capped}), \
             exceptional (phone) AS (SELECT phone FROM listed UNION SELECT phone FROM on_now UNION SELECT phone FROM capped)"
        )
    }

    fn values(&self) -> Vec<Value> {
        let since = FrequencyCap::counts_since(self.now);
        let first = super::call_list::first_id_at(since - SignedDuration::from_hours(1));
        let cap = self.cap.map_or(0, |cap| i64::from(cap.rings()));
        vec![
            self.campaign.id.uuid().into(),
            self.campaign.workspace.uuid().into(),
            millis(self.now).into(),
            millis(since).into(),
            cap.into(),
            first.into(),
        ]
    }

    /// Each trait of a row of `prospects` as a number.
    fn traits(&self) -> [(&'static str, String); 5] {
        let flag = |condition: &str| format!("CASE WHEN {condition} THEN 1 ELSE 0 END");
        let prefix: String = self
            .prefixes
            .iter()
            .enumerate()
            .map(|(index, prefix)| format!("WHEN phone LIKE '{}%' THEN {index} ", digits(prefix)))
            .collect();
        let prefix = if prefix.is_empty() { "-1".to_owned() } else { format!("CASE {prefix}ELSE -1 END") };
        [
            ("later", flag("due_at > $3")),
            ("listed", flag("phone IN (SELECT phone FROM listed)")),
            (
                // Whose own call is on waits for that one.
                "number_in_call",
                flag(
                    "phone IN (SELECT phone FROM on_now) AND prospects.id NOT IN (SELECT prospect FROM on_now)",
                ),
            ),
            ("capped", flag("phone IN (SELECT phone FROM capped)")),
            ("prefix", prefix),
        ]
    }
}

/// Rates are parsed before they come here; this keeps them from ever being more than digits in a statement.
fn digits(prefix: &str) -> String {
    prefix.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

impl Store {
    /// Everybody of a campaign in groups: each person is in exactly one of them.
    pub async fn standings(&self, question: &Question<'_>) -> Result<Vec<Group>, StoreError> {
        let db = self.reader();
        let [later, listed, number_in_call, capped, prefix] =
            question.traits().map(|(_, expression)| expression);
        // One statement, so that both halves see the same instant. The first counts everybody by what an index knows; the
        // second, those with numbers out of the ordinary, who are then taken from the first.
        let wanted = format!(
            "{numbers} \
             SELECT 0 AS exceptional, status, {later} AS later, 0 AS listed, 0 AS number_in_call, 0 AS capped, \
                 {prefix} AS prefix, COUNT(*) AS people, MIN(due_at) AS first_due \
             FROM prospects WHERE campaign_id = $1 GROUP BY 2, 3, 7 \
             UNION ALL \
             SELECT 1 AS exceptional, status, later, listed, number_in_call, capped, prefix, COUNT(*), MIN(due_at) \
             FROM (SELECT status, {later} AS later, {listed} AS listed, {number_in_call} AS number_in_call, \
                 {capped} AS capped, {prefix} AS prefix, due_at \
                 FROM prospects WHERE campaign_id = $1 AND phone IN (SELECT phone FROM exceptional)) AS those \
             GROUP BY 2, 3, 4, 5, 6, 7",
            numbers = question.numbers()
        );
        let rows: Vec<Row> = sql::all(db, &wanted, question.values()).await?;
        let mut groups: Vec<Group> = Vec::new();
        let (ordinary, exceptional): (Vec<Row>, Vec<Row>) =
            rows.into_iter().partition(|row| row.exceptional == 0);
        for row in ordinary {
            let mut group = group(&row)?;
            let of_it = exceptional.iter().filter(|other| {
                (other.status.as_str(), other.later, other.prefix)
                    == (row.status.as_str(), row.later, row.prefix)
            });
            group.count -= of_it.map(|other| other.people.unsigned_abs()).sum::<u64>().min(group.count);
            groups.push(group);
        }
        for row in exceptional {
            let new = group(&row)?;
            match groups.iter_mut().find(|known| known.traits == new.traits) {
                Some(known) => known.count += new.count,
                None => groups.push(new),
            }
        }
        groups.retain(|group| group.count > 0);
        Ok(groups)
    }

    /// People of some groups in the order of their addition, behind `after`.
    pub async fn people_of(
        &self,
        question: &Question<'_>,
        groups: &[Traits],
        after: Option<ProspectId>,
        most: u64,
    ) -> Result<Vec<ProspectRecord>, StoreError> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let db = self.reader();
        let traits = question.traits();
        let each: Vec<String> = groups.iter().map(|group| same(group, &traits)).collect();
        let wanted = format!(
            "{numbers} SELECT id FROM prospects WHERE campaign_id = $1 AND id > $7 AND ({each}) ORDER BY id LIMIT $8",
            numbers = question.numbers(),
            each = each.join(" OR ")
        );
        let mut values = question.values();
        values.push(after.map_or(uuid::Uuid::nil(), ProspectId::uuid).into());
        values.push((most as i64).into());
        #[derive(sea_orm::FromQueryResult)]
        struct Id {
            id: uuid::Uuid,
        }
        let found: Vec<Id> = sql::all(db, &wanted, values).await?;
        let ids: Vec<ProspectId> = found.into_iter().map(|row| ProspectId::from_uuid(row.id)).collect();
        self.prospects_in_order(&ids).await
    }
}

/// The condition that finds a group's people.
fn same(group: &Traits, traits: &[(&'static str, String); 5]) -> String {
    let wanted = [
        i32::from(group.later),
        i32::from(group.listed),
        i32::from(group.number_in_call),
        i32::from(group.capped),
        group.prefix.map_or(-1, |index| i32::try_from(index).unwrap_or(-1)),
    ];
    let each = traits.iter().zip(wanted).map(|((_, expression), value)| format!("({expression}) = {value}"));
    let each: Vec<String> = each.collect();
    format!("(status = '{}' AND {})", group.status.as_str(), each.join(" AND "))
}

fn group(row: &Row) -> Result<Group, StoreError> {
    let corrupt = StoreError::CorruptRow { table: "prospects", column: "status" };
    let later = row.later != 0;
    Ok(Group {
        traits: Traits {
            status: ProspectStatus::parse(&row.status).ok_or(corrupt)?,
            later,
            listed: row.listed != 0,
            number_in_call: row.number_in_call != 0,
            capped: row.capped != 0,
            prefix: usize::try_from(row.prefix).ok(),
        },
        count: row.people.unsigned_abs(),
        first_due: row.first_due.filter(|_| later).map(time),
    })
}
