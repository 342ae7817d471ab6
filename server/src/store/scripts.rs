//! What people hear: scripts, and every version of them.

pub mod written;

use domain::call_flow::Words;
use domain::ids::{ScriptId, WorkspaceId};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::script_versions;
use super::entities::scripts::{Column, Entity, Model};
use super::{Store, StoreError, Tx, dialect, given, millis, time};

/// A script as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptRecord {
    /// Which.
    pub id: ScriptId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Its name, for people.
    pub name: String,
    /// What it says.
    pub words: Words,
    /// How often what it says was written, from 1.
    pub version: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a script said at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptVersion {
    /// Which script.
    pub script: ScriptId,
    /// Its version, from 1.
    pub version: u32,
}

impl ScriptRecord {
    /// What it says now.
    pub const fn said_now(&self) -> ScriptVersion {
        ScriptVersion { script: self.id, version: self.version }
    }
}

impl Store {
    /// One script of a workspace.
    pub async fn script(&self, of: WorkspaceId, id: ScriptId) -> Result<Option<ScriptRecord>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).filter(Column::WorkspaceId.eq(of.uuid()));
        found.one(self.reader()).await?.map(ScriptRecord::try_from).transpose()
    }

    /// Scripts of a workspace, newest first, older than `before`.
    pub async fn scripts(
        &self,
        of: WorkspaceId,
        before: Option<ScriptId>,
        most: u64,
    ) -> Result<Vec<ScriptRecord>, StoreError> {
        let mut wanted = Entity::find().filter(Column::WorkspaceId.eq(of.uuid()));
        if let Some(before) = before {
            wanted = wanted.filter(Column::Id.lt(before.uuid()));
        }
        let rows = wanted.order_by_desc(Column::Id).limit(most).all(self.reader()).await?;
        rows.into_iter().map(ScriptRecord::try_from).collect()
    }

    /// What a script of a workspace said in a version.
    pub async fn words_of(&self, of: WorkspaceId, said: ScriptVersion) -> Result<Option<Words>, StoreError> {
        let key = (said.script.uuid(), i64::from(said.version));
        let found = script_versions::Entity::find_by_id(key)
            .filter(script_versions::Column::WorkspaceId.eq(of.uuid()));
        found.one(self.reader()).await?.map(|row| words(row.body, row.words.as_deref())).transpose()
    }
}

impl Tx {
    /// One script of a workspace, as of this transaction.
    pub async fn script(&self, of: WorkspaceId, id: ScriptId) -> Result<Option<ScriptRecord>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).filter(Column::WorkspaceId.eq(of.uuid()));
        found.one(self.connection()).await?.map(ScriptRecord::try_from).transpose()
    }

    /// One script of a workspace, locked until the transaction ends.
    pub async fn lock_script(
        &self,
        of: WorkspaceId,
        id: ScriptId,
    ) -> Result<Option<ScriptRecord>, StoreError> {
        let ids = vec![id.uuid()];
        let rows: Vec<Model> =
            given::lock_by_id::<Entity>(self.connection(), ids, dialect::for_update).await?;
        let found = rows.into_iter().next().map(ScriptRecord::try_from).transpose()?;
        Ok(found.filter(|script| script.workspace == of))
    }

    /// These scripts of any workspace, which nobody changes until the transaction ends; in id order.
    pub async fn hold_scripts(&self, ids: &[ScriptId]) -> Result<Vec<ScriptRecord>, StoreError> {
        let ids = ids.iter().map(|id| id.uuid()).collect();
        let rows: Vec<Model> =
            given::lock_by_id::<Entity>(self.connection(), ids, dialect::for_share).await?;
        rows.into_iter().map(ScriptRecord::try_from).collect()
    }

    /// These scripts of any workspace, as of this transaction.
    pub async fn scripts(&self, ids: &[ScriptId]) -> Result<Vec<ScriptRecord>, StoreError> {
        let ids = ids.iter().map(|id| id.uuid()).collect();
        let rows: Vec<Model> = given::lock_by_id::<Entity>(self.connection(), ids, |_| "").await?;
        rows.into_iter().map(ScriptRecord::try_from).collect()
    }

    /// Adds a script, and what it says as its first version.
    pub async fn add_script(&self, script: &ScriptRecord) -> Result<(), StoreError> {
        Model::from(script).into_active_model().reset_all().insert(self.connection()).await?;
        self.add_version(script).await
    }

    /// Writes a script back.
    pub async fn save_script(&self, script: &ScriptRecord) -> Result<(), StoreError> {
        Model::from(script).into_active_model().reset_all().update(self.connection()).await?;
        Ok(())
    }

    /// Keeps what a script says now, under its version.
    pub async fn add_version(&self, script: &ScriptRecord) -> Result<(), StoreError> {
        let row = script_versions::Model {
            script_id: script.id.uuid(),
            version: script.version.into(),
            workspace_id: script.workspace.uuid(),
            body: script.words.text.clone(),
            words: written::text_of(&script.words),
            created_at: millis(script.updated_at),
        };
        row.into_active_model().reset_all().insert(self.connection()).await?;
        Ok(())
    }
}

fn words(body: String, rest: Option<&str>) -> Result<Words, StoreError> {
    let corrupt = StoreError::CorruptRow { table: "scripts", column: "words" };
    written::words_of(body, rest).ok_or(corrupt)
}

impl TryFrom<Model> for ScriptRecord {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let corrupt = |_| StoreError::CorruptRow { table: "scripts", column: "version" };
        Ok(Self {
            id: ScriptId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace_id),
            name: row.name,
            version: row.version.try_into().map_err(corrupt)?,
            words: words(row.body, row.words.as_deref())?,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        })
    }
}

impl From<&ScriptRecord> for Model {
    fn from(script: &ScriptRecord) -> Self {
        Self {
            id: script.id.uuid(),
            workspace_id: script.workspace.uuid(),
            name: script.name.clone(),
            body: script.words.text.clone(),
            created_at: millis(script.created_at),
            updated_at: millis(script.updated_at),
            version: script.version.into(),
            words: written::text_of(&script.words),
        }
    }
}
