//! Sound files: where they are kept, and what is in them.
//!
//! A file is written once under a name that is never used again, is durable before anybody is told so, and is read back
//! before it counts as kept. Nothing here knows what a recording is.

mod place;
mod public_urls;
mod reencode;
mod sound;
mod store;

pub use place::{MediaPlace, S3Place};
pub use public_urls::{Opened, PublicUrls};
pub use reencode::{Reencoded, Unfit, reencode};
pub use sound::{PEAKS, Sound, SoundReader, Unreadable};
pub use store::{MediaError, MediaStore, ObjectName, Piece, Pieces, Stored, Writing};
