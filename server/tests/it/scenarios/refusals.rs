//! What the carrier refuses, and whom that costs what.

use domain::call_flow::{Means, Menu, MenuKey, Words};
use domain::campaign::CampaignStatus;
use domain::disclosure::{CallPurpose, Disclosure};
use domain::prospect::ProspectStatus;
use domain::refusal::RefusalMeaning;
use prospectai::actions::campaigns::CampaignDraft;
use simulator::{AnswerModel, CreateFaults, Faults, Outcome};

use super::outsiders;
use crate::support::campaigns::draft;
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

#[test]
fn too_many_calls_at_one_time_cost_nobody_an_attempt() {
    on_both(async |database| {
        // Somebody else's call takes the only line of the account, until it is hung up.
        let answers = AnswerModel::always(Outcome::Human { talk_seconds: 20 })
            .scripted(outsiders::SOMEBODY, Outcome::Human { talk_seconds: 1_000_000 });
        let app = TestApp::on(database).answers(answers).concurrency_limit(1).start().await;
        let other = outsiders::rings_somebody(&app).await;
        let campaign = app.campaign_of(6).await;
        app.launch(campaign).await;
        let refused = Some(RefusalMeaning::Concurrency);
        app.until_call(campaign, "the limit is met", |call| call.call.refusal == refused).await;
        outsiders::hangs_up(&app, &other).await;
        app.until_completed(campaign).await;
        for person in app.prospects(campaign).await {
            assert_eq!((person.status, person.attempts_spent), (ProspectStatus::Done, 1));
        }
        app.until_quiet().await;
        let rest = app.abandon().await;
        assert!(rest.store.recount().await.expect("recount").is_equal());
        assert_eq!(rest.rings().len(), 7, "six of ours, and the other one");
    });
}

#[test]
fn a_carrier_that_asks_to_slow_down_costs_nobody_an_attempt() {
    on_both(async |database| {
        let create = CreateFaults { too_many_requests: 0.5, ..CreateFaults::default() };
        let app = TestApp::on(database).faults(Faults { create, ..Faults::none() }).start().await;
        let campaign = app.campaign_of(6).await;
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        for person in app.prospects(campaign).await {
            assert_eq!((person.status, person.attempts_spent), (ProspectStatus::Done, 1));
        }
        assert_eq!(app.stop().await.ledger.len(), 6);
    });
}

#[test]
fn a_refused_sign_in_pauses_every_campaign_and_burns_no_prospect() {
    on_both(async |database| {
        let app = TestApp::on(database).wrong_token().start().await;
        let (first, second) = (app.campaign_of(4).await, app.campaign_of(4).await);
        app.launch(first).await;
        app.launch(second).await;
        for campaign in [first, second] {
            app.until("the campaign is paused", async || {
                app.campaign_now(campaign).await.status == CampaignStatus::Paused
            })
            .await;
            let reason = app.campaign_now(campaign).await.pause_reason.unwrap_or_default();
            assert!(!reason.is_empty(), "a person is told why");
        }
        // A call may have been chosen just before the pause; it is given up when its turn comes.
        app.until("everybody is back in line, without an attempt spent", async || {
            let people = [app.prospects(first).await, app.prospects(second).await].concat();
            people.iter().all(|person| (person.status, person.attempts_spent) == (ProspectStatus::Ready, 0))
        })
        .await;
        app.until_quiet().await;
        assert!(app.stop().await.ledger.is_empty());
    });
}

#[test]
fn a_sales_script_that_loses_its_key_after_the_launch_pauses_the_campaign_and_rings_nobody() {
    on_both(async |database| {
        let app = TestApp::on(database).start().await;
        let says = |means: Means| {
            let keys = vec![MenuKey { key: '9', means, offer: None, reply: None }];
            Words { text: "This is Acme. We sell.".to_owned(), menu: Menu { keys }, ..Words::default() }
        };
        let script = app.actions.create_script(app.actor.clone(), "Sales".to_owned(), says(Means::OptOut));
        let script = script.await.expect("a script").id;
        let disclosure =
            Disclosure { purpose: Some(CallPurpose::Marketing), caller_name: Some("Acme".to_owned()) };
        let draft = CampaignDraft { script: Some(script), disclosure, ..draft() };
        let campaign = app.campaign(3, draft).await;
        app.actions.switch_dialing(app.actor.clone(), true).await.expect("stopped");
        app.launch(campaign).await;
        let without = Some(says(Means::Confirm));
        app.actions.change_script(app.actor.clone(), script, None, without).await.expect("changed");
        app.actions.switch_dialing(app.actor.clone(), false).await.expect("resumed");
        app.until("the campaign is paused", async || {
            app.campaign_now(campaign).await.status == CampaignStatus::Paused
        })
        .await;
        let reason = app.campaign_now(campaign).await.pause_reason.unwrap_or_default();
        assert!(reason.contains("64.1200"), "{reason}");
        app.until("everybody is back in line, without an attempt spent", async || {
            let people = app.prospects(campaign).await;
            people.iter().all(|person| (person.status, person.attempts_spent) == (ProspectStatus::Ready, 0))
        })
        .await;
        app.until_quiet().await;
        assert!(app.stop().await.ledger.is_empty());
    });
}
