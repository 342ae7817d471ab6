//! What people see. Most of it is tried in a real browser: whatever such a test is about, the browser's console must stay
//! empty and no request may go to another host (`Browser::close` looks).

mod every_page;
mod experiment;
mod feed;
mod files;
mod first_run;
mod injection;
mod lists;
mod live;
mod message;
mod pictures;
mod roles;
mod sample;
pub mod visit;
mod without_scripts;
