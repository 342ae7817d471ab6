//! The same over HTTP: who may, in which form, and what is answered.
