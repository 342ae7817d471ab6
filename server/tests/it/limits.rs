//! Limits hold whoever launches, and however many at once.

use std::collections::{BTreeSet, HashSet};

use domain::budget::Commitment;
use domain::call::Placement;
use domain::gate::HoldReason;
use domain::money::Usd;
use domain::refusal::RefusalMeaning;
use jiff::tz::TimeZone;
use prospectai::actions::calls::{Outcome, PlaceRefused};
use prospectai::store::StoreError;
use prospectai::store::budgets::{BudgetChanges, BudgetScope};
use prospectai::store::prospects::ProspectFilter;

use crate::support::bare::{Bare, active_campaign, console, dial_once};

const LAUNCHERS: usize = 8;

async fn eight_launchers_never_exceed_one_limit(database: Bare) {
    for limit in [1, 7, 40] {
        let first = database.server().await;
        let campaign = active_campaign(&first, 120, limit, 0).await;
        let mut launchers = Vec::new();
        for nth in 0..LAUNCHERS {
            let actions = database.server().await;
            launchers.push(tokio::spawn(async move {
                let actor = console(&actions).await;
                let mut armed = Vec::new();
                for _ in 0..8 {
                    // Half of them dial as the engine does, half place by hand and then arm.
                    if nth % 2 == 0 {
                        armed.extend(dial_once(&actions, campaign, 5).await);
                    } else {
                        let placed = actions.place_next(actor.clone(), campaign, 5).await.expect("place");
                        let ids = placed.placed.iter().map(|call| call.id).collect();
                        let sent = actions.arm(ids).await.expect("arm").to_send;
                        armed.extend(sent.into_iter().map(|armed| armed.call.id));
                    }
                }
                (actions, armed)
            }));
        }
        let (mut servers, mut armed) = (Vec::new(), Vec::new());
        for launcher in launchers {
            let (server, its_calls) = launcher.await.expect("a launcher");
            armed.extend(its_calls.iter().copied());
            servers.push((server, its_calls));
        }
        let different: HashSet<_> = armed.iter().collect();
        assert_eq!(different.len(), armed.len(), "one call was armed twice");
        assert_eq!(armed.len() as i64, limit, "of a limit of {limit}");
        let record = first.store.any_campaign(campaign).await.expect("read").expect("there");
        let today = record.rules.zone.local_date(first.clock.now());
        assert_eq!(i64::from(first.store.used_on(campaign, today).await.expect("read")), limit);
        let calls = first.store.calls_of(campaign).await.expect("read");
        let in_the_air = calls.iter().filter(|call| call.call.placement == Placement::Armed).count();
        assert_eq!(in_the_air as i64, limit);
        assert_eq!(first.store.recount().await.expect("recount").shown, Vec::<String>::new());
        // The numbers are wanted again for the next limit.
        for (server, call) in
            servers.iter().flat_map(|(server, its)| its.iter().map(move |call| (server, *call)))
        {
            let refused = Outcome::Refused {
                meaning: RefusalMeaning::InvalidNumber,
                code: None,
                message: String::new(),
            };
            server.record_outcome(call, 0, refused).await.expect("record");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_launchers_never_exceed_one_limit_on_sqlite() {
    eight_launchers_never_exceed_one_limit(Bare::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_launchers_never_exceed_one_limit_on_postgres() {
    eight_launchers_never_exceed_one_limit(Bare::on_postgres().await).await;
}

async fn a_slot_goes_back_once_and_a_new_day_has_its_own(database: Bare) {
    let actions = database.server().await;
    let campaign = active_campaign(&actions, 10, 3, 0).await;
    let used = async || {
        let record = actions.store.any_campaign(campaign).await.expect("read").expect("there");
        let today = record.rules.zone.local_date(actions.clock.now());
        actions.store.used_on(campaign, today).await.expect("read")
    };
    let armed = dial_once(&actions, campaign, 10).await;
    assert_eq!((armed.len(), used().await), (3, 3));
    assert!(dial_once(&actions, campaign, 10).await.is_empty(), "the day is full");

    let refused = || Outcome::Refused {
        meaning: RefusalMeaning::InvalidNumber,
        code: Some(21_211),
        message: "no".into(),
    };
    actions.record_outcome(armed[0], 0, refused()).await.expect("record");
    actions.record_outcome(armed[0], 0, refused()).await.expect("record again");
    assert_eq!(used().await, 2, "given back once");
    actions.record_outcome(armed[1], 0, Outcome::Unknown).await.expect("record");
    assert_eq!(used().await, 2, "what is not known keeps its slot");
    assert_eq!(dial_once(&actions, campaign, 10).await.len(), 1);

    // Midnight in New York, not in London.
    database.set_time("2027-06-16T03:59:00Z".parse().expect("a time"));
    assert!(dial_once(&actions, campaign, 10).await.is_empty());
    database.set_time("2027-06-16T04:00:00Z".parse().expect("a time"));
    assert_eq!(dial_once(&actions, campaign, 10).await.len(), 3);
    assert_eq!(actions.store.recount().await.expect("recount").shown, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_goes_back_once_and_a_new_day_has_its_own_on_sqlite() {
    a_slot_goes_back_once_and_a_new_day_has_its_own(Bare::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_goes_back_once_and_a_new_day_has_its_own_on_postgres() {
    a_slot_goes_back_once_and_a_new_day_has_its_own(Bare::on_postgres().await).await;
}

async fn wishes_that_arrive_together_each_get_their_own_answer(database: Bare) {
    let actions = database.server().await;
    let actor = console(&actions).await;
    // The same twenty numbers in two campaigns.
    let campaigns =
        [active_campaign(&actions, 20, 100, 0).await, active_campaign(&actions, 20, 100, 0).await];
    let mut wishes = tokio::task::JoinSet::new();
    for campaign in campaigns {
        let everybody = ProspectFilter::default();
        let people = actions.store.prospects(campaign, &everybody, None, 0, 100).await.expect("people");
        for prospect in people.iter().chain(&people) {
            let (actions, actor, prospect) = (actions.clone(), actor.clone(), prospect.id);
            wishes.spawn(async move { actions.place_one(actor, campaign, prospect, None, None).await });
        }
    }
    let (mut numbers, mut refused) = (HashSet::new(), 0);
    while let Some(answer) = wishes.join_next().await {
        match answer.expect("an answer") {
            Ok(call) => assert!(numbers.insert(call.to), "a number was reserved twice"),
            Err(PlaceRefused::NotNow {
                reason: HoldReason::InCall | HoldReason::NumberInCall, call, ..
            }) => {
                assert!(call.is_some(), "the call that stands in the way is named");
                refused += 1;
            }
            Err(other) => panic!("refused for another reason: {other}"),
        }
    }
    assert_eq!((numbers.len(), refused), (20, 60));
    assert_eq!(actions.store.recount().await.expect("recount").shown, Vec::<String>::new());
    let tallies = [
        actions.store.tally(campaigns[0]).await.expect("read").total,
        actions.store.tally(campaigns[1]).await.expect("read").total,
    ];
    assert_eq!(tallies.iter().sum::<i64>(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn wishes_that_arrive_together_each_get_their_own_answer_on_sqlite() {
    wishes_that_arrive_together_each_get_their_own_answer(Bare::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wishes_that_arrive_together_each_get_their_own_answer_on_postgres() {
    wishes_that_arrive_together_each_get_their_own_answer(Bare::on_postgres().await).await;
}

async fn budgets_are_taken_and_given_back_at_the_same_time(database: Bare) {
    const EACH: usize = 40;
    let actions = database.server().await;
    let campaigns = [active_campaign(&actions, 1, 1, 0).await, active_campaign(&actions, 1, 1, 0).await];
    let workspace = console(&actions).await.workspace;
    let now = actions.clock.now();
    let today = now.to_zoned(TimeZone::UTC).date();
    let of_workspace = BudgetScope::workspace_on(workspace, now);
    let mut scopes = BTreeSet::from([of_workspace]);
    for campaign in campaigns {
        scopes.extend([BudgetScope::Campaign(campaign), BudgetScope::CampaignDay(campaign, today)]);
    }
    let a_cent_more = |scopes: &BTreeSet<BudgetScope>| {
        let cent = Commitment { held: Usd::from_micros(10_000), spent: Usd::default() };
        let mut changes = BudgetChanges::default();
        scopes.iter().for_each(|scope| changes.take(*scope, cent));
        changes
    };

    let (store, first) = (&actions.store, scopes.clone());
    let made: Result<_, StoreError> =
        store.transaction(|tx| async move { tx.lock_budgets(&first).await }).await;
    assert_eq!(made.expect("the first arming makes them").len(), scopes.len());

    // As arming does it, and as the end of a call does it.
    let mut armings = tokio::task::JoinSet::new();
    let mut endings = tokio::task::JoinSet::new();
    for _ in 0..EACH {
        let (store, wanted, more) = (actions.store.clone(), scopes.clone(), a_cent_more(&scopes));
        armings.spawn(async move {
            let looked_and_took = store.transaction(|tx| async move {
                let committed = tx.lock_budgets(&wanted).await?;
                tx.change_budgets(more).await?;
                Ok::<_, StoreError>(committed)
            });
            looked_and_took.await
        });
        let (store, more) = (actions.store.clone(), a_cent_more(&scopes));
        endings
            .spawn(async move { store.transaction(|tx| async move { tx.change_budgets(more).await }).await });
    }
    let mut seen = HashSet::new();
    for committed in armings.join_all().await {
        let committed = committed.expect("no ending stands in the way of an arming");
        assert_eq!(committed.len(), scopes.len());
        assert!(seen.insert(committed[&of_workspace].held), "two armings saw the same cent");
    }
    for ended in endings.join_all().await {
        ended.expect("no arming stands in the way of an ending");
    }
    for scope in scopes {
        let committed = actions.store.committed(scope).await.expect("read");
        assert_eq!(committed.held, Usd::from_micros(10_000 * 2 * EACH as i64));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_are_taken_and_given_back_at_the_same_time_on_sqlite() {
    budgets_are_taken_and_given_back_at_the_same_time(Bare::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_are_taken_and_given_back_at_the_same_time_on_postgres() {
    budgets_are_taken_and_given_back_at_the_same_time(Bare::on_postgres().await).await;
}
