//! Every attempt to ring a prospect.

#![expect(missing_docs, reason = "the columns are explained in the migration that makes them")]

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Deserializer};

// As JSON (`dialect::json_array`), where many are read at once: an array of the columns in this order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "calls")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub campaign_id: Uuid,
    pub prospect_id: Uuid,
    pub attempt: i64,
    pub from_number: String,
    pub to_number: String,
    pub placement: String,
    pub status: String,
    #[serde(deserialize_with = "truth")]
    pub live: bool,
    pub disposition: Option<String>,
    pub refusal: Option<String>,
    pub refusal_message: Option<String>,
    pub closed_at: Option<i64>,
    pub not_before: Option<i64>,
    pub scheduled_for: Option<i64>,
    pub day: Option<String>,
    pub sends: i64,
    pub armed_by: Option<String>,
    pub armed_at: Option<i64>,
    pub placed_at: Option<i64>,
    pub carrier_sid: Option<String>,
    pub progress: Option<String>,
    pub initiated_at: Option<i64>,
    pub ringing_at: Option<i64>,
    pub answered_at: Option<i64>,
    pub ending_status: Option<String>,
    pub ending_source: Option<String>,
    pub ended_at: Option<i64>,
    pub duration_seconds: Option<i64>,
    pub price_micros: Option<i64>,
    pub answered_by: Option<String>,
    pub answered_by_source: Option<String>,
    pub sip_code: Option<i64>,
    pub error_code: Option<i64>,
    pub recording_sid: Option<String>,
    pub end_requested_at: Option<i64>,
    pub next_poll_at: Option<i64>,
    pub polls: i64,
    pub metadata: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub month: i64,
    pub worst_case_micros: i64,
    pub beside_price_micros: i64,
    pub looked_at: Option<i64>,
    #[serde(deserialize_with = "truth")]
    pub late: bool,
    pub dial_by: Option<i64>,
    pub script_id: Option<Uuid>,
    pub script_version: Option<i64>,
    pub reaction: Option<String>,
    pub second_call_micros: i64,
    pub corrected_answered_by: Option<String>,
    pub corrected_at: Option<i64>,
    pub recording_ruling: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// SQLite's truth is a number.
fn truth<'de, D: Deserializer<'de>>(stored: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Truth(bool),
        Number(u8),
    }
    Ok(!matches!(Stored::deserialize(stored)?, Stored::Truth(false) | Stored::Number(0)))
}
