//! Who may see and do what: every route that the router has, asked by everybody; and what people may do to people.

mod ground;
mod headers;
mod matrix;
mod pages;
mod users;
