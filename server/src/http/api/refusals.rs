//! What the refusals of actions become.

use crate::http::problem::Problem;
use crate::store::StoreError;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the database refused");
        Self::internal()
    }
}
