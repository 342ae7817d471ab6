//! Texts that people hear.

use domain::ids::{ScriptId, WorkspaceId};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::scripts::{Column, Entity, Model};
use super::{Store, StoreError, Tx, given, millis, time};

/// A script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptRecord {
    /// Which.
    pub id: ScriptId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Its name, for people.
    pub name: String,
    /// The text, with variables.
    pub body: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Store {
    /// One script of a workspace.
    pub async fn script(&self, of: WorkspaceId, id: ScriptId) -> Result<Option<ScriptRecord>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).filter(Column::WorkspaceId.eq(of.uuid()));
        Ok(found.one(self.reader()).await?.map(ScriptRecord::from))
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
        Ok(rows.into_iter().map(ScriptRecord::from).collect())
    }
}

impl Tx {
    /// One script of a workspace, as of this transaction.
    pub async fn script(&self, of: WorkspaceId, id: ScriptId) -> Result<Option<ScriptRecord>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).filter(Column::WorkspaceId.eq(of.uuid()));
        Ok(found.one(self.connection()).await?.map(ScriptRecord::from))
    }

    /// These scripts of any workspace, as of this transaction.
    pub async fn scripts(&self, ids: &[ScriptId]) -> Result<Vec<ScriptRecord>, StoreError> {
        let ids = ids.iter().map(|id| id.uuid()).collect();
        let rows: Vec<Model> = given::lock_by_id::<Entity>(self.connection(), ids, |_| "").await?;
        Ok(rows.into_iter().map(ScriptRecord::from).collect())
    }

    /// Adds a script.
    pub async fn add_script(&self, script: &ScriptRecord) -> Result<(), StoreError> {
        Model::from(script).into_active_model().reset_all().insert(self.connection()).await?;
        Ok(())
    }

    /// Writes a script back.
    pub async fn save_script(&self, script: &ScriptRecord) -> Result<(), StoreError> {
        Model::from(script).into_active_model().reset_all().update(self.connection()).await?;
        Ok(())
    }
}

impl From<Model> for ScriptRecord {
    fn from(row: Model) -> Self {
        Self {
            id: ScriptId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace_id),
            name: row.name,
            body: row.body,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        }
    }
}

impl From<&ScriptRecord> for Model {
    fn from(script: &ScriptRecord) -> Self {
        Self {
            id: script.id.uuid(),
            workspace_id: script.workspace.uuid(),
            name: script.name.clone(),
            body: script.body.clone(),
            created_at: millis(script.created_at),
            updated_at: millis(script.updated_at),
        }
    }
}
