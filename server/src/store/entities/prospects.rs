//! The people of each campaign.

#![expect(missing_docs, reason = "the columns are explained in the migration that makes them")]

use sea_orm::entity::prelude::*;
use serde::Deserialize;

// As JSON (`dialect::json_array`), where many are read at once: an array of the columns in this order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "prospects")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub campaign_id: Uuid,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub phone: String,
    pub company: String,
    pub title: String,
    pub metadata: String,
    pub status: String,
    pub disposition: Option<String>,
    pub attempts: i64,
    pub attempts_spent: i64,
    pub due_at: Option<i64>,
    pub last_call_id: Option<Uuid>,
    pub created_at: i64,
    pub updated_at: i64,
    pub priority: i64,
    pub due_before_skip: Option<i64>,
    pub cleared_by: Option<Uuid>,
    pub import_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
