//! What holds between servers that act at the same instant, and after proof that comes late.

use domain::call::Placement;
use domain::carrier_event::CarrierStatus;
use domain::facts::{Evidence, Source};
use domain::ids::{CallId, CampaignId};
use domain::prospect::ProspectStatus;
use jiff::SignedDuration;
use prospectai::actions::Actions;
use prospectai::actions::calls::Outcome;
use prospectai::actions::campaigns::CampaignRefused;
use prospectai::actions::carrier_events::{News, Taken};
use prospectai::http::api::campaigns::fields::draft_of;
use prospectai::store::budgets::BudgetScope;
use prospectai::store::prospects::ProspectFilter;

use crate::support::bare::{Bare, active_campaign, console, dial_once, person};

async fn both() -> [Bare; 2] {
    [Bare::on_sqlite().await, Bare::on_postgres().await]
}

async fn with_budget(actions: &Actions, campaign: CampaignId, budget: &str) {
    let budget = budget.parse().expect("an amount");
    let change = move |record: &prospectai::store::campaigns::CampaignRecord| {
        let mut draft = draft_of(record);
        draft.rules.budgets.total = Some(budget);
        Ok::<_, CampaignRefused>(draft)
    };
    actions.change_campaign(console(actions).await, campaign, change).await.expect("changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_servers_that_race_for_the_last_cent_never_hold_more_than_the_budget() {
    for database in both().await {
        let first = database.server().await;
        let campaign = active_campaign(&first, 60, 1_000, 0).await;
        // Ten minutes and detection cost 0.1475 at worst: seven calls fit, and half a cent is left over.
        with_budget(&first, campaign, "1.0375").await;
        let mut servers = Vec::new();
        for _ in 0..5 {
            let actions = database.server().await;
            servers.push(tokio::spawn(async move {
                let mut armed = 0;
                for _ in 0..6 {
                    armed += dial_once(&actions, campaign, 4).await.len();
                }
                armed
            }));
        }
        let mut armed = 0;
        for server in servers {
            armed += server.await.expect("a server");
        }
        assert_eq!(armed, 7);
        let committed = first.store.committed(BudgetScope::Campaign(campaign)).await.expect("read");
        assert_eq!(committed.held.to_string(), "1.0325");
        assert_eq!(first.store.recount().await.expect("recount").shown, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opt_out_comes_before_the_arm_or_ends_the_call_that_was_armed() {
    for database in both().await {
        let (dialing, listing) = (database.server().await, database.server().await);
        let campaign = active_campaign(&dialing, 30, 1_000, 0).await;
        let actor = console(&dialing).await;
        for nth in 0..30 {
            let placed = dialing.place_next(actor.clone(), campaign, 1).await.expect("placed").placed;
            let (call, number) = (placed[0].id, placed[0].to.clone());
            let arm = {
                let dialing = dialing.clone();
                async move { dialing.arm(vec![call]).await }
            };
            let list = listing.add_do_not_call(actor.clone(), number, "api", String::new());
            // Each of the two goes first now and then.
            let (armed, listed) = if nth % 2 == 0 {
                tokio::join!(arm, list)
            } else {
                let (listed, armed) = tokio::join!(list, arm);
                (armed, listed)
            };
            assert!(listed.expect("listed"));
            let was_armed = !armed.expect("armed").to_send.is_empty();
            let call = dialing.store.any_call(call).await.expect("read").expect("there");
            assert_eq!(was_armed, call.call.placement == Placement::Armed);
            assert_eq!(was_armed, call.end_requested_at.is_some(), "what was armed before is ended");
            assert!(dialing.arm(vec![call.id]).await.expect("asked").to_send.is_empty(), "never after");
        }
        assert_eq!(dialing.store.recount().await.expect("recount").shown, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn proof_that_comes_while_the_next_attempt_is_on_is_kept() {
    for database in both().await {
        let actions = database.server().await;
        let campaign = active_campaign(&actions, 1, 100, 0).await;
        let lost = dial_once(&actions, campaign, 1).await[0];
        actions.record_outcome(lost, 0, Outcome::Unknown).await.expect("recorded");
        presume_not_placed(&database, &actions, lost).await;
        let prospect = || async {
            actions
                .store
                .prospects(campaign, &ProspectFilter::default(), None, 0, 1)
                .await
                .expect("read")
                .remove(0)
        };
        assert_eq!(prospect().await.status, ProspectStatus::Waiting);

        // A look an hour ago says nothing of now: the list is read once more before the number is rung again.
        database.set_time(actions.clock.now() + SignedDuration::from_hours(4));
        assert!(dial_once(&actions, campaign, 1).await.is_empty());
        let asked = actions.store.any_call(lost).await.expect("read").expect("there");
        assert_eq!(asked.next_poll_at, Some(actions.clock.now()));
        actions.found_no_trace(lost).await.expect("noted");
        let waiting =
            actions.store.calls_to_send(actions.clock.now() + SignedDuration::from_secs(61), 5).await;
        let armed = actions.arm(waiting.expect("read")).await.expect("armed").to_send;
        assert_eq!(armed.len(), 1, "nothing was found: the next attempt goes");

        assert_eq!(actions.take_in(ringing(lost)).await.expect("taken in"), Taken::New(lost));
        let proven = actions.store.any_call(lost).await.expect("read").expect("there");
        assert!(proven.late && proven.call.is_live() && proven.call.placement == Placement::Placed);
        assert_eq!(
            prospect().await.last_call,
            Some(armed[0].call.id),
            "where they stand is the next attempt's"
        );
        assert_eq!(actions.store.recount().await.expect("recount").shown, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_that_come_early_or_from_two_servers_at_once_do_not_presume_anything() {
    for database in both().await {
        let (one, other) = (database.server().await, database.server().await);
        let campaign = active_campaign(&one, 1, 100, 0).await;
        let lost = dial_once(&one, campaign, 1).await[0];
        one.record_outcome(lost, 0, Outcome::Unknown).await.expect("recorded");
        let placement =
            || async { one.store.any_call(lost).await.expect("read").expect("there").call.placement };
        for _ in 0..5 {
            one.found_no_trace(lost).await.expect("noted");
        }
        assert_eq!(placement().await, Placement::Unknown, "too early to prove anything");
        for minutes in [1, 4] {
            database.set_time(one.clock.now() + SignedDuration::from_mins(minutes));
            let (first, second) = tokio::join!(one.found_no_trace(lost), other.found_no_trace(lost));
            first.and(second).expect("noted");
        }
        assert_eq!(placement().await, Placement::Unknown, "four looks at two instants are two looks");
        for _ in 0..5 {
            one.asked_about(lost).await.expect("noted");
        }
        assert!(one.store.any_call(lost).await.expect("read").expect("there").next_poll_at.is_some());
        database.set_time(one.clock.now() + SignedDuration::from_mins(10));
        one.found_no_trace(lost).await.expect("noted");
        assert_eq!(placement().await, Placement::PresumedNotPlaced);
    }
}

async fn presume_not_placed(database: &Bare, actions: &Actions, call: CallId) {
    for minutes in [1, 4, 10] {
        database.set_time(actions.clock.now() + SignedDuration::from_mins(minutes));
        actions.found_no_trace(call).await.expect("noted");
    }
}

fn ringing(call: CallId) -> News {
    News {
        call: Some(call),
        carrier_sid: Some(format!("CA{:032x}", 1)),
        to: Some(person(0).phone),
        kind: "status",
        evidence: Some(Evidence { status: Some(CarrierStatus::Ringing), ..Evidence::from(Source::Callback) }),
        recording: None,
        content_key: [1; 32],
        payload: String::new(),
    }
}
