//! What people see.

mod feed;
