//! Where each limit on starting calls stands.

#![expect(missing_docs, reason = "the columns are explained in the migration that makes them")]

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pace")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope: String,
    pub next_start_micros: Option<i64>,
    pub share: i64,
    pub share_at: Option<i64>,
    pub streak: i64,
    pub failures: i64,
    pub failing_since: Option<i64>,
    pub trouble: Option<String>,
    pub held_until: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
