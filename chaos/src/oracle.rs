//! Who judges: the phone network's ledger, the webhooks that were acknowledged, and the API held against both. Nothing
//! here looks into the server's tables.

pub mod calls;
pub mod ledger;
pub mod pace;

use std::time::Duration;

use crate::report::Findings;
use crate::world::World;

/// The whole judgement at the end of a fault: waits until every call is over on both sides, then holds everything
/// against everything and recounts. The servers are dead afterwards.
pub async fn judge(world: &mut World, findings: &mut Findings, patience: Duration) -> anyhow::Result<()> {
    calls::agree_within(world, findings, patience).await?;
    ledger::judge(world, findings).await?;
    if let Some(difference) = world.recount().await? {
        findings.breach(difference);
    }
    if let Some(postgres) = &world.postgres {
        // Each stops everybody behind it for a second, and what it ended is done again later, if at all.
        let deadlocks = postgres.deadlocks().await?;
        findings
            .expect(deadlocks == 0, || format!("{deadlocks} times two transactions waited for each other"));
    }
    Ok(())
}
