//! What arrives from outside over real HTTP: forged, repeated, odd and true.

mod forged;
mod news;
pub mod post;
mod strangers;
mod turns;
pub mod voice;
