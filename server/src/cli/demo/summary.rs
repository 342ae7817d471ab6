//! The end of the demo: what became of everybody, and whether ledger, database and statistics tell the same.

use std::collections::BTreeSet;

use domain::call::Placement;
use domain::ids::CampaignId;
use domain::money::Usd;
use domain::statistics::Tally;
use simulator::Ring;

use super::heard::{self, Check};
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
    let heard = heard::progress(app).await?;
    println!(
        "Of {} recordings {} are stored and {} written down and summed up so far.",
        heard.made, heard.stored, heard.written
    );
    println!();

    let recount = store.recount().await?;
    let mut checks =
        vec![(format!("every person has one final answer ({unfinished} have none)"), unfinished == 0)];
    checks.extend(calls(app, campaign, &tally).await?);
    checks.extend(heard::recordings(app).await?);
    checks.push((
        format!("statistics = recount from {} events ({} differences)", recount.events, recount.differences),
        recount.is_equal(),
    ));
    for (what, holds) in &checks {
        println!("  {} {what}", if *holds { "yes" } else { "NO " });
    }
    for difference in &recount.shown {
        println!("      {difference}");
    }
    println!();
    Ok(checks.iter().all(|(_, holds)| *holds))
}

/// Whether ledger, database and statistics tell the same of the calls.
async fn calls(app: &App, campaign: CampaignId, tally: &Tally) -> Result<Vec<Check>, StoreError> {
    let calls = app.actions.store.calls_of(campaign).await?;
    let placed = calls.iter().filter(|call| call.call.placement == Placement::Placed);
    let placed: BTreeSet<String> = placed.map(|call| call.id.to_string()).collect();
    let rings = rings_of_calls(app);
    let rung: BTreeSet<String> = rings.iter().map(|(call, _)| call.clone()).collect();
    let twice = rings.len() - rung.len();
    let (asked_to_stop, listed) = opt_outs(app).await?;
    let mut checks = vec![
        (
            format!("calls rung in the ledger = calls in the database ({} = {})", rung.len(), placed.len()),
            rung == placed,
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
    ];
    checks.extend(heard::deeds(&rings, &calls, tally));
    Ok(checks)
}

/// The numbers of those who asked to be left alone, by the network's own ledger, and those on the list.
async fn opt_outs(app: &App) -> Result<(BTreeSet<String>, BTreeSet<String>), StoreError> {
    let rings = app.network.as_ref().map(|network| network.ledger()).unwrap_or_default();
    let asked = rings.into_iter().filter(|ring| ring.pressed.contains(OPT_OUT_KEY)).map(|ring| ring.to);
    let (workspace, _) = app.actions.first_workspace().await?;
    let listed = app.actions.store.do_not_call_list(workspace, None, None, u64::from(MOST_PEOPLE)).await?;
    Ok((asked.collect(), listed.into_iter().map(|entry| entry.phone.to_string()).collect()))
}

/// Every ring with the call of ours that it belongs to: the network's ledger has our callback URL, which carries its identifier.
fn rings_of_calls(app: &App) -> Vec<(String, Ring)> {
    let rings = app.network.as_ref().map(|network| network.ledger()).unwrap_or_default();
    let of_call =
        |ring: Ring| (ring.tag.as_deref().and_then(call_in).unwrap_or_else(|| ring.call_sid.clone()), ring);
    rings.into_iter().map(of_call).collect()
}

fn call_in(tag: &str) -> Option<String> {
    let (_, query) = tag.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "call").map(|(_, id)| id.into_owned())
}
