//! What must not happen and did: noted once in the transaction that saw it, handled afterwards.

use domain::ids::{IncidentId, WorkspaceId};
use jiff::Timestamp;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::given::{self, Given};
use super::{Store, StoreError, Tx, millis, sql, time};

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IncidentKind {
    /// The carrier began to dial after the calling window had closed. The campaign is paused.
    DialedOutsideHours,
    /// The carrier made a call from one of our numbers that none of our attempts stands for.
    StrayCall,
    /// The carrier does not list a call that it once took.
    MissingAtCarrier,
}

impl IncidentKind {
    const ALL: [Self; 3] = [Self::DialedOutsideHours, Self::StrayCall, Self::MissingAtCarrier];

    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DialedOutsideHours => "dialed_outside_hours",
            Self::StrayCall => "stray_call",
            Self::MissingAtCarrier => "missing_at_carrier",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentRecord {
    /// Which one.
    pub id: IncidentId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// What kind of thing.
    pub kind: IncidentKind,
    /// The call, by our name or, where it has none, by the carrier's.
    pub subject: String,
    /// What happened, for people.
    pub detail: String,
    /// When it was noticed.
    pub noted_at: Timestamp,
    /// When what follows from it was done.
    pub handled_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, workspace_id, kind, subject, detail, noted_at, handled_at";

#[derive(sea_orm::FromQueryResult)]
struct Row {
    id: Uuid,
    workspace_id: Uuid,
    kind: String,
    subject: String,
    detail: String,
    noted_at: i64,
    handled_at: Option<i64>,
}

impl Store {
    /// Incidents from which nothing followed yet, oldest first.
    pub async fn incidents_to_handle(&self, most: u64) -> Result<Vec<IncidentRecord>, StoreError> {
        let wanted =
            format!("SELECT {COLUMNS} FROM incidents WHERE handled_at IS NULL ORDER BY noted_at LIMIT $1");
        let rows: Vec<Row> = sql::all(self.reader(), &wanted, [(most as i64).into()]).await?;
        rows.into_iter().map(IncidentRecord::try_from).collect()
    }

    /// Incidents of a workspace, latest first, behind `after`.
    pub async fn incidents(
        &self,
        of: WorkspaceId,
        after: Option<IncidentId>,
        most: u64,
    ) -> Result<Vec<IncidentRecord>, StoreError> {
        let behind = after.map_or(Uuid::max(), IncidentId::uuid);
        let wanted = format!(
            "SELECT {COLUMNS} FROM incidents WHERE workspace_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
        );
        let values = [of.uuid().into(), behind.into(), (most as i64).into()];
        let rows: Vec<Row> = sql::all(self.reader(), &wanted, values).await?;
        rows.into_iter().map(IncidentRecord::try_from).collect()
    }
}

impl Tx {
    /// Notes incidents; those that were noted before stay as they are.
    pub async fn note_incidents(&self, noted: &[IncidentRecord]) -> Result<(), StoreError> {
        let db = self.connection();
        for some in noted.chunks(given::MOST) {
            let row = |incident: &IncidentRecord| {
                vec![
                    incident.id.uuid().into(),
                    incident.workspace.uuid().into(),
                    incident.kind.as_str().into(),
                    incident.subject.as_str().into(),
                    incident.detail.as_str().into(),
                    millis(incident.noted_at).into(),
                ]
            };
            let columns = ["id", "workspace_id", "kind", "subject", "detail", "noted_at"];
            let new = Given::rows(db.get_database_backend(), &columns, some.iter().map(row).collect());
            let names = columns.join(", ");
            let (insert, values) = new.statement(&format!(
                "INSERT INTO incidents ({names}) SELECT {names} FROM given WHERE TRUE ON CONFLICT DO NOTHING"
            ));
            sql::run(db, &insert, values).await?;
        }
        Ok(())
    }

    /// Notes that what follows from an incident is done in this transaction; `false` when it was done before.
    pub async fn handle_incident(&self, id: IncidentId, now: Timestamp) -> Result<bool, StoreError> {
        let change = "UPDATE incidents SET handled_at = $1 WHERE id = $2 AND handled_at IS NULL";
        Ok(sql::run(self.connection(), change, [millis(now).into(), id.uuid().into()]).await? > 0)
    }
}

impl TryFrom<Row> for IncidentRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let unknown = StoreError::CorruptRow { table: "incidents", column: "kind" };
        Ok(Self {
            id: IncidentId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace_id),
            kind: IncidentKind::parse(&row.kind).ok_or(unknown)?,
            subject: row.subject,
            detail: row.detail,
            noted_at: time(row.noted_at),
            handled_at: row.handled_at.map(time),
        })
    }
}
