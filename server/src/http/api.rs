//! The HTTP API: one file per noun. Which address leads where stands in `router`.

/// One's own account: the password, and where one is signed in.
pub mod account;
/// Calls: place one, list, read, end.
pub mod calls;
/// Campaigns: make, read, change, remove, launch, pause, resume.
pub mod campaigns;
/// The switch for everything.
pub mod dialing;
/// The do-not-call list.
pub mod do_not_call;
/// Changes as they happen.
pub mod events;
/// Imports: send a file of prospects, follow it, fetch what was refused.
pub mod imports;
/// What must not happen and did.
pub mod incidents;
/// The servers that share the database.
pub mod nodes;
/// Bodies that may be sent again, and `Idempotency-Key`.
pub mod once;
/// Users and API keys.
pub mod people;
/// Prospects: add one or many, list, read, change, remove.
pub mod prospects;
/// The quarantine after a restore, and its end.
pub mod quarantine;
/// Recordings: what became of them, their sound, their end.
pub mod recordings;
/// What the refusals of actions become.
pub mod refusals;
/// The texts that people hear.
pub mod scripts;
/// Signing in and out with a browser.
pub mod session;
/// Sounds that are played to people.
pub mod sounds;
/// Whether the telephone works.
pub mod telephone;
/// What was said in calls.
pub mod transcripts;
/// The voices that read scripts aloud.
pub mod voices;
/// Small words that several nouns share: times, fields that may be null.
pub mod words;
/// The limits of a workspace.
pub mod workspace;
