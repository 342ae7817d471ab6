//! A phone network in a box.
