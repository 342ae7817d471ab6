//! A clock that cannot be trusted arms nothing, at once.

use std::time::Duration;

use domain::ids::CallId;
use prospectai::actions::nodes::{ConfirmRefused, NotArmed};
use prospectai::clock::ClockHold;

use crate::support::bare::{Bare, active_campaign, console};

#[tokio::test]
async fn on_postgres_a_clock_that_differs_from_the_databases_arms_nothing_until_it_is_set() {
    let database = Bare::on_postgres().await;
    database.set_time(database.database_time().await);
    let actions = database.server_with_watched_clock().await;
    let actor = console(&actions).await;
    for hours in [1, -1] {
        let wrong = database.database_time().await + jiff::SignedDuration::from_hours(hours);
        database.set_time(wrong);
        let refused = actions.arm(Vec::<CallId>::new()).await.expect("asked").refused;
        assert!(matches!(refused, Some(NotArmed::Clock(ClockHold::Skewed(_)))), "{refused:?}");
        actions.renew_lease().await.expect("renew");
        let shown = actions.store.nodes().await.expect("read").remove(0);
        assert_eq!(shown.hold.expect("shown").0, "clock_skewed");
        assert_eq!((shown.skew_ms as f64 / 3_600_000.0).round() as i64, hours);
        let confirmed = actions.confirm_clock(actor.clone()).await;
        assert!(
            matches!(confirmed, Err(ConfirmRefused::Skewed(_))),
            "the database's clock is the one that counts"
        );

        database.set_time(database.database_time().await);
        let renewed = actions.renew_lease().await.expect("renew");
        assert_eq!(renewed.hold, None);
        assert_eq!(actions.store.nodes().await.expect("read").remove(0).hold, None);
    }
}

#[tokio::test]
async fn on_sqlite_a_clock_set_back_arms_nothing_until_an_administrator_confirms_it() {
    let database = Bare::on_sqlite().await;
    let actions = database.server_with_watched_clock().await;
    let actor = console(&actions).await;
    let campaign = active_campaign(&actions, 2, 100, 0).await;
    let placed = actions.place_next(actor.clone(), campaign, 2).await.expect("place").placed;
    let (first, second) = (placed[0].id, placed[1].id);
    assert_eq!(actions.arm(vec![first]).await.expect("asked").to_send.len(), 1);

    let back = actions.clock.now().checked_sub(Duration::from_secs(3_600)).expect("a time");
    database.set_time(back);
    let refused = actions.arm(vec![second]).await.expect("asked");
    assert_eq!(refused.to_send.len(), 0);
    assert!(matches!(refused.refused, Some(NotArmed::Clock(ClockHold::Behind(_)))), "{refused:?}");
    let renewed = actions.renew_lease().await.expect("renew");
    assert!(renewed.hold_changed, "it is shown, although arming found it first");
    let shown = actions.store.nodes().await.expect("read").remove(0);
    assert_eq!(shown.hold.expect("shown").0, "clock_behind");

    actions.confirm_clock(actor.clone()).await.expect("confirmed");
    assert_eq!(actions.arm(vec![second]).await.expect("asked").to_send.len(), 1);
    let subject = actor.workspace.to_string();
    let audit = actions.store.audit_of(actor.workspace, &subject, 10).await.expect("read");
    assert!(audit.iter().any(|entry| entry.action == "dialing.confirm_clock"), "{audit:?}");
}

#[tokio::test]
async fn on_sqlite_a_clock_that_was_set_back_while_the_server_was_down_is_found_at_the_start() {
    let database = Bare::on_sqlite().await;
    let before = database.server_with_watched_clock().await;
    before.leave().await.expect("leave");
    let back = before.clock.now().checked_sub(Duration::from_secs(120)).expect("a time");
    database.set_time(back);
    let after = database.server_with_watched_clock().await;
    assert_eq!(after.node.clock_hold(), Some(ClockHold::Behind(120_000)));
    // It is the earlier run's time that counts, at the next start too.
    after.renew_lease().await.expect("renew");
    let again = database.server_with_watched_clock().await;
    assert_eq!(again.node.clock_hold(), Some(ClockHold::Behind(120_000)));
}
