//! What arrives from outside over real HTTP: forged, repeated, odd and true.

mod forged;
mod news;
mod post;
mod strangers;
mod voice;
