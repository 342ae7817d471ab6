//! Statistics per campaign: the sum of its counters of all hours.

#![expect(missing_docs, reason = "the columns are explained in the migration that makes them")]

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "campaign_totals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: Uuid,
    pub total: i64,
    pub queued: i64,
    pub ringing: i64,
    pub in_progress: i64,
    pub completed: i64,
    pub failed: i64,
    pub busy: i64,
    pub no_answer: i64,
    pub canceled: i64,
    pub unknown: i64,
    pub answered_by_human: i64,
    pub answered_by_machine: i64,
    pub total_duration_seconds: i64,
    pub total_cost_micros: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
