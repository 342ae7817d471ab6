//! One entity per table.

pub mod api_keys;
pub mod audit_log;
pub mod budgets;
pub mod calls;
pub mod campaign_counters;
pub mod campaign_days;
pub mod campaign_totals;
pub mod campaigns;
pub mod carrier_events;
pub mod do_not_call;
pub mod idempotency_keys;
pub mod import_rejects;
pub mod imports;
pub mod nodes;
pub mod pace;
pub mod prospects;
pub mod script_versions;
pub mod scripts;
pub mod sessions;
pub mod settings;
pub mod users;
pub mod workspaces;
