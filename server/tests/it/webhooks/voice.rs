//! When Twilio asks what to say there is always something speakable, in XML, and in time.

use domain::call_flow::Words;
use domain::ids::{CallId, time_ordered_uuid};
use domain::recording_consent::{NOTICE, RecordingConsent};
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::carrier::twilio::Purpose;

use super::post::{Desk, Fields, signature};
use crate::recordings::ground::recorded;
use crate::support::world::{Database, on_both};

pub(super) const HANG_UP: &str = "<Response><Hangup/></Response>";

#[tokio::test]
async fn a_live_call_hears_its_script_with_its_own_name() {
    let desk = Desk::on(Database::Sqlite).await;
    let xml = ask(&desk, &desk.url(Purpose::Voice), &talking(&desk)).await;
    assert!(xml.contains("<Say") && xml.contains("Hello Person 0"), "{xml}");
    desk.app.abandon().await;
}

#[test]
fn a_recorded_call_begins_with_saying_so_in_the_campaigns_words_or_ours() {
    on_both(async |database| {
        for (consent, told) in [
            (RecordingConsent::default(), Some(NOTICE)),
            (RecordingConsent::Announce { words: Some("We tape this.".to_owned()) }, Some("We tape this.")),
            (RecordingConsent::OnlyWhereOnePartySuffices, None),
        ] {
            let draft = CampaignDraft { recording_consent: consent, ..recorded() };
            let desk = Desk::saying(database, Words::of_text("Hello there.".to_owned()), draft).await;
            let xml = ask(&desk, &desk.url(Purpose::Voice), &talking(&desk)).await;
            let said: Vec<&str> = xml.split("</Say>").filter_map(|say| say.rsplit('>').next()).collect();
            let expected: Vec<&str> = told.into_iter().chain(["Hello there.", ""]).collect();
            assert_eq!(said, expected, "{xml}");
            desk.app.abandon().await;
        }
    });
}

#[tokio::test]
async fn a_call_that_is_over_is_hung_up() {
    let desk = Desk::on(Database::Sqlite).await;
    assert_eq!(desk.post(&desk.url(Purpose::Status), &desk.form(&[])).await, 204);
    let xml = ask(&desk, &desk.url(Purpose::Voice), &talking(&desk)).await;
    assert!(xml.ends_with(HANG_UP), "{xml}");
    desk.app.abandon().await;
}

#[tokio::test]
async fn a_call_that_nobody_knows_is_hung_up() {
    let desk = Desk::on(Database::Sqlite).await;
    let nobody = CallId::from_uuid(time_ordered_uuid(1_800_000_000_000, [9; 10]));
    let xml = ask(&desk, &desk.url_of(Purpose::Voice, nobody), &talking(&desk)).await;
    assert!(xml.ends_with(HANG_UP), "{xml}");
    desk.app.abandon().await;
}

#[tokio::test]
async fn somebody_who_asked_not_to_be_called_is_hung_up_on() {
    let desk = Desk::on(Database::Sqlite).await;
    let to = desk.now().await.to;
    let actor = desk.app.actor.clone();
    desk.app.actions.add_do_not_call(actor, to, "manual", String::new()).await.expect("listed");
    let xml = ask(&desk, &desk.url(Purpose::Voice), &talking(&desk)).await;
    assert!(xml.ends_with(HANG_UP), "{xml}");
    desk.app.abandon().await;
}

#[test]
fn while_the_database_is_away_a_call_is_hung_up_and_not_left_in_silence() {
    on_both(async |database| {
        let desk = Desk::on(database).await;
        desk.app.actions.store.close().await.expect("closed");
        let xml = ask(&desk, &desk.url(Purpose::Voice), &talking(&desk)).await;
        assert!(xml.ends_with(HANG_UP), "{xml}");
        desk.app.abandon().await;
    });
}

pub(super) fn talking(desk: &Desk) -> Fields {
    let fields = desk.form(&[("CallStatus", "in-progress")]);
    fields.into_iter().filter(|(name, _)| !name.contains("Duration")).collect()
}

pub(super) async fn ask(desk: &Desk, url: &str, fields: &Fields) -> String {
    let answer = desk.send(url, fields, &signature(url, fields)).await;
    assert_eq!(answer.status().as_u16(), 200);
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    assert!(kind.starts_with("text/xml"), "{kind}");
    answer.text().await.expect("a document")
}
