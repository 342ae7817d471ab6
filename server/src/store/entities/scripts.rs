//! Texts that people hear.

#![expect(missing_docs, reason = "the columns are explained in the migration that makes them")]

use sea_orm::entity::prelude::*;
use serde::Deserialize;

// As JSON (`dialect::json_array`), where many are read at once: an array of the columns in this order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "scripts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub name: String,
    pub body: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub version: i64,
    pub words: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
