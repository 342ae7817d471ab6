//! The end of the demo: what became of everybody, and whether ledger, database and statistics tell the same.

use std::collections::{BTreeMap, BTreeSet};

use domain::call::Placement;
use domain::ids::CampaignId;
use domain::money::Usd;

use crate::actions::example::{MOST_PEOPLE, OPT_OUT_KEY};
use crate::app::App;
use crate::store::StoreError;

/// Prints the summary; whether everything agrees.
pub(super) async fn print(app: &App, campaign: CampaignId) -> anyhow::Result<bool> {
    let store = &app.actions.store;
    let tally = store.tally(campaign).await?;
    println!();
    println!("What became of the people:");
    let mut unfinished = 0;
    for (status, count) in store.prospects_by_status(campaign).await? {
        println!("  {:<12} {count:>6}", status.as_str());
        unfinished += if status.is_final() { 0 } else { count };
    }
    println!("What became of {} calls:", tally.total);
    for (name, count) in [
        ("completed", tally.completed),
        ("busy", tally.busy),
        ("no answer", tally.no_answer),
        ("failed", tally.failed),
        ("canceled", tally.canceled),
        ("unknown", tally.unknown),
    ] {
        println!("  {name:<12} {count:>6}");
    }
    let percent = |rate: Option<f64>| rate.map_or("none".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
    println!(
        "Picked up by people {}, by machines {}; {:.0} s on average; ${} so far.",
        percent(tally.human_rate()),
        percent(tally.machine_rate()),
        tally.average_duration_seconds().unwrap_or_default(),
        Usd::from_micros(tally.total_cost_micros)
    );
    println!("What people did:");
    for (name, count) in [
        ("said yes", tally.confirmed),
        ("talked to a person", tally.transferred),
        ("got no person", tally.abandoned),
        ("left a message", tally.left_message),
        ("opted out", tally.opted_out),
    ] {
        println!("  {name:<18} {count:>6}");
    }
    println!();

    let placed = placed_calls(app, campaign).await?;
    let rings = rings_by_call(app);
    let twice = rings.values().filter(|count| **count > 1).count();
    let same = placed == rings.keys().cloned().collect::<BTreeSet<_>>();
    let recount = store.recount().await?;
    let (asked_to_stop, listed) = opt_outs(app).await?;
    let checks = [
        (format!("every person has one final answer ({unfinished} have none)"), unfinished == 0),
        (
            format!("calls rung in the ledger = calls in the database ({} = {})", rings.len(), placed.len()),
            same,
        ),
        (format!("no attempt rang twice ({twice} did)"), twice == 0),
        (
            format!(
                "who pressed {OPT_OUT_KEY} in the ledger = who is on the do-not-call list ({} = {})",
                asked_to_stop.len(),
                listed.len()
            ),
            asked_to_stop == listed,
        ),
        (
            format!(
                "statistics = recount from {} events ({} differences)",
                recount.events, recount.differences
            ),
            recount.is_equal(),
        ),
    ];
    for (what, holds) in &checks {
        println!("  {} {what}", if *holds { "yes" } else { "NO " });
    }
    for difference in &recount.shown {
        println!("      {difference}");
    }
    println!();
    Ok(checks.iter().all(|(_, holds)| *holds))
}

/// The calls that the carrier made, by our own identifiers.
async fn placed_calls(app: &App, campaign: CampaignId) -> Result<BTreeSet<String>, StoreError> {
    let calls = app.actions.store.calls_of(campaign).await?;
    Ok(calls
        .into_iter()
        .filter(|call| call.call.placement == Placement::Placed)
        .map(|call| call.id.to_string())
        .collect())
}

/// The numbers of those who asked to be left alone, by the network's own ledger, and those on the list.
async fn opt_outs(app: &App) -> Result<(BTreeSet<String>, BTreeSet<String>), StoreError> {
    let rings = app.network.as_ref().map(|network| network.ledger()).unwrap_or_default();
    let asked = rings.into_iter().filter(|ring| ring.pressed.contains(OPT_OUT_KEY)).map(|ring| ring.to);
    let (workspace, _) = app.actions.first_workspace().await?;
    let listed = app.actions.store.do_not_call_list(workspace, None, None, u64::from(MOST_PEOPLE)).await?;
    Ok((asked.collect(), listed.into_iter().map(|entry| entry.phone.to_string()).collect()))
}

/// How often each of our calls rang, by the network's own ledger: its callback URL carries our identifier.
fn rings_by_call(app: &App) -> BTreeMap<String, usize> {
    let mut rings = BTreeMap::new();
    for ring in app.network.as_ref().map(|network| network.ledger()).unwrap_or_default() {
        let id = ring.tag.as_deref().and_then(call_in).unwrap_or_else(|| ring.call_sid.clone());
        *rings.entry(id).or_insert(0) += 1;
    }
    rings
}

fn call_in(tag: &str) -> Option<String> {
    let (_, query) = tag.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "call").map(|(_, id)| id.into_owned())
}
