//! The rules of ProspectAI.
