//! Somebody says who picked up a call, and everything that follows from it follows.

use std::collections::BTreeMap;

use domain::carrier_event::AnsweredBy;
use domain::ids::CampaignId;
use domain::prospect::ProspectStatus;
use reqwest::StatusCode;
use serde_json::{Value, json};
use simulator::{AnswerModel, Outcome};

use crate::support::campaigns::number;
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

const PERSON: Outcome = Outcome::Human { talk_seconds: 5 };

#[test]
fn a_machine_that_was_a_person_is_not_rung_again_and_a_person_who_was_a_machine_is() {
    on_both(async |database| {
        let answers =
            AnswerModel::always(PERSON).scripted(&number(0), Outcome::Voicemail).scripted(&number(1), PERSON);
        // Minutes until a retry leave the time to say something before it.
        let app = TestApp::on(database).speed(30.0).answers(answers).start().await;
        let campaign = app.campaign_of(2).await;
        app.launch(campaign).await;
        let taken_for_a_machine = app
            .until_call(campaign, "a machine is waited out", |call| {
                !call.call.is_live() && call.call.facts.answered_by().is_some_and(AnsweredBy::is_machine)
            })
            .await;
        let waits = app.prospects(campaign).await.remove(0);
        assert_eq!(waits.status, ProspectStatus::Waiting, "the policy rings again after a machine");
        let said = say(&app, &taken_for_a_machine.id.to_string(), "human").await;
        assert_eq!(
            (&said["answeredBy"], &said["answeredByCarrier"], &said["disposition"]),
            (&json!("human"), &json!("machine_start"), &json!("human_answered"))
        );
        assert!(said["answeredByCorrectedAt"].is_string(), "{said}");
        app.until_completed(campaign).await;
        assert_eq!(statuses(&app, campaign).await, [ProspectStatus::Done; 2]);
        assert_eq!(counted(&app, campaign).await, (2, 0));

        let taken_for_a_person = app.calls(campaign).await;
        let of_the_second = taken_for_a_person.iter().find(|call| call.to.as_str() == number(1));
        let of_the_second = of_the_second.expect("rung").id.to_string();
        say(&app, &of_the_second, "machine_start").await;
        assert_eq!(statuses(&app, campaign).await[1], ProspectStatus::Waiting);
        assert_eq!(counted(&app, campaign).await, (1, 1));
        say(&app, &of_the_second, "unknown").await;
        assert_eq!(counted(&app, campaign).await, (1, 0), "the last word counts");
        say(&app, &of_the_second, "machine_start").await;
        assert!(app.recount().await.is_equal(), "{:?}", app.recount().await.shown);

        let card = read(&app, &format!("/calls/{of_the_second}")).await;
        assert!(card.contains("somebody of the team says; the carrier says: Person"), "{card}");
        assert!(card.contains("Corrected who picked up: a machine"), "{card}");
        let machines = read(&app, &format!("/api/calls?campaignId={campaign}&answeredBy=machine")).await;
        assert!(machines.contains(&of_the_second) && machines.contains("\"total\":1"), "{machines}");

        app.launch(campaign).await;
        app.until_completed(campaign).await;
        let mut rings = BTreeMap::new();
        for ring in app.rings().into_values().flatten() {
            *rings.entry(ring.to).or_insert(0) += 1;
        }
        assert_eq!(rings, BTreeMap::from([(number(0), 1), (number(1), 2)]));
        let trail = app.actions.store.audit_of(app.actor.workspace, &of_the_second, 10).await.expect("read");
        let noted = trail.iter().filter(|entry| entry.action == "call.correct_answered_by").count();
        assert_eq!(noted, 3);
        app.stop().await;
    });
}

async fn statuses(app: &TestApp, campaign: CampaignId) -> Vec<ProspectStatus> {
    app.prospects(campaign).await.iter().map(|prospect| prospect.status).collect()
}

/// People and machines, by the statistics.
async fn counted(app: &TestApp, campaign: CampaignId) -> (i64, i64) {
    let tally = app.actions.store.tally(campaign).await.expect("read");
    (tally.answered_by_human, tally.answered_by_machine)
}

async fn say(app: &TestApp, call: &str, by: &str) -> Value {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let said = client
        .post(app.url(&format!("/api/calls/{call}/answered-by")))
        .bearer_auth(app.key().await)
        .json(&json!({ "answeredBy": by, "reason": "I listened to it." }))
        .send()
        .await
        .expect("an answer");
    assert_eq!(said.status(), StatusCode::OK);
    said.json().await.expect("JSON")
}

async fn read(app: &TestApp, path: &str) -> String {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = client.get(app.url(path)).bearer_auth(app.key().await).send().await.expect("an answer");
    answer.text().await.expect("text")
}
