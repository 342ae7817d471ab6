//! Recordings: every one that the carrier has ends in our store, verified, or says why not.

mod faults;
mod ground;
mod life;
