//! Nothing is recorded without the consent that the law of a number's place asks for, and each call says why it is or is not.

use domain::recording_consent::RecordingConsent;
use prospectai::actions::campaigns::CampaignDraft;
use serde_json::Value;

use super::ground::recorded;
use crate::support::campaigns::person;
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

/// The nth people, why their calls are recorded or not, and whether.
const PLACES: [(usize, &str, bool); 4] = [
    (0, "Recorded: in New York one party", true),
    (100, "Not recorded: in Illinois everybody", false),
    (200, "Not recorded: in California everybody", false),
    (400, "Recorded: in the District of Columbia one party", true),
];

#[test]
fn a_campaign_that_tells_nobody_records_only_where_one_party_may() {
    on_both(async |database| {
        let app = TestApp::on(database).speed(120.0).start().await;
        let silent = RecordingConsent::OnlyWhereOnePartySuffices;
        let campaign = app.campaign(0, CampaignDraft { recording_consent: silent, ..recorded() }).await;
        let people = PLACES.iter().map(|(nth, ..)| person(*nth)).collect();
        app.actions.add_prospects(app.actor.clone(), campaign, people).await.expect("people");
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        app.until_quiet().await;

        let recorded: Vec<String> = app.phones.recorded().into_iter().map(|it| it.call_sid).collect();
        for (nth, why, records) in PLACES {
            let to = person(nth).phone;
            let call = app.calls(campaign).await.into_iter().find(|call| call.to == to).expect("rung");
            let sid = call.carrier_sid.clone().expect("placed");
            assert_eq!(recorded.contains(&sid), records, "{to}");
            let ruling = call.recording_ruling.expect("decided");
            assert!(ruling.explain().starts_with(why), "{}", ruling.explain());
            let card = read(&app, &format!("/calls/{}", call.id)).await;
            assert!(records || card.contains(why), "{card}");
            let shown: Value =
                serde_json::from_str(&read(&app, &format!("/api/calls/{}", call.id)).await).expect("JSON");
            assert_eq!(shown["recordingConsent"], if records { "one_party" } else { "all_parties" });
        }
        app.stop().await;
    });
}

async fn read(app: &TestApp, path: &str) -> String {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = client.get(app.url(path)).bearer_auth(app.key().await).send().await.expect("an answer");
    answer.text().await.expect("text")
}
