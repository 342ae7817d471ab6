//! Every piece of news from the carrier, raw and as evidence.

#![expect(missing_docs, reason = "the columns are explained in the migration that makes them")]

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "carrier_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub call_id: Option<Uuid>,
    pub carrier_sid: Option<String>,
    pub kind: String,
    pub content_key: Vec<u8>,
    pub evidence: Option<String>,
    pub payload: String,
    pub received_at: i64,
    pub month: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
