//! Servers that share the database.

#![expect(missing_docs, reason = "the columns are explained in the migration that makes them")]

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nodes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub role: String,
    pub version: String,
    pub epoch: i64,
    pub started_at: i64,
    pub seen_at: i64,
    pub lease_until: i64,
    pub stopped_at: Option<i64>,
    pub skew_ms: i64,
    pub hold: Option<String>,
    pub hold_detail: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
