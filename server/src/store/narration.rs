//! Whether the service that speaks is in trouble, and what it took in a month.

use domain::gate::Verdict;
use domain::ids::WorkspaceId;
use domain::voice::{Narration, Trouble};
use jiff::Timestamp;
use sea_orm::ConnectionTrait;

use super::campaigns::CampaignRecord;
use super::spoken_texts::TextState;
use super::{Store, StoreError, Tx, millis, sql, time};
use crate::speech::{Fingerprint, Narrator};

/// The row of the service.
const SERVICE: &str = "elevenlabs";

/// The service was asked in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceTrouble {
    /// In which way.
    pub kind: Trouble,
    /// In words for people.
    pub why: String,
    /// How often in a row.
    pub failures: u32,
    /// Since when.
    pub since: Timestamp,
    /// It is left alone until then.
    pub rests_until: Timestamp,
}

/// What a workspace had spoken in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpokenMonth {
    /// How many texts.
    pub texts: u64,
    /// How many characters of the quota they took.
    pub characters: u64,
    /// Characters of requests without an answer that can be used: perhaps on the bill.
    pub doubtful: u64,
}

#[derive(sea_orm::FromQueryResult)]
struct TroubleRow {
    kind: String,
    why: String,
    failures: i64,
    since: i64,
    rests_until: i64,
}

#[derive(sea_orm::FromQueryResult)]
struct MonthRow {
    texts: i64,
    characters: i64,
    doubtful_characters: i64,
}

impl Store {
    /// What is wrong with the service, if anything is.
    pub async fn service_trouble(&self) -> Result<Option<ServiceTrouble>, StoreError> {
        trouble(self.reader()).await
    }

    /// What a campaign's voice says to anybody. One that says the same to everybody, all of it spoken already, needs the service
    /// no more.
    pub(super) async fn voice_verdict(
        &self,
        campaign: &CampaignRecord,
        narrator: Option<&Narrator>,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        let Some(voice) = campaign.narrated_by() else { return Ok(Verdict::Dial) };
        let Some(narrator) = narrator else { return Ok(Narration::default().verdict(true, now)) };
        let rests_until = self.service_trouble().await?.map(|trouble| trouble.rests_until);
        let verdict = Narration { is_set_up: true, rests_until }.verdict(true, now);
        if verdict == Verdict::Dial {
            return Ok(verdict);
        }
        let script = match campaign.script {
            Some(id) => self.script(campaign.workspace, id).await?,
            None => None,
        };
        let said = script.and_then(|script| narrator.heard_by_everybody(&voice, &script.words));
        let Some(said) = said else { return Ok(verdict) };
        let wanted: Vec<Fingerprint> = said.iter().map(|sentence| sentence.fingerprint).collect();
        let known = self.spoken_texts(campaign.workspace, &wanted).await?;
        let spoken = known.iter().filter(|text| text.state == TextState::Spoken).count();
        Ok(if spoken == wanted.len() { Verdict::Dial } else { verdict })
    }

    /// What a workspace had spoken in a month, such as `2027-01`.
    pub async fn spoken_in(&self, of: WorkspaceId, month: &str) -> Result<SpokenMonth, StoreError> {
        let wanted = "SELECT texts, characters, doubtful_characters FROM spoken_months \
                      WHERE workspace_id = $1 AND month = $2";
        let row: Option<MonthRow> = sql::one(self.reader(), wanted, [of.uuid().into(), month.into()]).await?;
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        Ok(row.map_or_else(SpokenMonth::default, |row| SpokenMonth {
            texts: count(row.texts),
            characters: count(row.characters),
            doubtful: count(row.doubtful_characters),
        }))
    }
}

impl Tx {
    /// What is wrong with the service, if anything is.
    pub async fn service_trouble(&self) -> Result<Option<ServiceTrouble>, StoreError> {
        trouble(self.connection()).await
    }

    /// Writes down what is wrong with the service; `None`: nothing any more. Whether that is news.
    pub async fn save_service_trouble(&self, now: Option<&ServiceTrouble>) -> Result<bool, StoreError> {
        let db = self.connection();
        let Some(now) = now else {
            let forget = "DELETE FROM service_troubles WHERE service = $1";
            return Ok(sql::run(db, forget, [SERVICE.into()]).await? > 0);
        };
        let save = "INSERT INTO service_troubles (service, kind, why, failures, since, rests_until) \
                    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (service) DO UPDATE SET kind = excluded.kind, \
                    why = excluded.why, failures = excluded.failures, since = excluded.since, \
                    rests_until = excluded.rests_until";
        let values = [
            SERVICE.into(),
            now.kind.as_str().into(),
            now.why.as_str().into(),
            i64::from(now.failures).into(),
            millis(now.since).into(),
            millis(now.rests_until).into(),
        ];
        sql::run(db, save, values).await?;
        Ok(true)
    }

    /// Counts what was spoken for a workspace in a month.
    pub async fn count_spoken(
        &self,
        of: WorkspaceId,
        month: &str,
        more: SpokenMonth,
    ) -> Result<(), StoreError> {
        let count = "INSERT INTO spoken_months AS m (workspace_id, month, texts, characters, doubtful_characters) \
                     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (workspace_id, month) DO UPDATE SET \
                     texts = m.texts + excluded.texts, characters = m.characters + excluded.characters, \
                     doubtful_characters = m.doubtful_characters + excluded.doubtful_characters";
        let values = [
            of.uuid().into(),
            month.into(),
            (more.texts as i64).into(),
            (more.characters as i64).into(),
            (more.doubtful as i64).into(),
        ];
        sql::run(self.connection(), count, values).await?;
        Ok(())
    }
}

async fn trouble(db: &impl ConnectionTrait) -> Result<Option<ServiceTrouble>, StoreError> {
    let wanted = "SELECT kind, why, failures, since, rests_until FROM service_troubles WHERE service = $1";
    let row: Option<TroubleRow> = sql::one(db, wanted, [SERVICE.into()]).await?;
    let corrupt = |column| StoreError::CorruptRow { table: "service_troubles", column };
    row.map(|row| {
        Ok(ServiceTrouble {
            kind: Trouble::parse(&row.kind).ok_or(corrupt("kind"))?,
            why: row.why,
            failures: u32::try_from(row.failures).map_err(|_| corrupt("failures"))?,
            since: time(row.since),
            rests_until: time(row.rests_until),
        })
    })
    .transpose()
}
