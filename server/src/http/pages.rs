//! What people see: pages made on the server, kept true while they are open, and usable without a script.

/// The card of one call.
pub mod call;
/// The latest calls of every campaign.
pub mod calls;
/// One campaign.
pub mod campaign;
/// All campaigns.
pub mod campaigns;
/// The stream of one open page.
pub mod changes;
/// Whom never to ring.
pub mod do_not_call;
/// Lists as files.
pub mod export;
/// What keeps open pages true.
pub mod feed;
/// Forms as browsers send them.
pub mod form;
/// What stands around every page.
pub mod frame;
/// Where somebody begins.
pub mod home;
/// A file of people that came in, or is coming in.
pub mod import;
/// What is happening now.
pub mod live;
/// A page as a handler makes it.
pub mod page;
/// What pages are made of.
pub mod parts;
/// What to call those who do something.
pub mod people;
/// The card of one person.
pub mod prospect;
/// A page instead of a problem.
pub mod refusal;
/// What works.
pub mod reports;
/// Files that come with a form.
pub mod sent_file;
/// How it is set up.
pub mod settings;
/// The door.
pub mod sign_in;
/// The first run.
pub mod welcome;
