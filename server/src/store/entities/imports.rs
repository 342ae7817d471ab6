//! Files of prospects taken in.

#![expect(missing_docs, reason = "the columns are explained in the migration that makes them")]

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "imports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub campaign_id: Uuid,
    pub status: String,
    pub problem: Option<String>,
    pub bytes: i64,
    pub bytes_read: i64,
    pub rows: i64,
    pub added: i64,
    pub merged: i64,
    pub rejected: i64,
    pub created_at: i64,
    pub finished_at: Option<i64>,
    pub node_id: Option<Uuid>,
    pub undone_at: Option<i64>,
    pub taken_out: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
