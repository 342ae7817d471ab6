//! The line is read from its index, not from the people in it.

use super::*;
use crate::store::{Location, snapshot};

#[derive(sea_orm::FromQueryResult)]
struct Step {
    detail: String,
}

async fn plan_of(store: &Store, query: &str, values: Vec<sea_orm::Value>) -> Vec<String> {
    let explain = format!("EXPLAIN QUERY PLAN {query}");
    let rows: Vec<Step> = sql::all(store.reader(), &explain, values).await.expect("a plan");
    rows.into_iter().map(|step| step.detail).collect()
}

#[tokio::test]
async fn sqlite_reads_the_front_of_the_line_from_one_index_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&Location::Folder(folder.path().to_owned())).await.expect("open");
    let campaign = uuid::Uuid::nil();
    let place = |later| Place { later, turn: 4, due_at: 1, prospect: ProspectId::from_uuid(campaign) };
    for order in DialOrder::ALL {
        for (later, behind) in
            [(false, None), (true, None), (false, Some(place(false))), (true, Some(place(true)))]
        {
            let mut values: Vec<sea_orm::Value> = vec![campaign.into(), 1_i64.into(), 50_i64.into()];
            if behind.is_some() {
                values.extend([1_i64.into(), campaign.into()]);
            }
            let plan = plan_of(&store, &stretch(order, later, behind, "$3"), values).await;
            let reads: Vec<&String> = plan.iter().filter(|step| step.contains("prospects")).collect();
            assert!(!reads.is_empty());
            for read in reads {
                let by_index = "SEARCH prospects USING COVERING INDEX prospects_in_line \
                                (campaign_id=? AND status=? AND priority=? AND ";
                assert!(read.starts_with(by_index), "{order:?}, later {later}: {plan:#?}");
            }
        }
    }
    store.close().await.expect("close");
}

#[tokio::test]
async fn sqlite_counts_and_clears_without_reading_everybody() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&Location::Folder(folder.path().to_owned())).await.expect("open");
    let campaign: sea_orm::Value = uuid::Uuid::nil().into();
    let counting = "SELECT status, COUNT(*) AS count FROM prospects WHERE campaign_id = $1 \
                    AND status IN ('ready', 'waiting', 'in_call', 'held') GROUP BY status";
    let plan = plan_of(&store, counting, vec![campaign.clone()]).await;
    assert!(plan[0].contains("USING COVERING INDEX prospects_by_status (campaign_id=?"), "{plan:#?}");
    let clearing = "SELECT id FROM prospects WHERE campaign_id = $1 AND status IN ('ready', 'waiting') \
                    AND id > $2 ORDER BY id LIMIT $3";
    let plan = plan_of(&store, clearing, vec![campaign.clone(), campaign, 500_i64.into()]).await;
    assert!(plan[0].contains("USING INDEX prospects_of_campaign (campaign_id=? AND id>?)"), "{plan:#?}");
    assert_eq!(plan.len(), 1, "sorted by the index: {plan:#?}");
    let plan = plan_of(&store, snapshot::RESERVED_BY_CAMPAIGN, Vec::new()).await;
    assert_eq!(plan, ["SCAN calls USING COVERING INDEX calls_reserved_of_campaign"], "not every live call");
    store.close().await.expect("close");
}
