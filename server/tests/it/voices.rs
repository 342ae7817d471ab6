//! Texts are spoken before anybody is rung, each sentence once, and nobody hears silence; voices are listed, heard and paid for in
//! the open.

mod api;
mod calls;
pub mod ground;
mod rows;
