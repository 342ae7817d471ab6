//! Campaigns with their rules.

#![expect(missing_docs, reason = "the columns are explained in the migration that makes them")]

use sea_orm::entity::prelude::*;
use serde::Deserialize;

// As JSON (`dialect::json_array`), where many are read at once: an array of the columns in this order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "campaigns")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub name: String,
    pub status: String,
    pub pause_reason: Option<String>,
    pub script_id: Option<Uuid>,
    pub voice_id: Option<String>,
    pub audio_url: Option<String>,
    pub audio_duration: Option<i64>,
    pub caller_id: Option<String>,
    pub default_region: String,
    pub timezone: String,
    pub calling_windows: String,
    pub daily_call_limit: i64,
    pub retry_policy: String,
    pub ring_timeout_seconds: i64,
    pub time_limit_seconds: i64,
    pub machine_detection: String,
    pub recording: String,
    pub metadata: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub launched_at: Option<i64>,
    pub completed_at: Option<i64>,
    pub budget_micros: Option<i64>,
    pub daily_budget_micros: Option<i64>,
    pub calls_per_second_thousandths: Option<i64>,
    pub max_live_calls: Option<i64>,
    pub lost_calls: String,
    pub dial_order: String,
    pub transfer_to: Option<String>,
    pub recording_consent: String,
    pub recording_notice: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
